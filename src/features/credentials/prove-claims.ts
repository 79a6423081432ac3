import { type AccessTokenClaims, actorsOf } from '../../core/access-token.ts'
import { isUuid, timeOf } from '../../core/ids.ts'
import type { Clock } from '../../core/clock.ts'
import type { Client } from '../../core/records/client.ts'
import { firstPartyClientId } from '../../core/principal.ts'
import type { Subjects } from '../../core/subjects.ts'
import { whenAll, whenEach } from '../../core/when-all.ts'
import type { RevocationFeed } from '../revocations/index.ts'
import type { EntityCache } from './entity-cache.ts'
import { userPrincipal, withinScopes } from './person.ts'
import { anyKey, type Proven } from './proof-cache.ts'
import { createSharedPrincipals } from './shared-principals.ts'

/**
 * Proves the claims of an access token whose signature was verified: that nothing of it was revoked, and who its subject is now. At once
 * where all of that is known, since most requests are such.
 */
export function createProveClaims(dependencies: {
  known: EntityCache
  subjects: Pick<Subjects, 'read'>
  feed: Pick<RevocationFeed, 'position' | 'isValid'>
  clock: Clock
}): (claims: AccessTokenClaims) => Proven {
  const { known, subjects, feed, clock } = dependencies
  const shared = createSharedPrincipals(feed)

  return (claims) => {
    // Read before the store: a change between the two is then noticed, never missed.
    const asOf = feed.position
    const audiences = Array.isArray(claims.aud) ? claims.aud : [claims.aud]
    // Meant for nobody; an empty list would read as a cookie's, which is good everywhere.
    if (audiences.length === 0) return undefined
    const scopes = claims.scope === undefined ? [] : claims.scope.split(' ')
    const expiresAt = claims.exp * 1000
    const { sub: toldSub, sid: toldSid, jti, client_id: clientId, act, grant_id: grantId } = claims
    const ids = [jti, ...(grantId === undefined ? [] : [grantId]), ...(claims.exchanged_from ?? [])]
    const token = { ids, issuedAt: claims.iat }
    const bound = claims.cnf && { confirmation: claims.cnf }
    /** The id tells the time to the millisecond: `iat` could not tell a client from one that was made within its second. */
    const issuedAt = timeOf(jti)
    /** Whether a client was registered when the token was issued: another may have got the id of one that was deleted. */
    const stands = (client: Client | undefined): client is Client =>
      client !== undefined && client.createdAt.getTime() <= issuedAt
    // Whoever got the token, acts for its subject, or did on the way here, must still be registered itself.
    const holders = [clientId, ...actorsOf(act)]
    const programs = whenEach(holders.filter((id) => id !== firstPartyClientId).map((id) => known.client(id)))
    const clients = holders.map((id) => `client:${id}` as const)
    const always = [...ids.map((id) => `token:${id}` as const), ...clients, anyKey]
    if (toldSid === undefined) {
      const about = [programs, known.client(toldSub), known.isTokenRevoked(token)] as const
      return whenAll(about, ([acting, client, revoked]) => {
        if (!stands(client) || revoked || !acting.every(stands)) return undefined
        const { id: subject, name } = client
        const principal = shared(client, clientId, scopes, () => ({ kind: 'client', subject, name, scopes, clientId }))
        return { principal, audiences, expiresAt, asOf, ...bound, entities: [`client:${subject}`, ...always] }
      })
    }
    const proveAs = ({ sub, sid }: { sub: string; sid: string }): Proven =>
      whenAll([programs, known.session(sid, token, new Date(clock.now()))] as const, ([acting, live]) => {
        if (live === undefined || live.user.id !== sub || !acting.every(stands)) return undefined
        const { user, session } = live
        return {
          principal: shared(live, grantId === undefined ? clientId : `let in: ${clientId}`, scopes, () => {
            const person = userPrincipal(user, session, scopes, clientId)
            return grantId === undefined ? person : withinScopes(person)
          }),
          audiences,
          ...bound,
          ...(clientId !== firstPartyClientId && { client: acting[0], user }),
          expiresAt: Math.min(expiresAt, session.expiresAt.getTime(), session.idleExpiresAt.getTime()),
          asOf,
          entities: [`session:${session.id}`, `user:${user.id}`, ...always],
        }
      })
    const told = { sub: toldSub, sid: toldSid }
    if (isUuid(toldSid)) return proveAs(told)
    // What a client of the kind `pairwise` was told stands for the ids in its sector alone.
    return whenAll([known.client(clientId)] as const, ([client]) => {
      const ids = subjects.read(client, told)
      return ids !== undefined && isUuid(ids.sid) ? proveAs(ids) : undefined
    }) as Proven
  }
}
