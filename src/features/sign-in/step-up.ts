import type { Audit } from '../../core/audit.ts'
import type { PasskeyFault, ShownCredential } from '../../core/passkey-answers.ts'
import type { UserStore } from '../../core/records/user.ts'
import type { UserPrincipal } from '../../core/principal.ts'
import type { Ceremonies, CheckCode } from '../factors/index.ts'
import type { CheckPassword, TriedFrom } from './check-password.ts'
import type { signInEvents } from './audit-events.ts'
import type { TakenProof, TakeProof } from './take-proof.ts'

type StepUpOutcome =
  | ({ kind: 'proven' } & TakenProof)
  | { kind: 'invalid_credentials' }
  | { kind: 'invalid_code' }
  | { kind: 'invalid_passkey'; fault: PasskeyFault }
  /** Whoever has a second factor proves themselves by it. */
  | { kind: 'factor_needed' }
  /** The session or the password ended while the proof was looked at. */
  | { kind: 'session_ended' }
  | { kind: 'too_many_failures'; retryAfterSeconds: number; limit: number }

/** What somebody proves themselves by: one of these. */
interface GivenProof {
  password?: string
  /** Of the authenticator app, or a recovery code. */
  code?: string
  credential?: ShownCredential
}

/** Takes a new proof of the person within the session that they are signed in with. */
export type StepUp = (person: UserPrincipal, proof: GivenProof, from: TriedFrom) => Promise<StepUpOutcome>

/**
 * Makes the proof of a session new: its `auth_time` rises, and so does that of every token issued from then on. Where the level
 * rises too, another session takes its place. The cookie gets another secret, so that a copy that somebody else may hold does not count as proven with it. Wrong proofs
 * count as failed sign-ins of the account do. The password of whoever has a second factor or a passkey proves nothing here.
 */
export function createStepUp(dependencies: {
  users: Pick<UserStore, 'findById'>
  checkPassword: CheckPassword
  checkCode: CheckCode
  /** Nothing where there are no passkeys. */
  checkPasskey: Ceremonies['check'] | undefined
  takeProof: TakeProof
  audit: Audit<typeof signInEvents>
}): StepUp {
  const { users, checkPassword, checkCode, checkPasskey, takeProof, audit } = dependencies

  /** Who was proven, and how; or why nobody was. */
  async function prove(
    person: UserPrincipal & { sessionId: string },
    { password, code, credential }: GivenProof,
    from: TriedFrom,
  ) {
    const { subject } = person
    const user = await users.findById(subject)
    if (user === undefined || user.status !== 'active') return { kind: 'session_ended' } as const
    if (credential !== undefined) {
      const asked = { purpose: 'step_up', userId: subject, holder: person.sessionId } as const
      const check = await checkPasskey?.(asked, credential)
      if (check?.kind === 'right') return { ...check, user }
      const fault = check?.kind === 'wrong' ? check.fault : 'unknown'
      return { kind: 'invalid_passkey', fault, reason: 'wrong_passkey' } as const
    }
    if (user.hasSecondFactor) {
      if (code === undefined) return { kind: 'factor_needed' } as const
      const check = await checkCode(user, code, person.sessionId)
      if (check.kind !== 'wrong')
        return check.kind === 'right' ? ({ ...check, user, methods: ['otp'] } as const) : check
      return { kind: 'invalid_code', reason: 'wrong_code' } as const
    }
    if (password === undefined) return { kind: 'invalid_code', reason: 'wrong_code' } as const
    const check = await checkPassword(person.email, password, from)
    if (check.kind === 'too_many_failures') return check
    // An address may have got another owner while it was typed.
    if (check.kind === 'right' && check.user.id === subject) return { ...check, methods: ['pwd'] } as const
    return { kind: 'invalid_credentials', reason: 'wrong_password' } as const
  }

  return async (person, proof, from) => {
    const { subject, sessionId } = person
    if (sessionId === undefined) return { kind: 'session_ended' }
    const proven = await prove({ ...person, sessionId }, proof, from)
    if (proven.kind !== 'right') {
      if ('reason' in proven) audit.record({ event: 'step_up.failed', subject, sessionId, reason: proven.reason })
      return proven
    }
    const taken = await takeProof({ ...person, sessionId }, proven.user, { methods: proven.methods })
    return taken === undefined ? { kind: 'session_ended' } : { kind: 'proven', ...taken }
  }
}
