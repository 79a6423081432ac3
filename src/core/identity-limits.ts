import type { Clock } from './clock.ts'
import type { Log } from './log.ts'
import { createTellOnce } from './tell-once.ts'
import { compileWildcard } from './wildcard.ts'

/** What somebody may do, by name. */
export interface Rights {
  readonly roles: readonly string[]
  readonly groups: readonly string[]
  readonly permissions: readonly string[]
  readonly scopes: readonly string[]
}

/** What is told of somebody's rights, and which of the lists are not whole. */
export interface ToldRights extends Rights {
  readonly shortened: readonly (keyof Rights)[]
}

/** As gatehouse.yaml has it; of names that are not listed none is left out. */
export interface IdentitySettings {
  /** Names, in which `*` stands for any text. */
  roles?: readonly string[]
  groups?: readonly string[]
  permissions?: readonly string[]
  max_bytes?: number
  beyond?: 'shorten' | 'refuse'
}

/** Which of somebody's rights are told to a host, or by a token, and within how many bytes. */
export interface IdentityLimits {
  readonly maxBytes: number
  /** Where they do not fit: as many as do are told, or nobody is told anything. */
  readonly beyond: 'shorten' | 'refuse'
  /** Those that are told where there is room for them. */
  select(rights: Rights): Rights
}

export function compileIdentityLimits(settings: IdentitySettings = {}, maxBytes: number): IdentityLimits {
  const kept = (list: 'roles' | 'groups' | 'permissions') => {
    const matches = settings[list] && matcherOf(settings[list])
    return (rights: Rights) => (matches === undefined ? rights[list] : rights[list].filter(matches))
  }
  const [roles, groups, permissions] = [kept('roles'), kept('groups'), kept('permissions')]
  return {
    maxBytes: settings.max_bytes ?? maxBytes,
    beyond: settings.beyond ?? 'shorten',
    select: (rights) => ({
      roles: roles(rights),
      groups: groups(rights),
      permissions: permissions(rights),
      scopes: rights.scopes,
    }),
  }
}

/** What all of them let through. */
export function joinIdentityLimits(all: readonly IdentityLimits[], maxBytes: number): IdentityLimits {
  return {
    maxBytes: Math.min(maxBytes, ...all.map((each) => each.maxBytes)),
    beyond: all.some(({ beyond }) => beyond === 'refuse') ? 'refuse' : 'shorten',
    select: (rights) => all.reduce((left, each) => each.select(left), rights),
  }
}

/** Nothing when every name matches. */
function matcherOf(names: readonly string[]): ((name: string) => boolean) | undefined {
  if (names.includes('*')) return undefined
  const exact = new Set(names)
  const patterns = names.filter((name) => name.includes('*')).map(compileWildcard)
  return (name) => exact.has(name) || patterns.some((matches) => matches(name))
}

/** Rights as far as they fit; `told` is absent where nothing may be told. */
export interface Fitted {
  readonly told: ToldRights | undefined
  /** What all that was to be told comes to. */
  readonly bytes: number
}

/** What is told first where there is no room for all. */
const order = ['roles', 'groups', 'scopes', 'permissions'] as const

/**
 * Fits rights into a bound. `bytesOf` says what it comes to when these are told. Whoever reads a list that is not whole sees
 * less than there is, never more; which names are left does not depend on chance: the first by their spelling, roles before
 * groups before scopes before permissions.
 */
export function fitRights(
  rights: Rights,
  { maxBytes, beyond }: Pick<IdentityLimits, 'maxBytes' | 'beyond'>,
  bytesOf: (told: ToldRights) => number,
): Fitted {
  const whole = { ...rights, shortened: [] }
  const bytes = bytesOf(whole)
  if (bytes <= maxBytes) return { told: whole, bytes }
  const sorted = order.map((list) => [list, rights[list].toSorted()] as const)
  const first = (count: number): ToldRights => {
    let left = count
    const parts = sorted.map(([list, names]) => {
      const part = names.slice(0, left)
      left -= part.length
      return [list, part] as const
    })
    const told = Object.fromEntries(parts) as unknown as Rights
    return { ...told, shortened: order.filter((list) => told[list].length < rights[list].length) }
  }
  const fits = (told: ToldRights) => bytesOf(told) <= maxBytes
  const none = first(0)
  if (beyond === 'refuse' || !fits(none)) return { told: undefined, bytes }
  let told = none
  let [fitting, tooMany] = [0, sorted.reduce((sum, [, names]) => sum + names.length, 0)]
  while (tooMany - fitting > 1) {
    const count = Math.floor((fitting + tooMany) / 2)
    const attempt = first(count)
    if (fits(attempt)) [fitting, told] = [count, attempt]
    else tooMany = count
  }
  return { told, bytes }
}

/** Whom it is about, and what was to be told. */
interface Shortening {
  readonly subject: string
  /** To whom: a host of gatehouse.yaml, or the audiences of a token. */
  readonly to: { readonly host: string } | { readonly audiences: readonly string[] }
  readonly rights: Rights
  readonly limits: IdentityLimits
}
export type NoteShortening = (about: Shortening, fitted: Fitted) => void

const everySeconds = 3_600

/** Tells the operator that somebody's rights did not fit: once an hour of each person and of each to whom they were to be told. */
export function createShorteningLog({ log, clock }: { log: Log; clock: Clock }): NoteShortening {
  const isNew = createTellOnce(clock, everySeconds)
  return ({ subject, to, rights, limits }, { told, bytes }) => {
    if (told?.shortened.length === 0 || !isNew(JSON.stringify([subject, to]))) return
    const counts = order
      .filter((list) => rights[list].length > 0)
      .map((list) => [list, { held: rights[list].length, told: told?.[list].length ?? 0 }])
    const fields = { subject, ...to, bytes, max_bytes: limits.maxBytes, ...Object.fromEntries(counts) }
    if (told === undefined)
      log.warn({ event: 'identity.refused', ...fields }, 'what somebody may do does not fit: refused')
    else log.warn({ event: 'identity.shortened', ...fields }, 'what somebody may do does not fit: told in part')
  }
}
