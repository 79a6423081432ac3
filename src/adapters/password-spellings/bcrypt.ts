import { createHmac, hash } from 'node:crypto'
import { bounds, broken, type Reading, type Refusal, type Spelling, tooCostly } from './spelling.ts'

/**
 * Reads `$2b$12$…`. The letters b and y name right implementations; a is what both wrote before, and is read as they do: a
 * hash that a faulty one made of letters beyond ASCII opens with no password. x names those hashes, and is refused.
 * What is hashed ends after 72 bytes, as it did where the hash was made.
 */
function readBcrypt(text: string, prepared: (password: string) => string = (password) => password) {
  const [, version, cost = '', digest = ''] = /^\$2([a-z]?)\$(\d\d)\$(.*)$/s.exec(text) ?? []
  if (version === undefined) return undefined
  if (!['a', 'b', 'y'].includes(version)) return { fault: 'was made by a faulty implementation of bcrypt' }
  if (!/^[./A-Za-z0-9]{53}$/.test(digest) || Number(cost) < 4) return broken
  if (Number(cost) > bounds.bcryptCost) return tooCostly('a cost', Number(cost), bounds.bcryptCost)
  const usual = `$2b$${cost}$${withoutSpareBits(digest)}`
  return {
    costs: cost,
    async matches(password) {
      const { verify } = await import('@node-rs/bcrypt')
      return verify(prepared(password), usual)
    },
  } satisfies Reading
}

const alphabet = './ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

/** The last letter of a salt stands for two bits, and that of a hash for four; some wrote others beside them. */
function withoutSpareBits(digest: string): string {
  const masked = (at: number, mask: number) => alphabet[alphabet.indexOf(digest[at]!) & mask]!
  return digest.slice(0, 21) + masked(21, 0b110000) + digest.slice(22, 52) + masked(52, 0b111100)
}

/** Reads what stands behind a prefix. */
const behind = (
  prefix: string,
  text: string,
  prepared?: (password: string) => string,
): Reading | Refusal | undefined =>
  text.startsWith(prefix) ? (readBcrypt(text.slice(prefix.length), prepared) ?? broken) : undefined

/** What PHP's `trim` takes away. WordPress takes it from what is typed, when it hashes and when it signs somebody in. */
export const trimmed = (password: string) => password.replaceAll(/^[ \t\n\r\0\v]+|[ \t\n\r\0\v]+$/g, '')

export const bcrypt: readonly Spelling[] = [
  { name: 'bcrypt', read: (text) => readBcrypt(text) },
  {
    // WordPress from 6.8 on hashes what is left of a password of any length.
    name: 'wordpress-bcrypt',
    read: (text) =>
      behind('$wp', text, (password) => createHmac('sha384', 'wp-sha384').update(trimmed(password)).digest('base64')),
  },
  { name: 'django-bcrypt', read: (text) => behind('bcrypt$', text) },
  {
    name: 'django-bcrypt-sha256',
    read: (text) => behind('bcrypt_sha256$', text, (password) => hash('sha256', password)),
  },
]
