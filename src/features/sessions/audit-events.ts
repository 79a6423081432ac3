import { auditEvent } from '../../core/audit.ts'

/** What the trail is told of here. */
export const sessionsEvents = {
  'session.revoked': auditEvent<{ reason: string }>(
    'info',
    'a session was ended',
    'reason: `logged_out`, `signed_in_again` (the browser signed in anew), `level_raised` (another one at a higher level is in its place), `refresh_token_reused`, `refresh_token_revoked`, `too_many_sessions` (`sessions.max_per_user`), `ended_by_person`, `ended_by_administrator`, `ended_by_provider` (it has signed the person out there), `identity_unlinked`',
  ),
  'remembered_devices.forgotten': auditEvent<{ forgotten: number }>(
    'info',
    'a person is asked for their second factor again in every browser',
    'in how many browsers they were not',
  ),
  'sessions.ended': auditEvent<{ reason: string; ended: number }>(
    'info',
    'the sessions of a person were ended, and what their browsers are known by',
    'reason (as of `session.revoked`) and how many ended',
  ),
}
