import { isClaimedHeader } from './claimed-headers.ts'
import type { HeaderChoice, HeaderTable } from './settings.ts'

/** What an identity header can carry. */
export type IdentityField = Exclude<keyof HeaderTable, 'preset' | 'user'>

/** Header names and what they carry, in the order in which they are always sent. */
export type HeaderPreset = readonly (readonly [name: string, field: IdentityField])[]

/** Says which lists of rights are not whole. Every host that is told of some gets it, under this name or one of its own. */
const marker = ['X-Auth-Shortened', 'shortened'] as const

const presets = {
  gatehouse: [
    ['X-Auth-Subject', 'subject'],
    ['X-Auth-Kind', 'kind'],
    ['X-Auth-Email', 'email'],
    ['X-Auth-Name', 'name'],
    ['X-Auth-Roles', 'roles'],
    ['X-Auth-Scopes', 'scopes'],
    ['X-Auth-Client', 'client'],
    ['X-Auth-Session', 'session'],
    ['X-Auth-Level', 'level'],
    ['X-Auth-Assertion', 'assertion'],
    marker,
  ],
  /** As Authelia and many self-hosted applications expect them. */
  remote: [
    ['Remote-User', 'subject'],
    ['Remote-Groups', 'groups'],
    ['Remote-Name', 'name'],
    ['Remote-Email', 'email'],
    marker,
  ],
  'oauth2-proxy': [
    ['X-Auth-Request-User', 'subject'],
    ['X-Auth-Request-Email', 'email'],
    ['X-Auth-Request-Groups', 'groups'],
    ['X-Auth-Request-Preferred-Username', 'subject'],
    marker,
  ],
} as const satisfies Record<string, HeaderPreset>

/** The headers of a preset that applications take for a user name. */
const userNames: ReadonlySet<string> = new Set([
  'Remote-User',
  'X-Auth-Request-User',
  'X-Auth-Request-Preferred-Username',
])

/** What can be shortened. */
const tellsOfRights: ReadonlySet<IdentityField> = new Set(['roles', 'groups', 'scopes', 'assertion'])

/** The names of the default preset. */
export const identityHeaderNames: readonly string[] = presets.gatehouse.map(([name]) => name)

/**
 * Names of no preset by which applications or other proxies of this kind tell who it is. A host may name them for itself; where
 * it does not, an application that was set up for one of them must not read the client's own.
 */
const othersNames = [
  ...['X-Remote-User', 'X-Remote-Name', 'X-Remote-Email', 'X-Remote-Groups', 'X-Auth-User'],
  ...[
    'X-WebAuth-User',
    'X-WebAuth-Email',
    'X-WebAuth-Name',
    'X-WebAuth-FullName',
    'X-WebAuth-Groups',
    'X-WebAuth-Role',
  ],
  ...['X-Forwarded-User', 'X-Forwarded-Email', 'X-Forwarded-Groups', 'X-Forwarded-Preferred-Username'],
  ...['X-authentik-username', 'X-authentik-email', 'X-authentik-name', 'X-authentik-groups'],
]

/** Names that applications take for an identity, whichever of them a host is told by: those of every preset, and others. */
export const knownIdentityNames: readonly string[] = [
  ...Object.values(presets).flatMap((preset) => preset.map(([name]) => name)),
  ...othersNames,
]

/** Headers that decide how a message is read or who it comes from; an identity under such a name would break it. */
const reserved =
  /^(authorization|connection|content-.*|cookie|host|keep-alive|location|proxy-.*|set-cookie|te|trailer|transfer-encoding|upgrade|x-api-key|x-forwarded-.*|x-gatehouse-.*|x-original-.*|x-request-id|www-authenticate)$/i

/**
 * The headers that a host's configuration asks for. Throws when a custom name is reserved or used twice, and when a
 * preset is asked for what it does not have.
 */
export function headerPreset(choice: HeaderChoice = 'gatehouse'): HeaderPreset {
  if (typeof choice === 'string') return presets[choice]
  const { preset, user, ...names } = choice
  if (preset === undefined) {
    if (user !== undefined) throw new Error('user: it belongs to a preset: { preset: remote, user: email }')
    return customPreset(names)
  }
  if (Object.keys(names).length > 0) {
    throw new Error('preset: a preset has names of its own, so give either the preset or names of headers')
  }
  if (user === undefined) return presets[preset]
  if (preset === 'gatehouse') {
    throw new Error('user: X-Auth-Subject and X-Auth-Email are both there, so let the application read one of them')
  }
  return presets[preset].map(([name, field]) => [name, userNames.has(name) ? user : field])
}

function customPreset(names: Partial<Record<IdentityField, string>>): HeaderPreset {
  const named = Object.entries(names).map(([field, name]) => [name, field as IdentityField] as const)
  const isMarked = names.shortened !== undefined || !named.some(([, field]) => tellsOfRights.has(field))
  const chosen = isMarked ? named : [...named, marker]
  const bad = chosen.find(([name]) => reserved.test(name) || isClaimedHeader(name))
  if (bad) throw new Error(`${bad[1]}: the header has a meaning of its own and cannot carry identity`)
  if (new Set(chosen.map(([name]) => name.toLowerCase())).size < chosen.length) {
    throw new Error('a header name is used twice')
  }
  return chosen
}
