import type { AccessTokenClaims } from '../../core/access-token.ts'
import type { Client, Clock, PresentedRefreshToken, RefreshTokenStore } from '../../core/ports.ts'
import { hashSecret } from '../../core/secrets.ts'

/** RFC 7662 §2.2. For anything but a live token that concerns the caller: exactly `{ active: false }`. */
export type Introspection = { active: false } | ({ active: true; token_type: string } & Record<string, unknown>)

export type Introspect = (caller: Client, token: string) => Promise<Introspection>

const inactive: Introspection = { active: false }

/**
 * Tells a client about a token of any kind. An access token concerns the clients that stand for one of its audiences,
 * the client that it was issued to, and, when it is good for the whole deployment, every client. A refresh token
 * concerns its own client alone.
 */
export function createIntrospect(dependencies: {
  verifyAccessToken(token: string): AccessTokenClaims | undefined
  accessToken(token: string): unknown
  refreshTokens: Pick<RefreshTokenStore, 'find'>
  clock: Clock
  issuer: string
}): Introspect {
  const { verifyAccessToken, accessToken, refreshTokens, clock, issuer } = dependencies
  return async (caller, token) => {
    if (!isOpaque(token)) {
      const claims = verifyAccessToken(token)
      if (claims === undefined || !concerns(claims, caller, issuer)) return inactive
      return (await accessToken(token)) === undefined ? inactive : { active: true, token_type: 'Bearer', ...claims }
    }
    const presented = await refreshTokens.find(hashSecret(token))
    if (presented === undefined || presented.family.clientId !== caller.id) return inactive
    if (!isLive(presented, clock.now())) return inactive
    return {
      active: true,
      token_type: 'refresh_token',
      iss: issuer,
      sub: presented.user.id,
      client_id: presented.family.clientId,
      sid: presented.session.id,
      exp: Math.floor(presented.expiresAt.getTime() / 1000),
      ...(presented.family.scopes.length > 0 ? { scope: presented.family.scopes.join(' ') } : {}),
    }
  }
}

/** Refresh tokens have no dots; JWTs always have two. */
export function isOpaque(token: string): boolean {
  return !token.includes('.')
}

function concerns(claims: AccessTokenClaims, caller: Client, issuer: string): boolean {
  const audiences = [claims.aud].flat()
  return (
    claims.client_id === caller.id ||
    audiences.includes(issuer) ||
    audiences.some((audience) => caller.audiences.includes(audience))
  )
}

function isLive(presented: PresentedRefreshToken, now: number): boolean {
  return (
    presented.usedAt === null &&
    !presented.revoked &&
    presented.user.status === 'active' &&
    [presented.expiresAt, presented.session.expiresAt, presented.session.idleExpiresAt].every(
      (end) => now < end.getTime(),
    )
  )
}
