import type { Clock, SessionStore } from '../../core/ports.ts'
import type { RevocationFeed } from './revocation-feed.ts'

export type EndSession = (sessionId: string, reason: string) => Promise<void>

/** Ends a session; when it resolves, this replica already refuses everything that hung on it. Ending twice is fine. */
export function createEndSession(dependencies: {
  sessions: Pick<SessionStore, 'revoke'>
  feed: Pick<RevocationFeed, 'catchUp'>
  clock: Clock
}): EndSession {
  const { sessions, feed, clock } = dependencies
  return async (sessionId, reason) => {
    await sessions.revoke(sessionId, reason, new Date(clock.now()))
    await feed.catchUp()
  }
}
