/** What hashes passwords, and tests them. Each call rejects with `unavailable` when too many are waiting, or at a fault. */
export interface PasswordHasher {
  /** Resolves to what is to be stored: Argon2id, with the costs that the settings ask for. */
  hash(password: string): Promise<string>
  /**
   * Whether a password opens a stored hash, whoever made it. `isPreferred`: goes before those that are not, as whoever shows a
   * known device does.
   */
  verify(stored: string, password: string, isPreferred: boolean): Promise<boolean>
  /**
   * Reads a hash that another system made: what is to be stored of it, or why it is not taken, in a sentence that names its
   * spelling and repeats nothing of it.
   */
  importHash(hash: string): ImportedHash
  /** Whether a stored hash is of other costs or of another spelling than a new one would be. */
  isOutdated(stored: string): boolean
  /** Throws `unavailable` when `verify` would, for who asks now without preference: before anything is counted or looked up. */
  assertRoom(): void
}

export type ImportedHash = { readonly stored: string } | { readonly refused: string }

/** What an Argon2id hash costs: the setting `passwords.argon2`. */
export interface Argon2idCosts {
  readonly memory_kib: number
  readonly passes: number
  readonly parallelism: number
}

/**
 * What of a stored hash decides how long its test takes, for JavaScript and for SQL: `$argon2id$…` up to its salt, or the
 * mark of another system's hash, `{bcrypt 12}`.
 */
export const kindPattern = String.raw`^(\{[^}]*\}|\$argon2id\$v=19\$[^$]*)`

const kind = new RegExp(kindPattern)

/** What a stored hash has in common with those whose test takes as long. */
export const kindOf = (stored: string): string => kind.exec(stored)?.[0] ?? ''

/** The kind of what is hashed with these costs. */
export const ownKind = ({ memory_kib, passes, parallelism }: Argon2idCosts): string =>
  `$argon2id$v=19$m=${memory_kib},t=${passes},p=${parallelism}`
