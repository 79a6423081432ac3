import { LRUCache } from 'lru-cache'
import type { Clock } from '../../core/clock.ts'
import type { AccessTokenStore } from '../../core/records/access-token.ts'
import type { Client, ClientStore } from '../../core/records/client.ts'
import type { Session, SessionStore } from '../../core/records/session.ts'
import type { User } from '../../core/records/user.ts'
import type { RevocationFeed, EntityKey } from '../revocations/index.ts'

/**
 * What tokens are proven against, asked in the stores once and then known for as long as the feed names none of the
 * entities: a further token of a known session or client costs no statement.
 */
export interface EntityCache {
  /** Nothing when the session has ended or the token was revoked. */
  session(id: string, token: IssuedToken, at: Date): Maybe<{ session: Session; user: User }>
  client(id: string): Maybe<Client>
  isTokenRevoked(token: IssuedToken): boolean | Promise<boolean>
}

/** At once, when it is known, or after a look-up. */
type Maybe<T> = T | undefined | Promise<T | undefined>

/** An access token. */
interface IssuedToken {
  /** Its own and those that it stands on: it counts as revoked when one of them is. */
  ids: readonly string[]
  /** Its `iat`, epoch seconds; the others stood then. */
  issuedAt: number
}

/**
 * A revocation names a token after its issue, so what the feed has read since then tells all. It remembers twenty minutes;
 * five of them are left for clocks that disagree.
 */
const youngSeconds = 15 * 60
const maxKnown = 100_000

interface Known<T extends object> {
  value: T
  entities: readonly EntityKey[]
  asOf: number
}

export function createEntityCache(dependencies: {
  sessions: Pick<SessionStore, 'findLive'>
  clients: Pick<ClientStore, 'find'>
  accessTokens: Pick<AccessTokenStore, 'isRevoked'>
  feed: Pick<RevocationFeed, 'position' | 'isCurrent' | 'isValid' | 'namedLately'>
  clock: Clock
}): EntityCache {
  const { sessions, clients, accessTokens, feed, clock } = dependencies
  // Bounds by size: by `max` they would take the memory of all entries at once.
  const bounds = { maxSize: maxKnown, sizeCalculation: () => 1 }
  const knownSessions = new LRUCache<string, Known<{ session: Session; user: User }>>(bounds)
  const knownClients = new LRUCache<string, Known<Client>>(bounds)

  function get<T extends object>(known: LRUCache<string, Known<T>>, id: string): T | undefined {
    const entry = known.get(id)
    return entry !== undefined && feed.isValid(entry, entry.entities) ? entry.value : undefined
  }

  /** Whether memory alone can tell that the token was not revoked. */
  function isSurelyValid(token: IssuedToken): boolean {
    const age = clock.now() / 1000 - token.issuedAt
    return feed.isCurrent() && age < youngSeconds && !token.ids.some((id) => feed.namedLately(`token:${id}`))
  }

  async function findSession(id: string, token: IssuedToken, at: Date) {
    // Read before the store: a change between the two is then noticed, never missed.
    const asOf = feed.position
    const live = await sessions.findLive({ id, tokenIds: token.ids }, at)
    if (live === undefined) return undefined
    knownSessions.set(id, { value: live, entities: [`session:${id}`, `user:${live.user.id}`], asOf })
    return live
  }

  async function findClient(id: string) {
    const asOf = feed.position
    const client = await clients.find(id)
    if (client !== undefined) knownClients.set(id, { value: client, entities: [`client:${id}`], asOf })
    return client
  }

  return {
    session(id, token, at) {
      const known = isSurelyValid(token) ? get(knownSessions, id) : undefined
      const lives = known !== undefined && known.session.expiresAt > at && known.session.idleExpiresAt > at
      return lives ? known : findSession(id, token, at)
    },
    client: (id) => get(knownClients, id) ?? findClient(id),
    isTokenRevoked: (token) => (isSurelyValid(token) ? false : accessTokens.isRevoked(...token.ids)),
  }
}
