import { LRUCache } from 'lru-cache'
import { tooManyWaiting } from '../../core/errors.ts'
import type { Confirmation } from '../../core/confirmation.ts'
import type { Client } from '../../core/records/client.ts'
import type { Principal } from '../../core/principal.ts'
import type { User } from '../../core/records/user.ts'
import { allKeys } from '../../core/records/revocation.ts'
import type { EntityKey } from '../revocations/index.ts'

/** What a presented secret has proven, and for how long that may be remembered. */
export interface Credential {
  readonly principal: Principal
  /** The audiences of an access token or client; empty for a session cookie or a user's key, which is good everywhere. */
  readonly audiences: readonly string[]
  /** Epoch milliseconds from which it must be proven again. */
  readonly expiresAt: number
  /** Of a cookie that counts on one host alone: the origin. */
  readonly origin?: string
  /** Of an access token: what it is bound to. Whoever shows it has to prove that. */
  readonly confirmation?: Confirmation
  /** Of an access token of a person: the program that has it, as it is now. */
  readonly client?: Client | undefined
  /** The person of such a token, as they are now. */
  readonly user?: User
  /** Of an API key: its id, and when it expires itself, if ever. */
  readonly key?: { readonly id: string; readonly expiresAt: number | undefined }
}

/** Either at once, when it was proven before, or after one look-up. */
export type Proof = Credential | undefined | Promise<Credential | undefined>

/** The address that a secret comes from, for the limits of a proof that has some; nothing when nobody told it. */
export type From = () => string | undefined

export type Proven = Remembered | undefined | Promise<Remembered | undefined>

export interface Remembered extends Credential {
  readonly entities: readonly EntityKey[]
  /** The feed's position up to which this is known to hold. */
  asOf: number
}

export interface MemoryBounds {
  max: number
  /** In bytes. */
  maxSize: number
}

/** Moves when a key was found to be known to somebody else. */
export const anyKey: EntityKey = `key:${allKeys}`

/** Past this the store is being flooded, and whoever waits longer is not helped. */
const maxUnderWay = 500
/** Of tokens and of cookies, each: what was used longest ago goes first. Ordinary ones reach the number, not the bytes. */
const defaultBounds = { max: 100_000, maxSize: 256 * 1024 * 1024 }
/** Objects, list slots and the cache's own book-keeping around the texts of one entry. */
const bytesAround = 1_024

/**
 * What is remembered is found by the end of its text, a token's signature, and compared whole: to hash every byte of a
 * token on each request would cost more than the decision.
 */
const keyOf = (presented: string): string => presented.slice(-43)

/**
 * Remembers what was proven about a presented text, as long as it holds. Parallel first requests share one
 * proof, unless the feed has moved since it began; what was not proven is not remembered.
 */
export function createProofCache(
  holds: (remembered: Remembered) => boolean,
  position: () => number,
  bounds: MemoryBounds = defaultBounds,
) {
  const principalSizes = new WeakMap<Principal, number>()
  /** Bytes of the texts; what tokens share counts for each of them. */
  function sizeOf({ principal, audiences, entities }: Remembered): number {
    let size = principalSizes.get(principal)
    if (size === undefined) principalSizes.set(principal, (size = Buffer.byteLength(JSON.stringify(principal))))
    for (const text of audiences) size += text.length
    for (const text of entities) size += text.length
    return size
  }

  type Prove<Given> = (presented: string, from?: From) => Given
  return (prove: Prove<Proven>): Prove<Proof> => {
    // Bounded by size alone, with the least that lets in no more than `max`: to be told `max` itself, it would take the memory
    // of all entries at once.
    const leastSize = Math.ceil(bounds.maxSize / bounds.max)
    const cache = new LRUCache<string, { presented: string; proven: Remembered }>({
      maxSize: bounds.maxSize,
      sizeCalculation: ({ presented, proven }) => Math.max(leastSize, presented.length + sizeOf(proven) + bytesAround),
    })
    const underWay = new Map<string, { asOf: number; proof: Promise<Remembered | undefined> }>()

    function keep(presented: string, proven: Remembered | undefined): Remembered | undefined {
      if (proven !== undefined) cache.set(keyOf(presented), { presented, proven })
      return proven
    }

    return (presented, from) => {
      const remembered = cache.get(keyOf(presented))
      if (remembered?.presented === presented) {
        if (holds(remembered.proven)) return remembered.proven
        cache.delete(keyOf(presented))
      }
      const begun = underWay.get(presented)
      if (begun !== undefined && begun.asOf === position()) return begun.proof
      if (underWay.size >= maxUnderWay) return Promise.reject(tooManyWaiting('proofs'))
      const asOf = position()
      const proof = prove(presented, from)
      if (!(proof instanceof Promise)) return keep(presented, proof)
      const kept = proof.then((proven) => keep(presented, proven))
      const entry = {
        asOf,
        proof: kept.finally(() => {
          if (underWay.get(presented) === entry) underWay.delete(presented)
        }),
      }
      underWay.set(presented, entry)
      return entry.proof
    }
  }
}
