import type { Audit } from '../../core/audit.ts'
import type { Clock } from '../../core/clock.ts'
import type { Wishes } from '../../core/records/interaction.ts'
import type { AccountKeeping } from './account-keeping.ts'
import type { Advance, Device, SignedIn, Unfinished } from './advance.ts'
import type { CheckPassword, Elsewhere } from './check-password.ts'
import type { signInEvents } from './audit-events.ts'

type LogInOutcome =
  | SignedIn
  | Unfinished
  | { kind: 'invalid_credentials' }
  /** Nobody signs in by a password here. */
  | { kind: 'passwords_off' }
  /** All that the person may do is to keep the account. */
  | { kind: 'deletion_pending'; deletesAt: Date; keepToken: string }
  | { kind: 'too_many_failures'; retryAfterSeconds: number; limit: number }
  | Elsewhere

export type LogIn = (
  request: { email: string; password: string; wishes: Wishes },
  device: Device,
) => Promise<LogInOutcome>

/** Takes email and password, the first step of a sign-in. What is wrong about them has one answer. */
export function createLogIn(dependencies: {
  checkPassword: CheckPassword
  advance: Advance
  keeping: Pick<AccountKeeping, 'seal'>
  audit: Audit<typeof signInEvents>
  clock: Clock
  /** Whether anybody signs in by a password. */
  takesPasswords: boolean
}): LogIn {
  const { checkPassword, advance, keeping, audit, clock, takesPasswords } = dependencies
  return async ({ email, password, wishes }, device) => {
    if (!takesPasswords) return { kind: 'passwords_off' }
    const check = await checkPassword(email, password, device)
    if (check.kind === 'too_many_failures') return check
    if (check.kind === 'wrong') {
      audit.record({ event: 'sign_in.failed', subject: check.user?.id, reason: check.reason })
      return { kind: 'invalid_credentials' }
    }
    if (check.kind === 'must_change' || check.kind === 'ended' || check.kind === 'not_admitted') {
      const subject = 'user' in check ? check.user?.id : undefined
      audit.record({ event: 'sign_in.failed', subject, reason: check.kind })
      return check
    }
    if (check.kind === 'deletion_pending') {
      const { user, deletesAt } = check
      audit.record({ event: 'sign_in.failed', subject: user.id, reason: 'deletion_pending' })
      const keepToken = keeping.seal({ userId: user.id, deletesAt, language: device.language })
      return { kind: 'deletion_pending', deletesAt, keepToken }
    }
    const { user, knownBy, keeps } = check
    const proofs = [{ method: 'pwd', at: clock.now() }]
    const outcome = await advance({ user, proofs, wishes, knownBy, keeps }, device)
    return outcome.kind === 'account_changed' ? { kind: 'invalid_credentials' } : outcome
  }
}
