/** What a hash of another system says about itself. */
export interface Reading {
  /** All that decides how long a test takes, such as `12` or `sha256 600000 32`. */
  readonly costs: string
  /** Whether a password is the one, as the system that made the hash would say. */
  matches(password: string): Promise<boolean>
}

/** A hash that is of a spelling, and not taken; the words complete "it …" and repeat nothing secret. */
export interface Refusal {
  readonly fault: string
}

/** A way in which a system writes password hashes. */
export interface Spelling {
  /** By which it is told and stored. Stays as it is for good. */
  readonly name: string
  /** Reads a hash; nothing when it is of another spelling. Loads nothing, and computes nothing. */
  read(text: string): Reading | Refusal | undefined
}

/** The costs with which a hash is taken: each test takes a second or so, and a quarter of a gigabyte, at most. */
export const bounds = {
  bcryptCost: 14,
  memoryKib: 262_144,
  /** KiB times passes. */
  argon2Work: 1_048_576,
  /** N times r times p. */
  scryptWork: 2 ** 21,
  /** Iterations times blocks of the key. */
  pbkdf2Iterations: 4_000_000,
  cryptRounds: 1_000_000,
  phpassLog2: 18,
} as const

export const broken: Refusal = { fault: 'is damaged, or was cut off' }
export const tooCostly = (what: string, cost: number, most: number): Refusal => ({
  fault: `asks for ${what} of ${cost}, and at most ${most} is tested here`,
})

/** The bytes that base64 stands for, in any of its common alphabets and with or without padding; nothing for other text. */
export function bytesOf(text: string): Buffer | undefined {
  const plain = text
    .replaceAll('-', '+')
    .replaceAll('_', '/')
    .replaceAll('.', '+')
    .replace(/={1,2}$/, '')
  if (!/^[A-Za-z0-9+/]*$/.test(plain) || plain.length % 4 === 1) return undefined
  return Buffer.from(plain, 'base64')
}

/** A whole number in decimal digits without needless ones, else NaN. */
export function wholeNumber(text: string | undefined): number {
  return text !== undefined && /^(0|[1-9]\d{0,11})$/.test(text) ? Number(text) : Number.NaN
}
