import type { PasswordFault, PasswordPolicy } from '../core/password-policy.ts'
import type { KitTexts } from './texts.ts'

/** Of the policy that new passwords are held to: what a form says before somebody types. */
export type PasswordLengths = Pick<PasswordPolicy, 'min_length' | 'max_length'>

/** Why a new password is refused, in a sentence. */
export function passwordFaultText({ kit }: KitTexts, fault: PasswordFault, lengths: PasswordLengths): string {
  const { passwordFaults } = kit
  if (fault === 'too_short') return passwordFaults.too_short(lengths.min_length)
  if (fault === 'too_long') return passwordFaults.too_long(lengths.max_length)
  return passwordFaults[fault]
}
