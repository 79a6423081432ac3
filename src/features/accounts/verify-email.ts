import type { Clock, RegistrationStore } from '../../core/ports.ts'
import { hashSecret } from '../../core/secrets.ts'

export type VerifyEmail = (token: string) => Promise<'verified' | 'invalid_token'>

/** Confirms the address that a mailed token belongs to. A token works once and for 24 hours. */
export function createVerifyEmail(dependencies: {
  registrations: Pick<RegistrationStore, 'confirm'>
  clock: Clock
}): VerifyEmail {
  const { registrations, clock } = dependencies
  return async (token) =>
    (await registrations.confirm(hashSecret(token), new Date(clock.now()))) ? 'verified' : 'invalid_token'
}
