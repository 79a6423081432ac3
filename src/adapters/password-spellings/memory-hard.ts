import { createCipheriv, scrypt, type ScryptOptions, timingSafeEqual } from 'node:crypto'
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

/** Reads `$argon2id$v=19$m=…,t=…,p=…$salt$hash`, and `$argon2i$` as well. */
export function readArgon2(text: string): Reading | Refusal | undefined {
  const [, kind, rest = ''] = /^\$argon2(i|id|d|ds)(\$.*)$/s.exec(text) ?? []
  if (kind === undefined) return undefined
  if (kind.startsWith('d')) return { fault: 'is Argon2d, which is not meant for passwords' }
  const pattern = /^(?:\$v=(16|19))?\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{16,86})$/
  const [, version = '16', m, t, p, salt, key] = pattern.exec(rest) ?? []
  const [memory, passes, lanes] = [m, t, p].map(wholeNumber) as [number, number, number]
  if (salt === undefined || key === undefined || !(passes >= 1) || !(lanes >= 1) || !(memory >= 8 * lanes))
    return broken
  if (memory > bounds.memoryKib) return tooCostly('a memory in KiB', memory, bounds.memoryKib)
  if (memory * passes > bounds.argon2Work) return tooCostly('a memory times passes', memory * passes, bounds.argon2Work)
  if (lanes > 16) return tooCostly('a parallelism', lanes, 16)
  const usual = `$argon2${kind}$v=${version}$m=${memory},t=${passes},p=${lanes}$${salt}$${key}`
  return {
    costs: `${kind} ${memory} ${passes} ${lanes} ${key.length}`,
    async matches(password) {
      const { verify } = await import('@node-rs/argon2')
      return verify(usual, password)
    },
  }
}

const deriveScrypt = promisify<string, Uint8Array, number, ScryptOptions, Buffer>(scrypt)

interface ScryptCosts {
  n: number
  r: number
  p: number
}

/** Why costs of scrypt are not taken; nothing when they are. */
function scryptFault({ n, r, p }: ScryptCosts): Refusal | undefined {
  if (!(n >= 2) || Math.log2(n) % 1 !== 0 || !(r >= 1) || !(p >= 1)) return broken
  const memory = (128 * n * r) / 1024
  if (memory > bounds.memoryKib) return tooCostly('a memory in KiB', memory, bounds.memoryKib)
  if (n * r * p > bounds.scryptWork) return tooCostly('a product of N, r and p', n * r * p, bounds.scryptWork)
  return undefined
}

/** Twice what it needs. */
const derive = (password: string, salt: Uint8Array, bytes: number, { n, r, p }: ScryptCosts) =>
  deriveScrypt(password, salt, bytes, { N: n, r, p, maxmem: 256 * n * r + 256 * r * p + 65_536 })

function readScrypt(costs: ScryptCosts, salt: Buffer | undefined, key: Buffer | undefined): Reading | Refusal {
  const fault = scryptFault(costs)
  if (fault !== undefined) return fault
  if (salt === undefined || key === undefined || key.length < 16 || key.length > 128) return broken
  return {
    costs: `${costs.n} ${costs.r} ${costs.p} ${key.length}`,
    matches: async (password) => timingSafeEqual(await derive(password, salt, key.length, costs), key),
  }
}

export const argon2: readonly Spelling[] = [
  { name: 'argon2', read: readArgon2 },
  {
    name: 'django-argon2',
    read: (text) => (text.startsWith('argon2$') ? (readArgon2(text.slice('argon2'.length)) ?? broken) : undefined),
  },
]

export const scryptSpellings: readonly Spelling[] = [
  {
    name: 'django-scrypt',
    read(text) {
      const [name, n, salt, r, p, key, ...more] = text.split('$')
      if (name !== 'scrypt') return undefined
      if (more.length > 0 || !salt || !key) return broken
      const costs = { n: wholeNumber(n), r: wholeNumber(r), p: wholeNumber(p) }
      return readScrypt(costs, Buffer.from(salt), bytesOf(key))
    },
  },
  {
    name: 'werkzeug-scrypt',
    read(text) {
      if (!text.startsWith('scrypt:')) return undefined
      const [method = '', salt, key, ...more] = text.split('$')
      const [n, r, p] = method.split(':').slice(1).map(wholeNumber)
      if (more.length > 0 || !salt || !key || !/^([0-9a-f]{2})+$/.test(key)) return broken
      const costs = { n: n ?? Number.NaN, r: r ?? Number.NaN, p: p ?? Number.NaN }
      return readScrypt(costs, Buffer.from(salt), Buffer.from(key, 'hex'))
    },
  },
  {
    // Of passlib, and of Authelia, whose go-crypt writes the same.
    name: 'passlib-scrypt',
    read(text) {
      if (!text.startsWith('$scrypt$')) return undefined
      const [, ln, r, p, salt, key] = /^\$scrypt\$ln=(\d\d?),r=(\d+),p=(\d+)\$([^$]*)\$([^$]+)$/.exec(text) ?? []
      if (salt === undefined || key === undefined) return broken
      const costs = { n: 2 ** wholeNumber(ln), r: wholeNumber(r), p: wholeNumber(p) }
      return readScrypt(costs, bytesOf(salt), bytesOf(key))
    },
  },
  {
    // As Supabase writes the users of Firebase: beside the hash stands what the project keeps for all of them, its key and separator.
    name: 'firebase-scrypt',
    read(text) {
      if (!text.startsWith('$fbscrypt$')) return undefined
      const pattern = /^\$fbscrypt\$v=1,n=(\d+),r=(\d+),p=(\d+),ss=([^,$]*),sk=([^,$]+)\$([^$]+)\$([^$]+)$/
      const [, n, r, p, separator = '', signer = '', salt = '', key = ''] = pattern.exec(text) ?? []
      const [saltEnd, signerKey, salted, written] = [separator, signer, salt, key].map(bytesOf)
      const costs = { n: 2 ** wholeNumber(n), r: wholeNumber(r), p: wholeNumber(p) }
      if (!saltEnd || !signerKey || !salted || !written || written.length < 16) return broken
      if (signerKey.length !== written.length) return broken
      const fault = scryptFault(costs)
      if (fault !== undefined) return fault
      return {
        costs: `${costs.n} ${costs.r} ${costs.p}`,
        async matches(password) {
          const derived = await derive(password, Buffer.concat([salted, saltEnd]), 32, costs)
          const cipher = createCipheriv('aes-256-ctr', derived, Buffer.alloc(16))
          return timingSafeEqual(Buffer.concat([cipher.update(signerKey), cipher.final()]), written)
        },
      }
    },
  },
]
