import { auditEvent } from '../../core/audit.ts'

/** What the trail is told of here. */
export const logoutTokensEvents = {
  'logout_token.given_up': auditEvent<{ reason: string; attempts: number }>(
    'warn',
    'a program could not be told that a session has ended, and is not told any more',
    'reason: [why the last try failed](openid.md#logout-tokens), and how often it was tried',
  ),
}
