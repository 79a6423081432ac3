import { uuidv7 } from '../../core/ids.ts'
import { authorityClaims, type TokenType } from '../../core/access-token.ts'
import type { Client, Clock, RefreshFamily, RefreshTokenStore, Session, User } from '../../core/ports.ts'
import { hashSecret, randomSecret } from '../../core/secrets.ts'
import type { KnownGrants } from './known-grants.ts'

/** A token answer (RFC 6749 §5.1), before it is spelt as JSON or cookies. */
export interface IssuedTokens {
  accessToken: string
  expiresInSeconds: number
  scopes: string[]
  /** Absent for client credentials (RFC 6749 §4.4.3). */
  refreshToken?: string
}

export interface TokenIssuer {
  /** An access token for a session, good for the whole deployment. */
  forSession(grant: { user: User; session: Session; clientId: string; scopes: string[] }): IssuedTokens
  /** An access token for a client acting for itself; never a refresh token (RFC 6749 §4.4.3). */
  forClient(client: Client, scopes: string[], audiences: readonly string[]): IssuedTokens
  /** An access token for a client that acts for somebody else, which ends at `notAfter` (epoch seconds) at the latest. */
  forDelegation(delegation: { claims: object; scopes: string[]; notAfter: number }): IssuedTokens
  /** Begins a refresh family for a session: an access token and the family's first refresh token. */
  beginFamily(grant: { user: User; session: Session; clientId: string; scopes: string[] }): Promise<IssuedTokens>
  /** When a refresh token issued at `now` (epoch milliseconds) goes idle. */
  refreshExpiry(now: number): Date
}

export interface TokenLifetimes {
  accessSeconds: number
  refreshIdleSeconds: number
  refreshAbsoluteSeconds: number
}

export function createTokenIssuer(dependencies: {
  sign(type: TokenType, claims: object): string
  refreshTokens: Pick<RefreshTokenStore, 'createFamily'>
  knownGrants: Pick<KnownGrants, 'begin'>
  clock: Clock
  /** The audience that stands for every service behind this gate. */
  deploymentAudience: string
  lifetimes: TokenLifetimes
}): TokenIssuer {
  const { sign, refreshTokens, knownGrants, clock, deploymentAudience, lifetimes } = dependencies

  function accessToken(claims: object, scopes: string[], notAfter = Number.POSITIVE_INFINITY): IssuedTokens {
    const now = clock.now()
    const iat = Math.floor(now / 1000)
    const scope = scopes.length > 0 ? { scope: scopes.join(' ') } : {}
    const exp = Math.min(iat + lifetimes.accessSeconds, notAfter)
    const token = sign('at+jwt', { ...claims, ...scope, iat, exp, jti: uuidv7(now) })
    return { accessToken: token, expiresInSeconds: exp - iat, scopes }
  }

  const issuer: TokenIssuer = {
    forSession: ({ user, session, clientId, scopes }) =>
      accessToken(
        {
          sub: user.id,
          aud: deploymentAudience,
          client_id: clientId,
          sid: session.id,
          auth_time: Math.floor(session.authenticatedAt.getTime() / 1000),
          acr: session.level,
          amr: session.methods,
          ...authorityClaims(user),
        },
        scopes,
        // Whoever verifies it offline sees the end of the session nowhere else.
        Math.floor(session.expiresAt.getTime() / 1000),
      ),
    forClient: (client, scopes, audiences) =>
      accessToken(
        { sub: client.id, aud: audiences.length === 1 ? audiences[0] : audiences, client_id: client.id },
        scopes,
      ),
    forDelegation: ({ claims, scopes, notAfter }) => accessToken(claims, scopes, notAfter),
    async beginFamily(grant) {
      const now = clock.now()
      const refreshToken = randomSecret()
      const expiresAt = new Date(
        Math.min(now + lifetimes.refreshAbsoluteSeconds * 1000, grant.session.expiresAt.getTime()),
      )
      const family: RefreshFamily = {
        id: uuidv7(now),
        sessionId: grant.session.id,
        userId: grant.user.id,
        clientId: grant.clientId,
        scopes: grant.scopes,
        expiresAt,
      }
      const hash = hashSecret(refreshToken)
      await refreshTokens.createFamily(family, {
        hash,
        createdAt: new Date(now),
        expiresAt: new Date(Math.min(issuer.refreshExpiry(now).getTime(), expiresAt.getTime())),
      })
      knownGrants.begin(hash, { family, session: grant.session, user: grant.user })
      return { ...issuer.forSession(grant), refreshToken }
    },
    refreshExpiry: (now) => new Date(now + lifetimes.refreshIdleSeconds * 1000),
  }
  return issuer
}
