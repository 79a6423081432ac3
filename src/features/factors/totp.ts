import { Secret, TOTP } from 'otpauth'

/** RFC 6238 as every authenticator app knows it; many ignore what else an address says. */
const parameters = { algorithm: 'SHA1', digits: 6, period: 30 } as const
/** As long as the hash (RFC 4226 §4). */
const keyBytes = 20

/** A new key of 160 random bits, in base 32. */
export function newTotpKey(): string {
  return new Secret({ size: keyBytes }).base32
}

/** The address that an authenticator app reads from a picture (`otpauth://totp/…`). */
export function totpUriOf(key: string, names: { issuer: string; account: string }): string {
  const issuer = names.issuer.replaceAll(':', ' ')
  return new TOTP({ ...parameters, issuer, label: names.account, secret: Secret.fromBase32(key) }).toString()
}

/**
 * The step that a code is of: the present one, or the one before or after, since clocks differ. Nothing for any other code. Further
 * steps are not tried, not even to say how wrong the clock is: the answer would tell more codes right from wrong (RFC 6238 §5.2).
 */
export function totpStepOf(key: string, code: string, now: number): number | undefined {
  const totp = new TOTP({ ...parameters, secret: Secret.fromBase32(key) })
  const delta = totp.validate({ token: code, timestamp: now, window: 1 })
  return delta === null ? undefined : totp.counter({ timestamp: now }) + delta
}
