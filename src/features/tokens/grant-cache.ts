import { LRUCache } from 'lru-cache'
import type { RefreshFamily } from '../../core/records/refresh-token.ts'
import type { Session } from '../../core/records/session.ts'
import type { User } from '../../core/records/user.ts'
import type { EntityKey, RevocationFeed } from '../revocations/index.ts'

/** Whose a refresh token is, and what it stands for. */
export interface RefreshGrant {
  family: RefreshFamily
  session: Session
  user: User
}

/** What the feed tells of the entities of a grant. */
export type GrantFeed = Pick<RevocationFeed, 'position' | 'isValid' | 'namedLately'>

/** A grant that nothing has changed up to this position of the feed. */
export interface CachedGrant {
  grant: RefreshGrant
  asOf: number
}

/**
 * The grants of the refresh tokens that this process issued, so that using one needs no look-up before it. Whoever takes
 * one must still prove, with the statement that uses the token, that the feed stands at `asOf`.
 */
export interface GrantCache {
  /** `hash`: of the token. */
  remember(hash: string, known: CachedGrant): void
  /** Remembers a grant that has just been made of what was read minutes ago at most. */
  begin(hash: string, grant: RefreshGrant): void
  /** Hands the grant out once: a token works once. */
  take(hash: string): CachedGrant | undefined
}

const maxGrants = 50_000

export function createGrantCache(feed: GrantFeed): GrantCache {
  // A bound by size: by `max` it would take the memory of all entries at once.
  const known = new LRUCache<string, CachedGrant>({ maxSize: maxGrants, sizeCalculation: () => 1 })
  return {
    remember: (hash, { grant, asOf }) => void known.set(hash, { grant, asOf }),
    begin(hash, grant) {
      // A change between the reading and now would be among the latest rows, or after them.
      const { position: asOf } = feed
      if (!entitiesOf(grant).some((entity) => feed.namedLately(entity))) known.set(hash, { grant, asOf })
    },
    take(hash) {
      const memory = known.get(hash)
      if (memory === undefined) return undefined
      known.delete(hash)
      return feed.isValid(memory, entitiesOf(memory.grant)) ? memory : undefined
    },
  }
}

function entitiesOf({ session, user }: RefreshGrant): EntityKey[] {
  return [`session:${session.id}`, `user:${user.id}`]
}
