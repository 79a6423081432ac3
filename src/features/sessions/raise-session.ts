import type { Clock } from '../../core/clock.ts'
import type { ElsewhereStore } from '../../core/records/elsewhere.ts'
import type { Session, SessionStore } from '../../core/records/session.ts'
import type { User } from '../../core/records/user.ts'
import type { EndSession } from './end-session.ts'
import type { StartedSession, StartSession } from './start-session.ts'

export type RaiseSession = (
  sessionId: string,
  proof: Pick<Session, 'level'> & { methods: readonly string[]; at?: number },
  user: User,
) => Promise<StartedSession | undefined>

/**
 * Puts a session of a higher level in the place of one, on the same device. The former ends with all that hung on it: whoever holds a
 * copy of a token or cookie that was issued at the lower level has no part in the rise (CWE-384). Nothing when it had ended, or the
 * account is not as `user` says any more; of parallel rises of one session one begins another. What was begun by a provider ends when it
 * would have ended.
 */
export function createRaiseSession(dependencies: {
  sessions: Pick<SessionStore, 'findLive'>
  elsewhere: Pick<ElsewhereStore, 'ofSession'>
  startSession: StartSession
  endSession: EndSession
  clock: Clock
}): RaiseSession {
  const { sessions, elsewhere, startSession, endSession, clock } = dependencies
  return async (sessionId, proof, user) => {
    const live = await sessions.findLive({ id: sessionId }, new Date(clock.now()))
    const begunBy = await elsewhere.ofSession(sessionId)
    if (live === undefined || !(await endSession(sessionId, 'level_raised'))) return undefined
    const { ip, userAgent, remembered: remember } = live.session
    return startSession(user, proof, { ip, userAgent, remember, elsewhere: begunBy })
  }
}
