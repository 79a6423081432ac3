import type { AccessTokenClaims } from '../../core/access-token.ts'
import { apiKeyPrefix, isApiKey } from '../../core/api-key.ts'
import type { Audit } from '../../core/audit.ts'
import type { Clock } from '../../core/clock.ts'
import type { AccessTokenStore } from '../../core/records/access-token.ts'
import type { ApiKeyStore } from '../../core/records/api-key.ts'
import type { AuthorizationStore } from '../../core/records/authorization.ts'
import type { Client } from '../../core/records/client.ts'
import type { RefreshTokenStore } from '../../core/records/refresh-token.ts'
import { firstPartyClientId } from '../../core/principal.ts'
import { isUuid } from '../../core/ids.ts'
import type { Subjects } from '../../core/subjects.ts'
import { hashSecret } from '../../core/secrets.ts'
import { isOpaque } from './introspect.ts'
import type { EndSession } from '../sessions/index.ts'
import type { apiKeysEvents } from '../api-keys/index.ts'
import type { openidEvents } from '../openid/index.ts'
import type { oauthEvents } from './audit-events.ts'

export type RevokeToken = (caller: Client, token: string) => Promise<void>

/**
 * Revokes a token of the caller's (RFC 7009); one that is unknown or another client's is left alone, and the answer is
 * the same, so that nothing is learnt from it and nothing need be counted. A person's own refresh token takes its session and every token
 * of it along, one of a program that a person has let in its authorization; a user's API key belongs to the service's own client. When this resolves, this replica refuses the token; when the store fails it rejects.
 */
export function createRevokeToken(dependencies: {
  verifyAccessToken(token: string): AccessTokenClaims | undefined
  refreshTokens: Pick<RefreshTokenStore, 'find'>
  accessTokens: Pick<AccessTokenStore, 'revoke'>
  apiKeys: Pick<ApiKeyStore, 'find' | 'revoke'>
  authorizations: Pick<AuthorizationStore, 'end'>
  endSession: EndSession
  subjects: Pick<Subjects, 'read'>
  audit: Audit<
    typeof oauthEvents &
      Pick<typeof apiKeysEvents, 'api_key.revoked'> &
      Pick<typeof openidEvents, 'authorization.ended'>
  >
  clock: Clock
}): RevokeToken {
  const { verifyAccessToken, refreshTokens, accessTokens, apiKeys, authorizations, endSession } = dependencies
  const { subjects, audit, clock } = dependencies
  return async (caller, token) => {
    const now = new Date(clock.now())
    if (token.startsWith(apiKeyPrefix)) {
      const key = isApiKey(token) ? await apiKeys.find(hashSecret(token)) : undefined
      if (key === undefined) return
      if ((key.owner.kind === 'client' ? key.owner.id : firstPartyClientId) !== caller.id) return
      if (await apiKeys.revoke(key.id, now)) {
        audit.record({ event: 'api_key.revoked', clientId: caller.id, key_id: key.id })
      }
      return
    }
    if (isOpaque(token)) {
      const presented = await refreshTokens.find(hashSecret(token))
      if (presented?.family.clientId !== caller.id) return
      const { family, session, user } = presented
      if (family.audiences.length === 0) await endSession(session.id, 'refresh_token_revoked')
      else if (await authorizations.end(family.id, now)) {
        const about = { subject: user.id, clientId: caller.id, sessionId: session.id }
        audit.record({ event: 'authorization.ended', ...about, reason: 'refresh_token_revoked' })
      }
      return
    }
    const claims = verifyAccessToken(token)
    if (claims?.client_id !== caller.id) return
    const { sub, client_id: clientId, sid, jti: token_id } = claims
    if (await accessTokens.revoke(token_id, new Date(claims.exp * 1000), now)) {
      const ids = sid === undefined || isUuid(sid) ? { sub, sid } : subjects.read(caller, { sub, sid })
      audit.record({ event: 'token.revoked', subject: ids?.sub, clientId, sessionId: ids?.sid, token_id })
    }
  }
}
