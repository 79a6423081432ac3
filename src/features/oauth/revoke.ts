import type { AccessTokenClaims } from '../../core/access-token.ts'
import type { AccessTokenStore, Client, Clock, RefreshTokenStore } from '../../core/ports.ts'
import { hashSecret } from '../../core/secrets.ts'
import { isOpaque } from './introspect.ts'

export type RevokeToken = (caller: Client, token: string) => Promise<void>

/**
 * Revokes a token of the caller's (RFC 7009); one that is unknown or another client's is left alone, and the answer is
 * the same. A refresh token takes its session and every token of it along. When this resolves, this replica refuses
 * the token; when the store fails it rejects.
 */
export function createRevokeToken(dependencies: {
  verifyAccessToken(token: string): AccessTokenClaims | undefined
  refreshTokens: Pick<RefreshTokenStore, 'find'>
  accessTokens: Pick<AccessTokenStore, 'revoke'>
  endSession(sessionId: string, reason: string): Promise<void>
  catchUp(): Promise<void>
  clock: Clock
}): RevokeToken {
  const { verifyAccessToken, refreshTokens, accessTokens, endSession, catchUp, clock } = dependencies
  return async (caller, token) => {
    if (isOpaque(token)) {
      const presented = await refreshTokens.find(hashSecret(token))
      if (presented?.family.clientId === caller.id) await endSession(presented.session.id, 'refresh_token_revoked')
      return
    }
    const claims = verifyAccessToken(token)
    if (claims?.client_id !== caller.id) return
    await accessTokens.revoke(claims.jti, new Date(claims.exp * 1000), new Date(clock.now()))
    await catchUp()
  }
}
