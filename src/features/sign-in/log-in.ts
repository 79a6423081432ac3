import type { Audit } from '../../core/audit.ts'
import type { Language } from '../../core/language.ts'
import type { QueuedMail } from '../../core/records/mail.ts'
import type { User } from '../../core/records/user.ts'
import type { StartedSession, StartSession } from '../sessions/index.ts'
import type { AccountKeeping } from './account-keeping.ts'
import type { CheckPassword, TriedFrom } from './check-password.ts'
import type { KnownDevices } from './known-devices.ts'
import type { signInEvents } from './audit-events.ts'

interface Device extends TriedFrom {
  userAgent: string
  /** What the person reads. */
  language: Language
}

export type LogInOutcome =
  /** `device`: what the browser is known by from now on. */
  | { kind: 'signed_in'; started: StartedSession; device: { secret: string; expires: Date } | undefined }
  | { kind: 'invalid_credentials' }
  /** All that the person may do is to keep the account. */
  | { kind: 'deletion_pending'; deletesAt: Date; keepToken: string }
  | { kind: 'too_many_failures'; retryAfterSeconds: number; limit: number }

export type LogIn = (
  request: { email: string; password: string; remember?: boolean },
  device: Device,
) => Promise<LogInOutcome>

/** Signs a person in with email and password. What is wrong about them has one answer. */
export function createLogIn(dependencies: {
  checkPassword: CheckPassword
  knownDevices: Pick<KnownDevices, 'remember'>
  startSession: StartSession
  keeping: Pick<AccountKeeping, 'seal'>
  /** What tells the person of a device that their account has not seen; at most so often a day. */
  newDeviceMails(user: User, from: { ip: string; userAgent: string }): Promise<readonly QueuedMail[]>
  audit: Audit<typeof signInEvents>
}): LogIn {
  const { checkPassword, knownDevices, startSession, keeping, newDeviceMails, audit } = dependencies
  return async ({ email, password, remember = true }, device) => {
    const check = await checkPassword(email, password, device)
    if (check.kind === 'too_many_failures') return check
    if (check.kind === 'wrong') {
      audit.record({ event: 'sign_in.failed', subject: check.user?.id, reason: check.reason })
      return { kind: 'invalid_credentials' }
    }
    if (check.kind === 'deletion_pending') {
      const { user, deletesAt } = check
      audit.record({ event: 'sign_in.failed', subject: user.id, reason: 'deletion_pending' })
      const keepToken = keeping.seal({ userId: user.id, deletesAt, language: device.language })
      return { kind: 'deletion_pending', deletesAt, keepToken }
    }
    const { user, knownBy, keeps } = check
    const methods = ['pwd']
    const started = await startSession(user, methods, { ...device, remember })
    if (started === undefined) return { kind: 'invalid_credentials' }
    audit.record({ event: 'sign_in.succeeded', subject: user.id, sessionId: started.session.id, methods })
    const mails = knownBy === undefined ? await newDeviceMails(user, device) : []
    return { kind: 'signed_in', started, device: await knownDevices.remember(user, keeps, mails) }
  }
}
