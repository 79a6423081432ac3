import { scopesOfClaims } from '../scopes.ts'

/** What a program asks for by the `claims` parameter, as far as this service has it. */
export interface AskedClaims {
  /** Those that bring the claims. */
  scopes: string[]
  /** The levels of which one is wanted, in the order of the program's liking; `isEssential`: no other one will do. */
  levels: { names: string[]; isEssential: boolean } | undefined
  /** Of whom alone the program wants to hear. */
  subjects: string[] | undefined
}

type Member = Record<string, unknown> | null

/**
 * Reads the `claims` parameter (OpenID Connect Core §5.5); nothing when it is malformed. What nobody here knows is left out, as the
 * claims of somebody are who has none.
 */
export function readClaims(text: string): AskedClaims | undefined {
  const asked = objectOf(text)
  if (asked === undefined) return undefined
  const scopes = new Set<string>()
  let levels: AskedClaims['levels']
  let subjects: AskedClaims['subjects']
  for (const place of ['userinfo', 'id_token']) {
    const members = asked[place] ?? {}
    if (!isObject(members)) return undefined
    for (const [name, member] of Object.entries(members)) {
      if (!isMember(member)) return undefined
      const scope = Object.hasOwn(scopesOfClaims, name) ? scopesOfClaims[name] : undefined
      if (scope !== undefined) scopes.add(scope)
      const wanted = valuesOf(member)
      if (name === 'acr' && place === 'id_token' && wanted !== undefined) {
        levels = { names: wanted, isEssential: member?.['essential'] === true }
      }
      if (name === 'sub' && wanted !== undefined) subjects = wanted
    }
  }
  return { scopes: [...scopes], levels, subjects }
}

function objectOf(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** How one claim is asked for (§5.5.1): in the usual way, or with more about it. */
function isMember(value: unknown): value is Member {
  if (value === null) return true
  if (!isObject(value)) return false
  const { essential = false, values = [] } = value
  return typeof essential === 'boolean' && Array.isArray(values)
}

/** The values that are wanted; nothing where any will do. */
function valuesOf(member: Member): string[] | undefined {
  if (member === null) return undefined
  const { value, values } = member
  if (value === undefined && values === undefined) return undefined
  return [value, ...((values as unknown[] | undefined) ?? [])].filter((one) => typeof one === 'string')
}
