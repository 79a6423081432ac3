import { auditEvent } from '../../core/audit.ts'

/** What the trail is told of here. */
export const tokensEvents = {
  'refresh.rotated': auditEvent('info', 'a refresh token was exchanged'),
  'refresh.replayed': auditEvent(
    'info',
    'a refresh token was retried within its grace window',
    'a retry inside the grace window got the same answer again; told once a token',
  ),
  'refresh.limited': auditEvent<{ limit: number }>(
    'warn',
    'a session is refreshed too often',
    'limit, told once a minute',
  ),
  'refresh.reused': auditEvent<{ subtype: 'previous' | 'stale'; age_seconds: number }>(
    'warn',
    'a used refresh token was presented: its session is ended',
    'its age, and `previous` (its successor was never used, as after a lost answer) or `stale` (older than that)',
  ),
}
