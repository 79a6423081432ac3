import { hash, timingSafeEqual } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { trimmed } from './bcrypt.ts'
import { bounds, broken, type Spelling, tooCostly, wholeNumber } from './spelling.ts'

const alphabet = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** Three bytes in four letters, the lowest bits first, as crypt(3) writes them. */
function encoded(bytes: readonly number[]): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 3) {
    const [a = 0, b, c] = bytes.slice(at, at + 3)
    const value = a | ((b ?? 0) << 8) | ((c ?? 0) << 16)
    const letters = c !== undefined ? 4 : b !== undefined ? 3 : 2
    for (let letter = 0; letter < letters; letter++) text += alphabet[(value >> (6 * letter)) & 63]
  }
  return text
}

const isSame = (a: string, b: string) => a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))

/** So many rounds at a time; other tests go on in between. */
const roundsAtOnce = 4_096
const letOthersGoOn = (round: number) => (round % roundsAtOnce === roundsAtOnce - 1 ? setImmediate() : undefined)

/** `$P$` as WordPress before 6.8 wrote it: MD5, over and over. */
export const phpass: Spelling = {
  name: 'phpass',
  read(text) {
    if (!text.startsWith('$P$')) return undefined
    const [, count = '', salt = '', digest = ''] =
      /^\$P\$([./0-9A-Za-z])([!-~]{8})([./0-9A-Za-z]{22})$/.exec(text) ?? []
    const log2 = alphabet.indexOf(count)
    if (digest === '' || log2 < 7) return broken
    if (log2 > bounds.phpassLog2) return tooCostly('a binary logarithm of rounds', log2, bounds.phpassLog2)
    return {
      costs: String(log2),
      async matches(password) {
        const typed = Buffer.from(trimmed(password))
        let state = hash('md5', Buffer.concat([Buffer.from(salt), typed]), 'buffer')
        for (let round = 0; round < 2 ** log2; round++) {
          state = hash('md5', Buffer.concat([state, typed]), 'buffer')
          await letOthersGoOn(round)
        }
        return isSame(encoded([...state]), digest)
      },
    }
  },
}

/** In which order the bytes of a digest are written. */
const orders = {
  sha256: [...Array.from({ length: 10 }, (_, at) => turned(at, 10, [0, 2, 1])).flat(), 30, 31],
  sha512: [...Array.from({ length: 21 }, (_, at) => turned(at, 21, [0, 1, 2])).flat(), 63],
} as const

/** Three bytes that lie a third of the digest apart, each time beginning with another of them. */
function turned(at: number, third: number, starts: readonly number[]): number[] {
  const start = starts[at % 3]!
  return [2, 1, 0].map((place) => at + third * ((start + place) % 3))
}

type Digest = keyof typeof orders

/** SHA-crypt as its author described it (Drepper, 2008), steps 1 to 22. */
async function shaCrypt(digest: Digest, password: Buffer, salt: Buffer, rounds: number): Promise<string> {
  const hashed = (...parts: readonly Uint8Array[]) => hash(digest, Buffer.concat(parts), 'buffer')
  const filled = (from: Buffer, length: number) => Buffer.alloc(length, from)
  const both = hashed(password, salt, password)
  const bits = password.length === 0 ? [] : [...password.length.toString(2)].toReversed()
  let state = hashed(
    ...[password, salt, filled(both, password.length)],
    ...bits.map((bit) => (bit === '1' ? both : password)),
  )
  const p = filled(hashed(filled(password, password.length ** 2)), password.length)
  const s = filled(hashed(filled(salt, salt.length * (16 + state[0]!))), salt.length)
  for (let round = 0; round < rounds; round++) {
    const isOdd = round % 2 === 1
    const parts = [isOdd ? p : state, ...(round % 3 === 0 ? [] : [s]), ...(round % 7 === 0 ? [] : [p])]
    state = hashed(...parts, isOdd ? state : p)
    await letOthersGoOn(round)
  }
  return encoded(orders[digest].map((at) => state[at]!))
}

/** What `$5$` and `$6$` write where they say nothing of rounds. */
const usualRounds = 5_000

const shaCryptOf = (name: string, mark: string, digest: Digest, letters: number): Spelling => ({
  name,
  read(text) {
    if (!text.startsWith(mark)) return undefined
    const rest = text.slice(mark.length)
    const [, told, salt, written = ''] = /^(?:rounds=([^$]*)\$)?([^$]{1,16})\$([./0-9A-Za-z]+)$/.exec(rest) ?? []
    const rounds = told === undefined ? usualRounds : wholeNumber(told)
    if (salt === undefined || written.length !== letters || !(rounds >= 1_000)) return broken
    if (rounds > bounds.cryptRounds) return tooCostly('a number of rounds', rounds, bounds.cryptRounds)
    return {
      costs: String(rounds),
      async matches(password) {
        return isSame(await shaCrypt(digest, Buffer.from(password), Buffer.from(salt), rounds), written)
      },
    }
  },
})

export const crypt: readonly Spelling[] = [
  shaCryptOf('sha256-crypt', '$5$', 'sha256', 43),
  shaCryptOf('sha512-crypt', '$6$', 'sha512', 86),
]
