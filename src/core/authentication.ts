import type { AuthenticationLevel } from './principal.ts'

/**
 * The methods of proofs as a token tells them (`amr`, RFC 8176): each once, and `mfa` where they are of two kinds. A recovery code is a
 * one-time password too. `fed` is what a provider has proven: one factor, unless it says more.
 */
export function methodsOf(proven: readonly string[]): string[] {
  const methods = [...new Set(proven)]
  const isFirst = methods.includes('pwd') || methods.includes('fed')
  const isMultiple = isFirst && methods.includes('otp') && !methods.includes('mfa')
  return isMultiple ? [...methods, 'mfa'] : methods
}

/** The level that methods reach. */
export function levelOf(methods: readonly string[]): AuthenticationLevel {
  return methods.includes('mfa') ? 'aal2' : 'aal1'
}
