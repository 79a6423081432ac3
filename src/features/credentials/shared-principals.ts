import type { Principal } from '../../core/principal.ts'
import type { RevocationFeed } from '../revocations/index.ts'
import { anyKey } from './proof-cache.ts'

/** Kinds of tokens of one session or client that are told apart; past them all are made anew. */
const maxKinds = 100

/**
 * Gives the tokens that say the same of one session or client one principal: an object for as long as what it was made of
 * is known, and no key has ended. What is remembered by it, such as a signed assertion, all of them share.
 */
export function createSharedPrincipals(feed: Pick<RevocationFeed, 'position' | 'isValid'>) {
  const known = new WeakMap<object, Map<string, { principal: Principal; asOf: number }>>()

  /** `of`: what the stores say of the session or the client. */
  return <Of extends Principal>(of: object, clientId: string, scopes: readonly string[], make: () => Of): Of => {
    let kinds = known.get(of)
    if (kinds === undefined) known.set(of, (kinds = new Map()))
    const kind = `${clientId} ${scopes.join(' ')}`
    const entry = kinds.get(kind)
    // What was signed for it is void with the key.
    if (entry !== undefined && feed.isValid(entry, [anyKey])) return entry.principal as Of
    if (kinds.size >= maxKinds) kinds.clear()
    const principal = make()
    kinds.set(kind, { principal, asOf: feed.position })
    return principal
  }
}
