import { type Static, Type } from './json-schema.ts'
import { ApiKeySettings } from './features/api-keys/settings.ts'
import { type AccessRules, checkHosts, compileHosts } from './features/forward-auth/host-settings.ts'
import { checkProxySettings, ProxySettings } from './features/forward-auth/proxy-settings.ts'
import { AccountSettings, checkAccountSettings } from './features/accounts/settings.ts'
import { checkPasswordSettings, PasswordSettings } from './features/accounts/password-settings.ts'
import { AuditSettings } from './features/audit-log/settings.ts'
import { Hosts } from './features/forward-auth/settings.ts'
import { checkClientSettings, ClientSettings } from './features/clients/settings.ts'
import { checkOutgoingSettings, OutgoingSettings } from './features/clients/outgoing-settings.ts'
import { checkDirectoriesSettings, DirectoriesSettings } from './features/directories/settings.ts'
import { checkKeySettings, KeySettings } from './features/signing-keys/settings.ts'
import { checkMetricsSettings, MetricsSettings, ShutdownSettings } from './features/health/settings.ts'
import {
  checkClientCertificates,
  ClientCertificateSettings,
  DpopSettings,
} from './features/sender-constraints/settings.ts'
import { checkSessionSettings, SessionSettings } from './features/sessions/settings.ts'
import { SignInSettings } from './features/sign-in/settings.ts'
import { checkProviderSettings } from './features/upstream/check-settings.ts'
import { ProviderSettings } from './features/upstream/provider-settings.ts'
import { checkTokenSettings, TokenSettings } from './features/tokens/settings.ts'
import {
  BrandingSettings,
  checkBrandingSettings,
  checkCorsSettings,
  CorsSettings,
  LimitSettings,
  PageSettings,
} from './http/settings.ts'
import { readRpId } from './cookie-domain.ts'
import { faultOfKey } from './i18n/replaced-texts.ts'
import { checkRoleSettings, RoleSettings } from './features/roles/settings.ts'
import { faultsOf, withDefaults } from './schema-faults.ts'
import { type Findings, type Keys, section, setting, strict } from './settings.ts'
import { readYaml } from './yaml-text.ts'

/** An address, or a name with an address in angle brackets. */
const Mailbox = Type.String({
  pattern: '^([^<>@\\s]+@[^<>@\\s]+|[^<>\\r\\n]*<[^<>@\\s]+@[^<>@\\s]+>)$',
  title: 'an address such as Gatehouse <no-reply@example.com>',
})

/** gatehouse.yaml, with its defaults. */
export const ConfigFile = Type.Object(
  {
    accounts: AccountSettings,
    hosts: Type.Unsafe<Hosts>({ ...Hosts, default: {} }),
    roles: RoleSettings,
    proxies: ProxySettings,
    tokens: TokenSettings,
    dpop: DpopSettings,
    client_certificates: ClientCertificateSettings,
    keys: KeySettings,
    sessions: SessionSettings,
    sign_in: section({ ...SignInSettings.properties, providers: ProviderSettings }),
    directories: DirectoriesSettings,
    passwords: PasswordSettings,
    api_keys: ApiKeySettings,
    clients: ClientSettings,
    outgoing: OutgoingSettings,
    cors: CorsSettings,
    limits: LimitSettings,
    pages: PageSettings,
    branding: BrandingSettings,
    metrics: MetricsSettings,
    audit: AuditSettings,
    shutdown: ShutdownSettings,
    mail: section({
      from: Type.Optional(
        setting('From whom mails come. Left out, it is `no-reply` at the host of the issuer.', Mailbox),
      ),
      templates: Type.Optional(
        setting(
          'A folder of texts of your own in place of mails, see [mail](accounts.md#texts-of-your-own). A path is read from the folder of this file.',
          Type.String({ minLength: 1, title: 'a folder such as ./mails' }),
        ),
      ),
      require_tls: setting(
        'Whether mails and the login go to another machine over TLS alone.',
        Type.Boolean({ default: true }),
      ),
    }),
  },
  { ...strict, title: 'a table of settings such as hosts and proxies' },
)
export type ConfigFile = Static<typeof ConfigFile>

/** What a schema cannot express, by section. Asked only about a section that fits its schema. */
const checks: { [Section in keyof ConfigFile]?: (settings: ConfigFile[Section], findings: Findings) => void } = {
  accounts: checkAccountSettings,
  passwords: checkPasswordSettings,
  branding: checkBranding,
  roles: checkRoleSettings,
  proxies: checkProxySettings,
  metrics: checkMetricsSettings,
  cors: checkCorsSettings,
  keys: checkKeySettings,
  tokens: checkTokenSettings,
  sessions: checkSessionSettings,
  directories: checkDirectoriesSettings,
  clients: checkClientSettings,
  outgoing: checkOutgoingSettings,
  sign_in: checkSignIn,
}

function checkSignIn({ providers, passwords }: ConfigFile['sign_in'], findings: Findings): void {
  checkProviderSettings(providers, findings)
  if (passwords || providers.length > 0) return
  findings.fault(
    ['sign_in', 'passwords'],
    'expected true: there is no provider in sign_in.providers, and so no other way in',
  )
}

function checkBranding(settings: BrandingSettings, findings: Findings): void {
  checkBrandingSettings(settings, findings)
  for (const [language, texts] of Object.entries(settings.texts)) {
    for (const key of Object.keys(texts)) {
      const fault = faultOfKey(key)
      if (fault !== undefined) findings.fault(['branding', 'texts', language, key], fault)
    }
  }
}

function checkRpId({ passkeys }: SignInSettings, issuer: string, findings: Findings): void {
  const read = readRpId(passkeys.rp_id, issuer)
  if ('expected' in read) findings.fault(['sign_in', 'passkeys', 'rp_id'], `expected ${read.expected}`)
}

/** What stands in a file: its text, or the code of the error that reading it met. */
export type FileContent = { readonly text: string } | { readonly unreadable: string }

export type ReadConfigFile =
  | { kind: 'read'; file: ConfigFile; accessRules: AccessRules; warnings: readonly string[] }
  /** Each fault, as each warning, is written `file:line:column: key: reason`. */
  | { kind: 'faulty'; faults: readonly string[] }

/**
 * Reads the text of a gatehouse.yaml: all of it, or everything that is wrong with it. `path` is how messages call the file,
 * `issuer` the URL of the service, and `cookieDomain` the domain whose hosts share its session cookie, where they are known.
 */
export function parseConfigFile(text: string, path: string, issuer?: string, cookieDomain?: string): ReadConfigFile {
  const yaml = readYaml(text)
  if ('faults' in yaml) {
    const faults = yaml.faults.map(({ place: { line, column }, reason }) => `${path}:${line}:${column}: ${reason}`)
    return { kind: 'faulty', faults }
  }
  const { placeOf } = yaml
  const [faults, warnings]: [Located[], Located[]] = [[], []]
  const into = (list: Located[]) => (keys: Keys, reason: string) => {
    list.push({ ...placeOf(keys), message: `${spell(keys)}: ${reason}` })
  }
  const findings: Findings = { fault: into(faults), warning: into(warnings) }
  const faulty = () => ({ kind: 'faulty' as const, faults: inOrder(path, faults) })

  const content = withDefaults(ConfigFile, withoutExtensions(yaml.content))
  const misfits = faultsOf(ConfigFile, content)
  for (const { keys, reason } of misfits) findings.fault(keys, reason)
  const fits = (section: string) => misfits.every(({ keys: [first] }) => first !== undefined && first !== section)
  const file = content as ConfigFile
  for (const [section, check] of Object.entries(checks)) {
    if (fits(section))
      (check as (settings: unknown, findings: Findings) => void)(file[section as keyof ConfigFile], findings)
  }
  const lineOf = (host: string, position: number) => placeOf(['hosts', host, 'rules', position]).line
  const accessRules = fits('hosts') ? compileHosts(file.hosts, lineOf, findings) : undefined
  if (accessRules === undefined || !fits('roles')) return faulty()
  const otherDomains = fits('sessions') ? file.sessions.other_domains : []
  checkHosts(file.hosts, accessRules, { roles: file.roles, issuer, cookieDomain, otherDomains }, findings)
  if (issuer !== undefined && fits('sign_in')) checkRpId(file.sign_in, issuer, findings)
  if (fits('client_certificates') && fits('proxies')) {
    checkClientCertificates(file.client_certificates, { edges: file.proxies.edges.length, issuer }, findings)
  }
  if (faults.length > 0) return faulty()
  return { kind: 'read', file, accessRules, warnings: inOrder(path, warnings) }
}

interface Located {
  line: number
  column: number
  message: string
}

/** As they stand in the file. */
function inOrder(path: string, found: readonly Located[]): string[] {
  return found
    .toSorted((a, b) => a.line - b.line || a.column - b.column)
    .map(({ line, column, message }) => `${path}:${line}:${column}: ${message}`)
}

/** Keys that begin with `x-` hold whatever the operator likes, such as YAML anchors. */
function withoutExtensions(content: unknown): unknown {
  if (typeof content !== 'object' || content === null || Array.isArray(content)) return content
  return Object.fromEntries(Object.entries(content).filter(([key]) => !key.startsWith('x-')))
}

/** Keys as messages spell them: places in a list count from 1, as everywhere else where people read of rules. */
function spell(keys: Keys): string {
  const words = keys.map((key) => {
    if (typeof key === 'number') return key + 1
    return /\p{C}/u.test(key) ? JSON.stringify(key) : key
  })
  return words.join('.') || 'the file'
}
