import { type Static, Type } from 'typebox'
import { Pointer, Value } from 'typebox/value'
import { type Document, isMap, isSeq, LineCounter, type Node, parseDocument, visit } from 'yaml'
import { parseNetworks } from './core/network.ts'
import { compileAccessRules, RuleFault } from './features/forward-auth/access-rules.ts'
import { type AccessRule, Hosts } from './features/forward-auth/settings.ts'

const strict = { additionalProperties: false } as const
const seconds = (fallback: number, minimum = 1) => Type.Integer({ minimum, default: fallback })

/** Proxies that must show a secret besides their address. */
const Edge = Type.Object(
  {
    networks: Type.Array(Type.String(), { minItems: 1 }),
    secret_sha256: Type.Array(Type.String({ pattern: '^[0-9a-f]{64}$' }), { minItems: 1 }),
  },
  strict,
)

/** gatehouse.yaml, with its defaults. */
export const ConfigFile = Type.Object(
  {
    hosts: Type.Unsafe<Hosts>({ ...Hosts, default: {} }),
    proxies: Type.Object(
      {
        trusted: Type.Array(Type.String(), { default: ['127.0.0.1/32', '::1/128'] }),
        edges: Type.Array(Edge, { default: [] }),
        /** Whether `Authorization: Basic` with a client's id and secret counts at forward-auth. */
        basic: Type.Boolean({ default: false }),
        decide_within_milliseconds: Type.Integer({ minimum: 10, maximum: 30_000, default: 150 }),
      },
      { ...strict, default: {} },
    ),
    tokens: Type.Object(
      {
        access_ttl_seconds: seconds(300),
        refresh_idle_ttl_seconds: seconds(30 * 86_400),
        refresh_absolute_ttl_seconds: seconds(90 * 86_400),
        refresh_grace_seconds: Type.Integer({ minimum: 0, maximum: 60, default: 10 }),
      },
      { ...strict, default: {} },
    ),
    keys: Type.Object(
      {
        access_tokens: Type.Enum(['ES256', 'RS256', 'EdDSA'], { default: 'ES256' }),
        assertions: Type.Enum(['ES256', 'RS256', 'EdDSA'], { default: 'ES256' }),
        rotation_days: Type.Integer({ minimum: 1, maximum: 3_650, default: 30 }),
      },
      { ...strict, default: {} },
    ),
    sessions: Type.Object(
      { idle_ttl_seconds: seconds(30 * 86_400), absolute_ttl_seconds: seconds(90 * 86_400) },
      { ...strict, default: {} },
    ),
    cors: Type.Object({ origins: Type.Array(Type.String(), { default: [] }) }, { ...strict, default: {} }),
    limits: Type.Object(
      {
        requests_per_minute: Type.Integer({ minimum: 1, default: 600 }),
        secret_tests_per_minute: Type.Integer({ minimum: 1, default: 20 }),
        failures_per_account: Type.Integer({ minimum: 1, default: 10 }),
        failure_window_seconds: seconds(900),
      },
      { ...strict, default: {} },
    ),
    metrics: Type.Object(
      { networks: Type.Array(Type.String(), { default: ['127.0.0.1/32', '::1/128'] }) },
      { ...strict, default: {} },
    ),
    audit: Type.Object(
      { retention_days: Type.Integer({ minimum: 1, maximum: 36_500, default: 365 }) },
      { ...strict, default: {} },
    ),
    mail: Type.Object({ from: Type.Optional(Type.String({ minLength: 3 })) }, { ...strict, default: {} }),
  },
  strict,
)
export type ConfigFile = Static<typeof ConfigFile>

const ruleLines = new WeakMap<AccessRule, number>()

/** The line of gatehouse.yaml on which a rule begins; none for a rule that was not read from a file. */
export function lineOfRule(rule: AccessRule): number | undefined {
  return ruleLines.get(rule)
}

/** Reads the text of a gatehouse.yaml; adds `file:line:column: key: reason` to `faults` for everything wrong with it. */
export function parseConfigFile(text: string, path: string, faults: string[]): ConfigFile | undefined {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true })
  const say = (offset: number, message: string) => {
    const { line, col } = lines.linePos(offset)
    faults.push(`${path}:${line}:${col}: ${message}`)
  }
  for (const error of document.errors) say(error.pos[0], error.message)
  if (document.errors.length > 0) return undefined

  let content: unknown
  try {
    content = Value.Default(ConfigFile, document.toJS({ maxAliasCount: 100 }) ?? {})
  } catch {
    // The parser's message would repeat the alias.
    say(firstAlias(document), 'an alias has no anchor before it, or aliases multiply')
    return undefined
  }
  for (const error of Value.Errors(ConfigFile, content)) {
    const keys = error.instancePath.split('/').slice(1)
    const reason = reasonOf(error)
    if (reason) say(offsetOf(document.contents, keys), `${keys.join('.') || 'the file'}: ${reason}`)
  }
  if (faults.length > 0) return undefined
  const file = content as ConfigFile
  const checkNetworks = (entries: readonly string[], ...keys: string[]) => {
    try {
      parseNetworks(entries)
    } catch (error) {
      say(offsetOf(document.contents, keys), `${keys.join('.')}: ${(error as Error).message}`)
    }
  }
  checkNetworks(file.proxies.trusted, 'proxies', 'trusted')
  checkNetworks(file.metrics.networks, 'metrics', 'networks')
  for (const [index, { networks }] of file.proxies.edges.entries()) {
    checkNetworks(networks, 'proxies', 'edges', String(index), 'networks')
  }
  try {
    compileAccessRules(file.hosts)
  } catch (error) {
    if (!(error instanceof RuleFault)) throw error
    say(offsetOf(document.contents, error.keys), error.message)
  }
  for (const origin of file.cors.origins) {
    if (URL.canParse(origin) && new URL(origin).origin === origin) continue
    say(
      offsetOf(document.contents, ['cors', 'origins']),
      'cors.origins: expected origins such as https://app.example.com',
    )
  }
  for (const [host, { rules }] of Object.entries(file.hosts)) {
    for (const [position, rule] of rules.entries()) {
      const offset = offsetOf(document.contents, ['hosts', host, 'rules', String(position)])
      ruleLines.set(rule, lines.linePos(offset).line)
    }
  }
  return faults.length > 0 ? undefined : file
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

function firstAlias(document: Document): number {
  let offset = 0
  visit(document, {
    Alias(_key, alias) {
      offset = alias.range?.[0] ?? 0
      return visit.BREAK
    },
  })
  return offset
}

/** Where in the file a key stands; the nearest enclosing one when it is absent. */
function offsetOf(node: unknown, keys: readonly string[]): number {
  let at = node
  let offset = 0
  for (const key of keys) {
    if (isMap(at)) {
      const pair = at.items.find((item) => String(item.key) === key)
      if (!pair) break
      offset = (pair.key as Node).range?.[0] ?? offset
      at = pair.value
    } else if (isSeq(at)) {
      at = at.items[Number(key)]
      offset = (at as Node | undefined)?.range?.[0] ?? offset
    } else break
  }
  return offset
}
