import { LRUCache } from 'lru-cache'
import type { Clock } from '../../core/clock.ts'
import type { Log } from '../../core/log.ts'
import { maxShown } from '../../core/secrets.ts'
import { whenAll } from '../../core/when-all.ts'
import type { Credential, Proof } from './proof-cache.ts'

/** A secret that was looked up in vain is so for good, but for a person who was disabled and is not any more. */
const passOverMilliseconds = 10_000
const tellAgainMilliseconds = 60_000
const maxRemembered = 1_000

/**
 * Makes the proof of what several cookies of one name stand for: the one live session that they name. Nothing when they
 * name two: a neighbouring host may have planted one, so that a person acts in somebody else's account (RFC 6265 §8.6). Nor
 * when there are too many to look at each: whoever plants one can plant others, behind which the person's own is not seen.
 * Rejects when one cannot be proven for want of a store, since that one may be the second.
 */
export function createSoleSession(dependencies: {
  prove(secret: string): Proof
  clock: Clock
  log: Log
}): (secrets: readonly string[]) => Proof {
  const { prove, clock, log } = dependencies
  // A stale cookie is shown with every request of its browser, for as long as it is kept.
  const unknownUntil = new LRUCache<string, number>({ max: maxRemembered })
  const toldAt = new LRUCache<string, number>({ max: maxRemembered })

  async function look(secret: string, proof: Promise<Credential | undefined>): Promise<Credential | undefined> {
    const credential = await proof
    if (credential === undefined) unknownUntil.set(secret, clock.now() + passOverMilliseconds)
    return credential
  }

  function soleOf(proven: readonly (Credential | undefined)[]): Credential | undefined {
    const live = proven.filter((credential) => credential !== undefined)
    const sessions = [...new Set(live.map(sessionOf))]
    if (sessions.length < 2) return live[0]
    tell(sessions)
    return undefined
  }

  function tell(sessions: readonly string[]): void {
    const [now, key] = [clock.now(), sessions.toSorted((one, other) => (one < other ? -1 : 1)).join()]
    if (now - (toldAt.get(key) ?? Number.NEGATIVE_INFINITY) < tellAgainMilliseconds) return
    toldAt.set(key, now)
    const about = 'cookies of one name stand for different sessions, so none counts: a neighbouring host may set one'
    log.warn({ event: 'session.ambiguous', sessions }, about)
  }

  return (secrets) => {
    if (secrets.length > maxShown) return undefined
    const now = clock.now()
    const proofs = secrets.map((secret) => {
      if ((unknownUntil.get(secret) ?? 0) > now) return undefined
      const proof = prove(secret)
      return proof instanceof Promise ? look(secret, proof) : proof
    })
    return whenAll(proofs, soleOf)
  }
}

function sessionOf({ principal }: Credential): string {
  return (principal.kind === 'user' && principal.sessionId) || ''
}
