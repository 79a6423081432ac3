import { pbkdf2, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import {
  bounds,
  broken,
  bytesOf,
  type Reading,
  type Refusal,
  type Spelling,
  tooCostly,
  wholeNumber,
} from './spelling.ts'

const derive = promisify(pbkdf2)

const digestBytes: Readonly<Record<string, number>> = { sha1: 20, sha224: 28, sha256: 32, sha384: 48, sha512: 64 }

/** What every spelling of PBKDF2 comes down to. Keys of less than 16 bytes would be met by chance. */
export function readPbkdf2(given: {
  digest: string
  iterations: number
  salt: Buffer | undefined
  key: Buffer | undefined
}): Reading | Refusal {
  const { digest, iterations, salt, key } = given
  const blockBytes = digestBytes[digest]
  if (blockBytes === undefined) return { fault: 'is made by a hash function that is not known here' }
  if (salt === undefined || key === undefined || key.length < 16 || key.length > 128 || !(iterations >= 1))
    return broken
  const work = iterations * Math.ceil(key.length / blockBytes)
  if (work > bounds.pbkdf2Iterations) return tooCostly('a number of iterations', work, bounds.pbkdf2Iterations)
  return {
    costs: `${digest} ${iterations} ${key.length}`,
    async matches(password) {
      return timingSafeEqual(await derive(password, salt, iterations, key.length, digest), key)
    },
  }
}

const hexOf = (text: string) => (/^([0-9a-f]{2})+$/.test(text) ? Buffer.from(text, 'hex') : undefined)

/** A spelling whose parts a pattern finds; `of` says what they are. */
const spelling = (name: string, mark: RegExp, of: (parts: string[]) => Reading | Refusal): Spelling => ({
  name,
  read: (text) => (mark.test(text) ? of(text.replace(mark, '').split('$')) : undefined),
})

export const pbkdf2Spellings: readonly Spelling[] = [
  ...(['sha1', 'sha256'] as const).map((digest) =>
    spelling(`django-pbkdf2-${digest}`, new RegExp(`^pbkdf2_${digest}\\$`), ([iterations, salt, key, ...more]) =>
      more.length > 0 || !salt || !key
        ? broken
        : readPbkdf2({ digest, iterations: wholeNumber(iterations), salt: Buffer.from(salt), key: bytesOf(key) }),
    ),
  ),
  spelling('werkzeug-pbkdf2', /^pbkdf2:/, ([method = '', salt, key, ...more]) => {
    const [digest = '', iterations] = method.split(':')
    if (more.length > 0 || !salt || !key) return broken
    return readPbkdf2({ digest, iterations: wholeNumber(iterations), salt: Buffer.from(salt), key: hexOf(key) })
  }),
  // Of passlib, and of Authelia, whose go-crypt writes the same.
  spelling('passlib-pbkdf2', /^\$(?=pbkdf2(-sha\d+)?\$)/, ([method = '', iterations, salt, key, ...more]) => {
    if (more.length > 0 || salt === undefined || !key) return broken
    const digest = method.split('-')[1] ?? 'sha1'
    return readPbkdf2({ digest, iterations: wholeNumber(iterations), salt: bytesOf(salt), key: bytesOf(key) })
  }),
]

const aspNetDigests = ['sha1', 'sha256', 'sha512']

/** ASP.NET Identity writes bytes in base64, of which the first one says which version it is. */
export const aspNet: readonly Spelling[] = [
  {
    name: 'aspnet-identity-v2',
    read(text) {
      const bytes = bytesOf(text)
      if (bytes === undefined || bytes[0] !== 0 || bytes.length !== 49) return undefined
      return readPbkdf2({ digest: 'sha1', iterations: 1_000, salt: bytes.subarray(1, 17), key: bytes.subarray(17) })
    },
  },
  {
    name: 'aspnet-identity-v3',
    read(text) {
      const bytes = bytesOf(text)
      if (bytes === undefined || bytes[0] !== 1 || bytes.length < 13 + 16 + 16) return undefined
      const saltEnd = 13 + bytes.readUInt32BE(9)
      return readPbkdf2({
        digest: aspNetDigests[bytes.readUInt32BE(1)] ?? 'unknown',
        iterations: bytes.readUInt32BE(5),
        salt: saltEnd < 13 + 16 || saltEnd >= bytes.length ? undefined : bytes.subarray(13, saltEnd),
        key: bytes.subarray(saltEnd),
      })
    },
  },
]
