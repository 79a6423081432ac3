import { auditEvent } from '../../core/audit.ts'

/** What the trail is told of here. */
export const openidEvents = {
  'authorization.issued': auditEvent<{ scopes: readonly string[]; audiences: readonly string[]; asked: boolean }>(
    'info',
    'a person let a program in',
    'scopes, audiences, and whether the person was asked',
  ),
  'authorization.denied': auditEvent('info', 'a person did not let a program in'),
  'authorization.code_replayed': auditEvent(
    'warn',
    'a code was presented a second time: what it had brought has ended',
    'the client is the one that presented it',
  ),
  'authorization.ended': auditEvent<{ reason: string }>(
    'info',
    'what a program was let in for has ended, with its tokens',
    'reason: `refresh_token_revoked`',
  ),
  'consent.withdrawn': auditEvent(
    'info',
    'a program was shut out again, with all its tokens for that person',
    'the client is the program',
  ),
}
