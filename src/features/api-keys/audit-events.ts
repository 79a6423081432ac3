import { auditEvent } from '../../core/audit.ts'

/** What the trail is told of here. */
export const apiKeysEvents = {
  'api_key.created': auditEvent<{ key_id: string; scopes: readonly string[] }>(
    'info',
    'an API key was made',
    'the key’s id, scopes',
  ),
  'api_key.revoked': auditEvent<{ key_id: string }>('info', 'an API key was revoked', 'the key’s id'),
  'api_key.failed': auditEvent('info', 'an API key was refused', 'nothing: the address is all that is known'),
}
