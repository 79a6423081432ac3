import { type AuthenticationLevel, firstPartyClientId, type Principal } from '../../core/principal.ts'
import type { Rule } from './access-rules.ts'
import { ownerAtOf } from './decide.ts'
import type { ImaginedCaller } from './explain-decision.ts'
import type { Conditions } from './settings.ts'

/** What a caller holds of what two rules ask for, by the names that the rules use. */
export interface Held {
  readonly kind: 'nobody' | 'person' | 'program'
  readonly roles: readonly string[]
  readonly groups: readonly string[]
  readonly permissions: readonly string[]
  readonly scopes: readonly string[]
  readonly clients: readonly string[]
  readonly level: AuthenticationLevel
  /** The parts of the path, by place, in which the caller's own id stands. */
  readonly owns: readonly number[]
}

export const nobody: Held = {
  kind: 'nobody',
  roles: [],
  groups: [],
  permissions: [],
  scopes: [],
  clients: [],
  level: 'aal1',
  owns: [],
}

/** Permissions by the roles that give them. */
export type RolePermissions = Readonly<Record<string, readonly string[]>>

/**
 * Every kind of caller that two rules tell apart, whoever holds less before whoever holds more: one caller of each kind is
 * enough to say for whom the one rule decides otherwise than the other. `roles`: as the file of the one and of the other
 * defines them.
 */
export function distinctCallers(
  rules: readonly [Rule | undefined, Rule | undefined],
  roles: readonly [RolePermissions, RolePermissions],
): Held[] {
  const conditions = rules.map((rule): Conditions => (typeof rule?.source.allow === 'object' ? rule.source.allow : {}))
  const lists = (of: 'roles' | 'groups' | 'permissions' | 'scopes' | 'clients') =>
    conditions.map((each) => each[of] ?? [])
  const permissions = lists('permissions')
  // A role counts by its name, and by what it gives in either file.
  const grants = roles.flatMap((file, side) =>
    Object.entries(file).map(
      ([name, given]) => [side, name, given.some((one) => permissions[side]!.includes(one))] as const,
    ),
  )
  const granting = roles.map((_, side) => grants.flatMap(([of, name, counts]) => (of === side && counts ? [name] : [])))
  const levels: AuthenticationLevel[] = conditions.some(({ level }) => level !== undefined)
    ? ['aal1', 'aal2']
    : ['aal1']
  const owned = [...new Set(rules.map(ownerAtOf).filter((place) => place !== undefined))]
  const scopes = combinations(lists('scopes'))
  // One token has one client, and no two parts of an imagined path are the same.
  const clients = combinations(lists('clients')).filter((held) => held.length < 2)
  const owns = [[], ...owned.map((place) => [place])]

  const signedIn = scopes.flatMap((scopes) =>
    clients.flatMap((clients) => owns.map((owns) => Object.assign({}, nobody, { scopes, clients, owns }))),
  )
  const persons = signedIn.flatMap((one) =>
    combinations([...lists('roles'), ...granting]).flatMap((roles) =>
      combinations(lists('groups')).flatMap((groups) =>
        combinations(permissions).flatMap((permissions) =>
          levels.map((level) => Object.assign({}, one, { kind: 'person' as const, roles, groups, permissions, level })),
        ),
      ),
    ),
  )
  // The id of a program is its subject too: it owns a part of a path only as the client that it is.
  const programs = signedIn
    .filter(({ clients, owns }) => clients.length === 0 || owns.length === 0)
    .map((one) => Object.assign({}, one, { kind: 'program' as const }))
  return [nobody, ...[...persons, ...programs].toSorted((a, b) => weightOf(a) - weightOf(b))]
}

/** The caller itself, for a path of these segments; `roles`: as the file defines them. */
export function callerOf(held: Held, segments: readonly string[], roles: RolePermissions): ImaginedCaller {
  if (held.kind === 'nobody') return 'nobody'
  const own = held.owns[0] === undefined ? undefined : segments[held.owns[0]]
  const clientId = held.clients[0] ?? (held.kind === 'program' ? (own ?? '(client)') : firstPartyClientId)
  const granted = held.roles.flatMap((role) => (Object.hasOwn(roles, role) ? roles[role]! : []))
  const principal: Principal =
    held.kind === 'program'
      ? { kind: 'client', subject: clientId, name: '', scopes: held.scopes, clientId }
      : imaginePerson({ ...held, permissions: [...held.permissions, ...granted], subject: own, clientId })
  return { shows: held.kind === 'program' ? 'token' : 'cookie', proven: { principal, audiences: [] } }
}

/** A person of whom no more is known than this. */
export function imaginePerson(given: {
  roles: readonly string[]
  groups: readonly string[]
  permissions: readonly string[]
  scopes: readonly string[]
  level: AuthenticationLevel
  subject: string | undefined
  clientId?: string
}): Principal {
  const { roles, groups, permissions, scopes, level, subject = '(subject)', clientId = firstPartyClientId } = given
  const unknown = { email: '', username: '', name: '', sessionId: '(session)', methods: [], authenticatedAt: 0 }
  const rights = { roles, groups, permissions, scopes }
  return { kind: 'user', subject, clientId, level, reachable: level, ...rights, ...unknown }
}

/** Whether the one holds all that the other does; a program holds what people hold who have no role, group or permission. */
export function holdsAtLeast(one: Held, other: Held): boolean {
  if (other.kind === 'nobody') return false
  if (other.kind === 'program' && one.kind !== 'program') return false
  const within = (less: readonly unknown[], more: readonly unknown[]) => less.every((each) => more.includes(each))
  return (
    within(other.roles, one.roles) &&
    within(other.groups, one.groups) &&
    within(other.permissions, one.permissions) &&
    within(other.scopes, one.scopes) &&
    within(other.clients, one.clients) &&
    within(other.owns, one.owns) &&
    (other.level === 'aal1' || one.level === 'aal2')
  )
}

/** What the one holds beyond the other, in words. */
export function beyond(one: Held, other?: Held): string[] {
  const more = (of: 'roles' | 'groups' | 'permissions' | 'scopes' | 'clients', word: string) =>
    one[of].filter((name) => !other?.[of].includes(name)).map((name) => `${word} ${name}`)
  return [
    ...more('roles', 'role'),
    ...more('groups', 'group'),
    ...more('permissions', 'permission'),
    ...more('scopes', 'scope'),
    ...more('clients', 'client'),
    ...(one.level === 'aal2' && other?.level !== 'aal2' ? ['level aal2'] : []),
    ...one.owns
      .filter((place) => !other?.owns.includes(place))
      .map((place) => `owner of part ${place + 1} of the path`),
  ]
}

function weightOf(held: Held): number {
  return beyond(held).length + (held.kind === 'program' ? 0.5 : 0)
}

/**
 * The smallest sets of names that can be told apart by which of the lists they have a name in. There are at most two to the
 * number of lists.
 */
function combinations(lists: readonly (readonly string[])[]): string[][] {
  const names = [...new Set(lists.flat())]
  const kindOf = (held: readonly string[]) => lists.map((list) => list.some((name) => held.includes(name))).join()
  const found = new Map<string, string[]>([[kindOf([]), []]])
  for (const held of found.values()) {
    for (const name of names) {
      const more = [...held, name]
      if (!found.has(kindOf(more))) found.set(kindOf(more), more)
    }
  }
  return [...found.values()]
}
