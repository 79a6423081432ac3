import { spellingsOf } from './email.ts'
import { GatehouseError } from './errors.ts'
import type { PasswordHasher } from './password-hasher.ts'

/** Length bounds in characters (code points), as NIST SP 800-63B asks: long, any Unicode, no composition rules. */
export const passwordLength = { min: 12, max: 128 } as const

/** The least estimate with which a password may be used. */
export const leastStrength = 2

/**
 * Estimates how guessable a password is, 0 (at once) to 4 (never), knowing words that belong to the person. Rejects with
 * `unavailable` when it cannot tell in time.
 */
export type StrengthEstimate = (password: string, personal: readonly string[]) => Promise<number>

/**
 * The one spelling of a password that is judged, hashed and verified. The same characters come composed from one keyboard
 * and decomposed from another (NIST SP 800-63B), and a full-width `password` is still the word `password`.
 */
export function canonicalPassword(password: string): string {
  return password.normalize('NFKC')
}

/** Why a password is refused, in words that complete "the password …". */
export const passwordFaultWords = {
  not_unicode: 'must be well-formed Unicode',
  control_characters: 'must not hold line breaks and other control characters',
  too_short: `must have at least ${passwordLength.min} characters`,
  too_long: `must have at most ${passwordLength.max} characters`,
  holds_email: 'must not contain the email address',
  guessable: 'is too easy to guess',
}
export type PasswordFault = keyof typeof passwordFaultWords

/**
 * Says why a password is refused, or nothing when it may be used: 12 to 128 characters, both as they were typed (one
 * ligature may stand for a whole phrase, and is guessed as one character) and in the spelling that is hashed, without the
 * account's email address or its local part, and neither widely known nor trivially guessable.
 */
async function passwordFault(
  password: string,
  account: { email: string; name: string },
  estimate: StrengthEstimate,
): Promise<PasswordFault | undefined> {
  // Halves of surrogates are hashed as one and the same replacement character, whichever they are.
  if (!password.isWellFormed()) return 'not_unicode'
  // No form takes them, so that nobody could sign in with it: a line break is most often of a file with two lines.
  if (/\p{Cc}/u.test(password)) return 'control_characters'
  const judged = canonicalPassword(password)
  const [typed, length] = [[...password].length, [...judged].length]
  if (Math.min(typed, length) < passwordLength.min) return 'too_short'
  if (length > passwordLength.max) return 'too_long'
  const lower = judged.toLowerCase()
  const [localPart = ''] = account.email.split('@')
  const spellings = spellingsOf(account.email)
  if (spellings.some((spelling) => lower.includes(spelling)) || (localPart.length >= 5 && lower.includes(localPart))) {
    return 'holds_email'
  }
  if ((await estimate(judged, [...spellings, localPart, ...account.name.split(/\s+/)])) < leastStrength) {
    return 'guessable'
  }
  return undefined
}

/** A `password_rejected`. */
export class PasswordRejected extends GatehouseError {
  readonly fault: PasswordFault
  constructor(fault: PasswordFault) {
    super('password_rejected', { fields: [{ path: '/body/password', message: passwordFaultWords[fault] }] })
    this.fault = fault
  }
}

/** Hashes a password that somebody chose for an account. Throws `PasswordRejected` when the policy refuses it. */
export type HashNewPassword = (password: string, account: { email: string; name: string }) => Promise<string>

/** Joins policy and hashing, so that no path stores a password that was not judged. */
export function createHashNewPassword(dependencies: {
  hasher: Pick<PasswordHasher, 'hash'>
  estimateStrength: StrengthEstimate
}): HashNewPassword {
  const { hasher, estimateStrength } = dependencies
  return async (password, account) => {
    const fault = await passwordFault(password, account, estimateStrength)
    if (fault === undefined) return hasher.hash(password)
    throw new PasswordRejected(fault)
  }
}
