import type { Audit } from '../../core/audit.ts'
import type { Clock, RegistrationStore } from '../../core/ports.ts'
import { hashSecret } from '../../core/secrets.ts'

export type VerifyEmail = (token: string) => Promise<'verified' | 'invalid_token'>

/** Confirms the address that a mailed token belongs to. A token works once and for 24 hours. */
export function createVerifyEmail(dependencies: {
  registrations: Pick<RegistrationStore, 'confirm'>
  audit: Audit
  clock: Clock
}): VerifyEmail {
  const { registrations, audit, clock } = dependencies
  return async (token) => {
    const subject = await registrations.confirm(hashSecret(token), new Date(clock.now()))
    if (subject === undefined) return 'invalid_token'
    audit.record({ event: 'registration.confirmed', subject })
    return 'verified'
  }
}
