import { auditEvent } from '../../core/audit.ts'

/** What the trail is told of here. */
export const oauthEvents = {
  'token.revoked': auditEvent<{ token_id: string }>('info', 'an access token was revoked', 'the access token’s id'),
  'token.exchanged': auditEvent<{ subject_token_id: string; audiences: readonly string[]; scopes: readonly string[] }>(
    'info',
    'a client got a token to act for somebody',
    'the id of the token that was exchanged, audiences, scopes of the new one; the client is the one that acts',
  ),
}
