import { auditEvent } from '../../core/audit.ts'

/** What the trail is told of here. */
export const clientsEvents = {
  'client_auth.failed': auditEvent<{ reason: ClientAuthFault }>(
    'info',
    'a client did not authenticate',
    'reason: `unknown_client`, `method` (another than the client’s), `secret`, or [what was wrong with its assertion](tokens.md#how-clients-authenticate)',
  ),
  'client.created': auditEvent<{ grants: readonly string[]; scopes: readonly string[] }>(
    'info',
    'a client was created',
    'grants, scopes',
  ),
  'client.changed': auditEvent<{ grants: readonly string[]; scopes: readonly string[] }>(
    'info',
    'what a client may do was changed',
    'grants, scopes',
  ),
  'client.secret_rotated': auditEvent('info', 'a client got a new secret'),
  'client.keys_replaced': auditEvent('info', 'a client got other keys'),
  'client.registered': auditEvent<{ scopes: readonly string[] }>('info', 'a program registered itself', 'scopes'),
  'client.registration_changed': auditEvent<{ scopes: readonly string[] }>(
    'info',
    'a program that registered itself says something else of itself',
    'scopes',
  ),
  'client.registration_token_made': auditEvent<{ uses: number }>(
    'info',
    'a token was made by which programs register themselves',
    'for how many',
  ),
  'client.left': auditEvent('info', 'a program that registered itself is gone, since nobody lets it in any more'),
  'client.deleted': auditEvent('info', 'a client was deleted'),
}

/** Why a client was not authenticated: it is unknown, uses another method than its own, or shows no secret or assertion of its own. */
export type ClientAuthFault = 'unknown_client' | 'method' | 'secret' | AssertionFault
export type AssertionFault =
  'form' | 'keys_unreachable' | 'unknown_key' | 'signature' | 'issuer' | 'audience' | 'lifetime' | 'jti'
