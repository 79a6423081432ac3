import { auditEvent } from '../../core/audit.ts'

/** What the trail is told of here. */
export const sessionsEvents = {
  'session.revoked': auditEvent<{ reason: string }>(
    'info',
    'a session was ended',
    'reason: `logged_out`, `signed_in_again` (the browser signed in anew), `refresh_token_reused`, `refresh_token_revoked`',
  ),
}
