import { randomInt } from 'node:crypto'
import { hashSecret } from '../../core/secrets.ts'

/** Crockford's base 32: without letters that are read for others. */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'
/** 80 random bits. */
const length = 16
const count = 10

/** Ten new codes, in groups of four: `7k2m-x9fq-3ab4-p0rz`. */
export function newRecoveryCodes(): string[] {
  return Array.from({ length: count }, () =>
    Array.from({ length }, (_, at) => (at > 0 && at % 4 === 0 ? '-' : '') + alphabet[randomInt(alphabet.length)]!).join(
      '',
    ),
  )
}

/** What somebody typed as a code, without what does not matter; nothing when it cannot be one. */
export function readRecoveryCode(typed: string): string | undefined {
  const code = typed.toLowerCase().replaceAll(/[\s-]/g, '').replaceAll('o', '0').replaceAll(/[il]/g, '1')
  return code.length === length && [...code].every((character) => alphabet.includes(character)) ? code : undefined
}

/** How a code is kept. With its person, so that nobody who has all hashes tries one guess against everybody's. */
export function hashRecoveryCode(userId: string, code: string): string {
  return hashSecret(`${userId} ${code.replaceAll('-', '')}`)
}
