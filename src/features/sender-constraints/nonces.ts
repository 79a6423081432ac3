import type { Clock } from '../../core/clock.ts'
import type { SecretBox } from '../../core/secrets.ts'

/** How long a nonce is good for, and how long a process gives out the same one. */
const goodSeconds = 300
const givenSeconds = 60
const purpose = 'nonce'

/** Nonces of the service for DPoP proofs (RFC 9449 §8): a proof with one cannot have been made before it was given out. */
export interface Nonces {
  current(): string
  isFresh(nonce: unknown): boolean
}

/** Sealed times: nothing is stored, and every replica takes what another one gave out. */
export function createNonces({ box, clock }: { box: SecretBox; clock: Clock }): Nonces {
  let given = { nonce: '', at: Number.NEGATIVE_INFINITY }
  const seconds = () => Math.floor(clock.now() / 1000)
  return {
    current() {
      const now = seconds()
      if (now - given.at >= givenSeconds) given = { nonce: box.seal(String(now), purpose), at: now }
      return given.nonce
    },
    isFresh(nonce) {
      if (typeof nonce !== 'string' || nonce.length > 200) return false
      try {
        const age = seconds() - Number(box.open(nonce, purpose))
        return age <= goodSeconds && age >= -givenSeconds
      } catch {
        return false
      }
    },
  }
}
