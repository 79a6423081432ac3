import { LRUCache } from 'lru-cache'
import type { Clock } from '../../core/clock.ts'
import type { Client } from '../../core/records/client.ts'
import type { RevocationFeed } from '../revocations/index.ts'

/** What of the revocation feed tells that a client was changed or deleted. */
export type ClientFeed = Pick<RevocationFeed, 'position' | 'isValid'>

/** Which client the presented texts have proven. */
export interface ClientCache {
  /** The client that this very text proved before, when nothing has changed it since. */
  get(presented: string): Client | undefined
  /** Whether this very text proved a client when it was last tried, however long ago. */
  knows(presented: string): boolean
  forget(presented: string): void
  /** Proves a text, and remembers what it proved. */
  prove(presented: string, proof: () => Promise<Client>): Promise<Client>
}

const rememberSeconds = 60
const bounds = { max: 10_000, maxTextLength: 1_024 }

/** Remembers clients as credentials are remembered: with the feed's position, and never while the feed cannot be read. */
export function createClientCache({ feed, clock }: { feed: ClientFeed; clock: Clock }): ClientCache {
  const known = new LRUCache<string, { client: Client; asOf: number; until: number }>({ max: bounds.max })
  return {
    get(presented) {
      const entry = known.get(presented)
      if (entry === undefined || clock.now() >= entry.until) return undefined
      return feed.isValid(entry, [`client:${entry.client.id}`]) ? entry.client : undefined
    },
    knows: (presented) => known.has(presented),
    forget: (presented) => void known.delete(presented),
    async prove(presented, proof) {
      // Before the store is read: a change between the two is then noticed, never missed.
      const asOf = feed.position
      const client = await proof()
      const until = clock.now() + rememberSeconds * 1000
      if (presented.length <= bounds.maxTextLength) known.set(presented, { client, asOf, until })
      return client
    },
  }
}
