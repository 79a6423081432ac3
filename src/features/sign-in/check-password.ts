import type { Audit } from '../../core/audit.ts'
import type { Counters } from '../../core/counters.ts'
import type { PasswordHasher } from '../../core/password-hasher.ts'
import type { User, UserStore } from '../../core/records/user.ts'
import type { Shown } from '../../core/secrets.ts'
import { canonicalLogin } from '../../core/username.ts'
import type { KnownDevices } from './known-devices.ts'
import type { signInEvents } from './audit-events.ts'
import type { FailureLimits } from './settings.ts'

type PasswordCheck =
  /** `knownBy`: the secret that the browser is known by for this account. */
  | { kind: 'right'; user: User; knownBy: string | undefined }
  /** `user`: whose account it would be. */
  | { kind: 'wrong'; user: User | undefined; reason: 'unknown_account' | 'user_disabled' | 'wrong_password' }
  | { kind: 'too_many_failures'; retryAfterSeconds: number; limit: number }

/** `login`: an email address or a user name; `known`: what the browser shows that it is known by. */
export type CheckPassword = (login: string, password: string, known: Shown | undefined) => Promise<PasswordCheck>

/**
 * Tests the password of an account, wherever one is asked for: all doors share one budget of failures. An unknown, a
 * disabled and a password-less account cost the same time as a wrong password. Each try is counted before it is evaluated,
 * under the canonical address, so that parallel tries or other spellings never get more evaluations than the limit
 * (CVE-2024-4629, CVE-2025-24806). A browser that is known for the account has tries of its own, so that no stranger locks
 * its person out.
 */
export function createCheckPassword(dependencies: {
  users: Pick<UserStore, 'findByLogin'>
  hasher: Pick<PasswordHasher, 'verify'>
  counters: Pick<Counters, 'increment' | 'reset'>
  knownDevices: Pick<KnownDevices, 'mayTry' | 'clearTries'>
  audit: Audit<typeof signInEvents>
  limits: FailureLimits
}): CheckPassword {
  const { users, hasher, counters, knownDevices, audit, limits } = dependencies
  return async (login, password, known) => {
    const named = canonicalLogin(login)
    const user = await users.findByLogin(named)
    // An account has one budget of tries, by whatever it is named.
    const email = user?.email ?? named
    // By a number in its name, so that lifting a lockout needs no store but SQL.
    const counter = `sign-in:${user?.unlocks ?? 0}:${email}`
    const knownBy = await knownDevices.mayTry(known, email)
    if (knownBy === undefined) {
      const { count, resetSeconds } = await counters.increment(counter, limits.failure_window_seconds)
      if (count > limits.failures_per_account) {
        // The first refusal alone: whoever goes on trying shall not fill the trail.
        if (count === limits.failures_per_account + 1) {
          audit.record({ event: 'sign_in.limited', subject: user?.id, limit: limits.failures_per_account })
        }
        return {
          kind: 'too_many_failures',
          retryAfterSeconds: Math.max(1, resetSeconds),
          limit: limits.failures_per_account,
        }
      }
    }

    const matches = await hasher.verify(user?.passwordHash ?? null, password)
    if (user === undefined) return { kind: 'wrong', user, reason: 'unknown_account' }
    if (!matches || user.status !== 'active') {
      return { kind: 'wrong', user, reason: matches ? 'user_disabled' : 'wrong_password' }
    }
    // What strangers tried stays counted: it locks them out, and not the person.
    await (knownBy === undefined ? counters.reset(counter) : knownDevices.clearTries(knownBy))
    return { kind: 'right', user, knownBy }
  }
}
