import type { Audit } from '../../core/audit.ts'
import type { Clock } from '../../core/clock.ts'
import type { QueuedMail } from '../../core/records/mail.ts'
import type { SessionStore } from '../../core/records/session.ts'
import type { sessionsEvents } from './audit-events.ts'

/** `mails`: about the end, and sent with it alone. */
export type EndSession = (sessionId: string, reason: string, mails?: readonly QueuedMail[]) => Promise<boolean>

/**
 * Ends a session; when it resolves, this replica already refuses everything that hung on it. Ending twice is fine: of all
 * calls one resolves to true.
 */
export function createEndSession(dependencies: {
  sessions: Pick<SessionStore, 'revoke'>
  audit: Audit<typeof sessionsEvents>
  clock: Clock
}): EndSession {
  const { sessions, audit, clock } = dependencies
  return async (sessionId, reason, mails) => {
    const ended = await sessions.revoke(sessionId, reason, new Date(clock.now()), mails)
    if (ended !== undefined) {
      audit.record({ event: 'session.revoked', subject: ended.userId, clientId: ended.clientId, sessionId, reason })
    }
    return ended !== undefined
  }
}
