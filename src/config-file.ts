import { type Static, Type } from 'typebox'
import { Settings } from 'typebox/system'
import { Pointer, Value } from 'typebox/value'
import { ApiKeySettings } from './features/api-keys/settings.ts'
import { type AccessRules, compileAccessRules, RuleFaults } from './features/forward-auth/access-rules.ts'
import { brokenExpectations } from './features/forward-auth/expectations.ts'
import { doubtsAbout } from './features/forward-auth/idle-rules.ts'
import { checkProxySettings, ProxySettings } from './features/forward-auth/proxy-settings.ts'
import { AccountSettings, checkAccountSettings } from './features/accounts/settings.ts'
import { AuditSettings } from './features/audit/settings.ts'
import { Hosts } from './features/forward-auth/settings.ts'
import { checkKeySettings, KeySettings } from './features/keys/settings.ts'
import { checkMetricsSettings, MetricsSettings } from './features/operations/settings.ts'
import { SessionSettings } from './features/sessions/settings.ts'
import { SignInSettings } from './features/sign-in/settings.ts'
import { TokenSettings } from './features/tokens/settings.ts'
import { checkCorsSettings, CorsSettings, LimitSettings } from './http/settings.ts'
import { type Findings, type Keys, section, strict } from './settings.ts'
import { readYaml } from './yaml-text.ts'

/** gatehouse.yaml, with its defaults. */
export const ConfigFile = Type.Object(
  {
    accounts: AccountSettings,
    hosts: Type.Unsafe<Hosts>({ ...Hosts, default: {} }),
    proxies: ProxySettings,
    tokens: TokenSettings,
    keys: KeySettings,
    sessions: SessionSettings,
    sign_in: SignInSettings,
    api_keys: ApiKeySettings,
    cors: CorsSettings,
    limits: LimitSettings,
    metrics: MetricsSettings,
    audit: AuditSettings,
    mail: section({ from: Type.Optional(Type.String({ minLength: 3 })) }),
  },
  strict,
)
export type ConfigFile = Static<typeof ConfigFile>

/** What a schema cannot express. Asked only about a file that fits its schema. */
function check(file: ConfigFile, findings: Findings): void {
  checkAccountSettings(file.accounts, findings)
  checkProxySettings(file.proxies, findings)
  checkMetricsSettings(file.metrics, findings)
  checkCorsSettings(file.cors, findings)
  checkKeySettings(file.keys, findings)
}

/** What stands in a file: its text, or the code of the error that reading it met. */
export type FileContent = { readonly text: string } | { readonly unreadable: string }

export type ReadConfigFile =
  | { kind: 'read'; file: ConfigFile; accessRules: AccessRules; warnings: readonly string[] }
  /** Each fault, as each warning, is written `file:line:column: key: reason`. */
  | { kind: 'faulty'; faults: readonly string[] }

// Every fault is told at once; of its own accord the validator stops at eight.
Settings.Set({ maxErrors: 10_000 })

/** Reads the text of a gatehouse.yaml: all of it, or everything that is wrong with it. `path` is how messages call the file. */
export function parseConfigFile(text: string, path: string): ReadConfigFile {
  const yaml = readYaml(text)
  if ('faults' in yaml) {
    const faults = yaml.faults.map(({ place: { line, column }, reason }) => `${path}:${line}:${column}: ${reason}`)
    return { kind: 'faulty', faults }
  }
  const { placeOf } = yaml
  const [faults, warnings]: [string[], string[]] = [[], []]
  const into = (list: string[]) => (keys: Keys, reason: string) => {
    const { line, column } = placeOf(keys)
    list.push(`${path}:${line}:${column}: ${keys.join('.') || 'the file'}: ${reason}`)
  }
  const findings: Findings = { fault: into(faults), warning: into(warnings) }
  const content = Value.Default(ConfigFile, yaml.content)
  for (const error of Value.Errors(ConfigFile, content)) {
    const reason = reasonOf(error)
    if (reason) findings.fault(error.instancePath.split('/').slice(1), reason)
  }
  if (faults.length > 0) return { kind: 'faulty', faults }
  const file = content as ConfigFile
  check(file, findings)
  const accessRules = compile(file.hosts, placeOf, findings)
  if (accessRules === undefined || faults.length > 0) return { kind: 'faulty', faults }
  for (const { keys, reason } of brokenExpectations(file.hosts, accessRules)) findings.fault(keys, reason)
  if (faults.length > 0) return { kind: 'faulty', faults }
  for (const { keys, reason } of doubtsAbout(accessRules)) findings.warning(keys, reason)
  return { kind: 'read', file, accessRules, warnings }
}

function compile(hosts: Hosts, placeOf: (keys: Keys) => { line: number }, findings: Findings) {
  try {
    return compileAccessRules(hosts, (host, position) => placeOf(['hosts', host, 'rules', position]).line)
  } catch (error) {
    if (!(error instanceof RuleFaults)) throw error
    for (const { keys, reason } of error.faults) findings.fault(keys, reason)
  }
}

/** One sentence an error; none for those that only repeat another one. */
function reasonOf(error: { keyword: string; schemaPath: string; message: string }): string | undefined {
  // A union also reports each of its branches, an unknown key its parent too.
  if (/\/anyOf\/\d/.test(error.schemaPath) || error.keyword === 'additionalProperties') return undefined
  if (error.keyword === 'boolean') return 'there is no such setting'
  if (error.keyword !== 'anyOf') return error.message
  const union = Pointer.Get(ConfigFile, error.schemaPath.slice(1)) as { description?: string } | undefined
  return `expected ${union?.description ?? 'another form'}`
}
