import type { Audit } from '../../core/audit.ts'
import { canonicalEmail } from '../../core/email.ts'
import type { Counters, PasswordHasher, User, UserStore } from '../../core/ports.ts'

interface Device {
  ip: string
  userAgent: string
}

export type LogInOutcome<Session> =
  | { kind: 'signed_in'; started: Session }
  | { kind: 'invalid_credentials' }
  | { kind: 'too_many_failures'; retryAfterSeconds: number; limit: number }

export type LogIn<Session> = (
  request: { email: string; password: string },
  device: Device,
) => Promise<LogInOutcome<Session>>

/**
 * Signs a person in with email and password. An unknown, a disabled and a password-less account cost the same time and
 * get the same answer as a wrong password. Each try is counted before it is evaluated, under the canonical address, so
 * that parallel tries or other spellings never get more evaluations than the limit (CVE-2024-4629, CVE-2025-24806).
 */
export function createLogIn<Session extends { session: { id: string } }>(dependencies: {
  users: Pick<UserStore, 'findByEmail'>
  hasher: Pick<PasswordHasher, 'verify'>
  counters: Pick<Counters, 'increment' | 'reset'>
  startSession(user: User, methods: readonly string[], device: Device): Promise<Session | undefined>
  audit: Audit
  failures: { max: number; windowSeconds: number }
}): LogIn<Session> {
  const { users, hasher, counters, startSession, audit, failures } = dependencies
  return async ({ email: address, password }, device) => {
    const email = canonicalEmail(address)
    const counter = `sign-in:${email}`
    const { count, resetSeconds } = await counters.increment(counter, failures.windowSeconds)
    if (count > failures.max) {
      // The first refusal alone: whoever goes on trying shall not fill the trail.
      if (count === failures.max + 1) {
        audit.record({ event: 'sign_in.limited', subject: (await users.findByEmail(email))?.id, limit: failures.max })
      }
      return { kind: 'too_many_failures', retryAfterSeconds: Math.max(1, resetSeconds), limit: failures.max }
    }

    const user = await users.findByEmail(email)
    const matches = await hasher.verify(user?.passwordHash ?? null, password)
    if (user === undefined || !matches || user.status !== 'active') {
      const reason = user === undefined ? 'unknown_account' : matches ? 'user_disabled' : 'wrong_password'
      audit.record({ event: 'sign_in.failed', subject: user?.id, reason })
      return { kind: 'invalid_credentials' }
    }
    await counters.reset(counter)
    const methods = ['pwd']
    const started = await startSession(user, methods, device)
    if (started === undefined) return { kind: 'invalid_credentials' }
    audit.record({ event: 'sign_in.succeeded', subject: user.id, sessionId: started.session.id, methods })
    return { kind: 'signed_in', started }
  }
}
