import type { Audit } from '../../core/audit.ts'
import type { Session } from '../../core/records/session.ts'
import type { User } from '../../core/records/user.ts'
import type { UserPrincipal } from '../../core/principal.ts'
import type { RenewSession } from '../sessions/index.ts'
import type { CheckPassword, TriedFrom } from './check-password.ts'
import type { signInEvents } from './audit-events.ts'

type StepUpOutcome =
  /** `secret`: of the session's cookie from now on; the one before counts no more. */
  | { kind: 'proven'; session: Session; user: User; secret: string }
  | { kind: 'invalid_credentials' }
  /** The session or the password ended while the proof was looked at. */
  | { kind: 'session_ended' }
  | { kind: 'too_many_failures'; retryAfterSeconds: number; limit: number }

/** Takes a new proof of the person within the session that they are signed in with. */
export type StepUp = (person: UserPrincipal, proof: { password: string }, from: TriedFrom) => Promise<StepUpOutcome>

/**
 * Makes the proof of a session new: its `auth_time` rises, and so does that of every token issued from then on. The
 * cookie gets another secret, so that a copy that somebody else may hold does not count as proven with it. Wrong proofs
 * count as failed sign-ins of the account do.
 */
export function createStepUp(dependencies: {
  checkPassword: CheckPassword
  renewSession: RenewSession
  audit: Audit<typeof signInEvents>
}): StepUp {
  const { checkPassword, renewSession, audit } = dependencies
  return async (person, { password }, from) => {
    const { subject, sessionId } = person
    if (sessionId === undefined) return { kind: 'session_ended' }
    const check = await checkPassword(person.email, password, from)
    if (check.kind === 'too_many_failures') return check
    // An address may have got another owner while it was typed.
    if (check.kind !== 'right' || check.user.id !== subject) {
      audit.record({ event: 'step_up.failed', subject, sessionId, reason: 'wrong_password' })
      return { kind: 'invalid_credentials' }
    }
    const methods = [...new Set([...person.methods, 'pwd'])]
    const renewed = await renewSession({ id: sessionId, methods, level: person.level }, check.user)
    if (renewed === undefined) return { kind: 'session_ended' }
    audit.record({ event: 'step_up.succeeded', subject, sessionId, methods })
    return { kind: 'proven', ...renewed, user: check.user }
  }
}
