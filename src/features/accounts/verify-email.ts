import type { Audit } from '../../core/audit.ts'
import { GatehouseError } from '../../core/errors.ts'
import { uuidv7 } from '../../core/ids.ts'
import type { HashNewPassword } from '../../core/password-policy.ts'
import type { Clock } from '../../core/clock.ts'
import { createOneAtATime } from '../../core/one-at-a-time.ts'
import type { RegistrationStore } from '../../core/records/registration.ts'
import { hashSecret } from '../../core/secrets.ts'
import type { RegistrationRules } from './register.ts'
import type { accountsEvents } from './audit-events.ts'

export interface EmailVerification {
  /**
   * Whom a mailed link is for; nothing when it is unknown, used or expired. Uses nothing up. Throws
   * `registration_closed`.
   */
  find(token: string): Promise<{ email: string; name: string } | undefined>
  /**
   * Makes the account that a mailed link is for. A link proves the mailbox, never who typed the password: `password`
   * becomes the account's, whatever the registration said, and may be left out only while nobody else has registered the
   * address. Throws `password_rejected` and `registration_closed`; a link that made no account still works.
   */
  confirm(token: string, password: string | undefined): Promise<'confirmed' | 'password_required' | 'invalid_token'>
}

/** What the link in a verification mail does. It works once and for 24 hours. */
export function createEmailVerification(dependencies: {
  rules: RegistrationRules
  registrations: Pick<RegistrationStore, 'find' | 'confirm'>
  hashNewPassword: HashNewPassword
  audit: Audit<typeof accountsEvents>
  clock: Clock
}): EmailVerification {
  const { rules, registrations, hashNewPassword, audit, clock } = dependencies

  async function find(token: string) {
    // Whoever closes registration wants no further account, whenever it was asked for.
    if (rules.mode !== 'open') throw new GatehouseError('registration_closed')
    return registrations.find(hashSecret(token), new Date(clock.now()))
  }

  async function confirm(token: string, password: string | undefined) {
    const registered = await find(token)
    if (registered === undefined) return 'invalid_token'
    const passwordHash = password === undefined ? undefined : await hashNewPassword(password, registered)
    const now = clock.now()
    const [userId, at] = [uuidv7(now), new Date(now)]
    const outcome = await registrations.confirm({ tokenHash: hashSecret(token), userId, passwordHash, at })
    if (outcome === 'confirmed') audit.record({ event: 'registration.confirmed', subject: userId })
    return outcome
  }

  const oneAtATime = createOneAtATime()
  return { find, confirm: (token, password) => oneAtATime(token, () => confirm(token, password)) }
}
