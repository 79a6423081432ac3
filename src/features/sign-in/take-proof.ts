import type { Audit } from '../../core/audit.ts'
import { levelOf, methodsOf } from '../../core/authentication.ts'
import type { Session } from '../../core/records/session.ts'
import type { User } from '../../core/records/user.ts'
import type { UserPrincipal } from '../../core/principal.ts'
import type { RaiseSession, RenewSession } from '../sessions/index.ts'
import type { signInEvents } from './audit-events.ts'

/**
 * `secret`: of the session's cookie from now on; the one before counts no more. `isRaised`: the session is another one, at a higher
 * level, and what hung on the one before has ended.
 */
export interface TakenProof {
  session: Session
  user: User
  secret: string
  isRaised: boolean
}

/**
 * Takes what somebody has proven within their session, now or at `at`. Nothing when the session has ended, or the account is not as
 * `user` says any more.
 */
export type TakeProof = (
  person: UserPrincipal & { sessionId: string },
  user: User,
  proven: { methods: readonly string[]; at?: number },
) => Promise<TakenProof | undefined>

/** Where the level rises another session takes the place of the one; otherwise it goes on, with another secret in its cookie. */
export function createTakeProof(dependencies: {
  renewSession: RenewSession
  raiseSession: RaiseSession
  audit: Audit<typeof signInEvents>
}): TakeProof {
  const { renewSession, raiseSession, audit } = dependencies
  return async ({ subject, sessionId, ...person }, user, { methods: proven, at }) => {
    const methods = methodsOf([...person.methods, ...proven])
    const level = levelOf(methods)
    const isRaised = level !== person.level
    const given = at === undefined ? {} : { at, authenticatedAt: new Date(at) }
    const renewed = isRaised
      ? await raiseSession(sessionId, { methods, level, ...given }, user)
      : await renewSession({ id: sessionId, methods, level, ...given }, user)
    if (renewed === undefined) return undefined
    const { session, secret } = renewed
    audit.record({ event: 'step_up.succeeded', subject, sessionId: session.id, methods })
    return { session, secret, user, isRaised }
  }
}
