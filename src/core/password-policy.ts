/** Length bounds in characters (code points), as NIST SP 800-63B asks: long, any Unicode, no composition rules. */
export const passwordLength = { min: 12, max: 128 } as const

/** Estimates how guessable a password is, 0 (at once) to 4 (never), knowing words that belong to the person. */
export type StrengthEstimate = (password: string, personal: readonly string[]) => Promise<number>

/**
 * Says why a password is refused, or nothing when it may be used: 12 to 128 characters, without the account's email
 * address or its local part, and neither widely known nor trivially guessable.
 */
export async function passwordFault(
  password: string,
  account: { email: string; name: string },
  estimate: StrengthEstimate,
): Promise<string | undefined> {
  const length = [...password].length
  if (length < passwordLength.min) return `must have at least ${passwordLength.min} characters`
  if (length > passwordLength.max) return `must have at most ${passwordLength.max} characters`
  const lower = password.toLowerCase()
  const [localPart = ''] = account.email.split('@')
  if (lower.includes(account.email) || (localPart.length >= 5 && lower.includes(localPart))) {
    return 'must not contain the email address'
  }
  if ((await estimate(password, [account.email, localPart, ...account.name.split(/\s+/)])) < 2) {
    return 'is too easy to guess'
  }
  return undefined
}
