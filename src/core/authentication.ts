import type { AuthenticationLevel } from './principal.ts'

/**
 * The methods of proofs as a token tells them (`amr`, RFC 8176): each once, and `mfa` where they are of two kinds. A recovery code is a
 * one-time password too. A passkey is two by itself: what somebody has, and what its authenticator knows them by. `fed` is what a
 * provider has proven: one factor, unless it says more.
 */
export function methodsOf(proven: readonly string[]): string[] {
  const methods = [...new Set(proven)]
  const isOf = (...those: string[]) => those.some((method) => methods.includes(method))
  const isMultiple = isOf('hwk', 'swk') || (isOf('pwd', 'fed') && isOf('otp'))
  return isMultiple && !isOf('mfa') ? [...methods, 'mfa'] : methods
}

/**
 * The methods of a passkey that has verified its person: a key that cannot leave its authenticator counts as one in hardware (`hwk`), one
 * that can be copied to others as one in software (`swk`).
 */
export function methodsOfPasskey({ backupEligible }: { backupEligible: boolean }): string[] {
  return [backupEligible ? 'swk' : 'hwk', 'user']
}

/** The level that methods reach. */
export function levelOf(methods: readonly string[]): AuthenticationLevel {
  return methods.includes('mfa') ? 'aal2' : 'aal1'
}
