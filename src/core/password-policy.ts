import { spellingsOf } from './email.ts'
import { GatehouseError } from './errors.ts'
import type { PasswordHasher } from './password-hasher.ts'

/** What is demanded of a new password: part of the `passwords` section of gatehouse.yaml. Lengths are in code points. */
export interface PasswordPolicy {
  readonly min: number
  readonly max: number
  /** The least estimate with which a password may be used. */
  readonly score: number
}

/** Of the policy: what a form says before somebody types. */
export type PasswordLengths = Pick<PasswordPolicy, 'min' | 'max'>

/** What the lengths of a policy may be: no password outside of these is taken anywhere. */
export const lengthBounds = {
  min: { minimum: 8, maximum: 64 },
  max: { minimum: 64, maximum: 256 },
} as const

/** Long, any Unicode and no composition rules, as NIST SP 800-63B asks. */
export const defaultPolicy: PasswordPolicy = { min: 12, max: 128, score: 2 }

/**
 * Estimates how guessable a password is, 0 (at once) to 4 (never), knowing words that belong to the person; `common` where
 * it is one of the most common ones. Rejects with `unavailable` when it cannot tell in time.
 */
export type StrengthEstimate = (password: string, personal: readonly string[]) => Promise<number | 'common'>

/** Whether a password is known from a leak. Never rejects: what cannot be found out holds nobody up. */
export type IsBreached = (password: string) => Promise<boolean>

/**
 * The one spelling of a password that is judged, hashed and verified. The same characters come composed from one keyboard
 * and decomposed from another (NIST SP 800-63B), and a full-width `password` is still the word `password`.
 */
export function canonicalPassword(password: string): string {
  return password.normalize('NFKC')
}

/** Why a password is refused, in words that complete "the password …". */
export const passwordFaultWords = ({ min, max }: PasswordLengths) => ({
  not_unicode: 'must be well-formed Unicode',
  control_characters: 'must not hold line breaks and other control characters',
  too_short: `must have at least ${min} characters`,
  too_long: `must have at most ${max} characters`,
  holds_email: 'must not contain the email address',
  common: 'is one of the most common ones',
  guessable: 'is too easy to guess',
  breached: 'is known from a data leak',
})
export type PasswordFault = keyof ReturnType<typeof passwordFaultWords>

/** Whom a password is for. */
interface PasswordOwner {
  email: string
  name: string
}

/** Says why a password is refused, or nothing when it may be used. */
export type JudgePassword = (password: string, owner: PasswordOwner) => Promise<PasswordFault | undefined>

/**
 * Judges by the policy: the length both as it was typed (one ligature may stand for a whole phrase, and is guessed as one
 * character) and in the spelling that is hashed, without the account's email address or its local part, and neither widely
 * known nor trivially guessable. Bounds the length before anything that takes longer.
 */
export function createJudgePassword(policy: PasswordPolicy, estimate: StrengthEstimate): JudgePassword {
  return async (password, owner) => {
    // Halves of surrogates are hashed as one and the same replacement character, whichever they are.
    if (!password.isWellFormed()) return 'not_unicode'
    // No form takes them, so that nobody could sign in with it: a line break is most often of a file with two lines.
    if (/\p{Cc}/u.test(password)) return 'control_characters'
    const judged = canonicalPassword(password)
    const [typed, length] = [[...password].length, [...judged].length]
    if (Math.min(typed, length) < policy.min) return 'too_short'
    if (length > policy.max) return 'too_long'
    const lower = judged.toLowerCase()
    const [localPart = ''] = owner.email.split('@')
    const spellings = owner.email === '' ? [] : spellingsOf(owner.email)
    if (
      spellings.some((spelling) => lower.includes(spelling)) ||
      (localPart.length >= 5 && lower.includes(localPart))
    ) {
      return 'holds_email'
    }
    const strength = await estimate(judged, [...spellings, localPart, ...owner.name.split(/\s+/)])
    if (strength === 'common') return 'common'
    return strength < policy.score ? 'guessable' : undefined
  }
}

/** A `password_rejected`. */
export class PasswordRejected extends GatehouseError {
  readonly fault: PasswordFault
  constructor(fault: PasswordFault, policy: PasswordPolicy) {
    super('password_rejected', { fields: [{ path: '/body/password', message: passwordFaultWords(policy)[fault] }] })
    this.fault = fault
  }
}

/** Hashes a password that somebody chose for an account. Throws `PasswordRejected` when the policy refuses it. */
export type HashNewPassword = (password: string, owner: PasswordOwner) => Promise<string>

/** Joins policy and hashing, so that no path stores a password that was not judged. */
export function createHashNewPassword(dependencies: {
  hasher: Pick<PasswordHasher, 'hash'>
  policy: PasswordPolicy
  judge: JudgePassword
  isBreached: IsBreached
}): HashNewPassword {
  const { hasher, policy, judge, isBreached } = dependencies
  return async (password, owner) => {
    const fault = (await judge(password, owner)) ?? ((await isBreached(canonicalPassword(password))) && 'breached')
    if (!fault) return hasher.hash(password)
    throw new PasswordRejected(fault, policy)
  }
}
