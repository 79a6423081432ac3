import { availableParallelism } from 'node:os'
import { hash, verify } from '@node-rs/argon2'
import { GatehouseError } from '../core/errors.ts'
import { canonicalPassword } from '../core/password-policy.ts'
import type { PasswordHasher } from '../core/password-hasher.ts'

/** What an Argon2id hash costs: the setting `passwords.argon2id`. */
export interface Argon2idCosts {
  readonly memory_kib: number
  readonly passes: number
  readonly parallelism: number
}

/**
 * Argon2id behind a bounded queue: at most as many hashes at once as there are cores, so that a flood of sign-ins slows
 * down sign-ins and nothing else; past `maxWaiting` callers the answer is an early 503.
 */
export function createPasswordHasher(
  costs: Argon2idCosts,
  options: { concurrency?: number; maxWaiting?: number } = {},
): PasswordHasher {
  const parameters = { memoryCost: costs.memory_kib, timeCost: costs.passes, parallelism: costs.parallelism }
  const concurrency = options.concurrency ?? availableParallelism()
  const maxWaiting = options.maxWaiting ?? concurrency * 32
  const waiting: (() => void)[] = []
  let running = 0
  /** Made with the same parameters from a random password; verified when an account has no hash, so that both take as long. */
  let dummyHash: Promise<string> | undefined

  async function queued<T>(work: () => Promise<T>): Promise<T> {
    if (running >= concurrency) {
      if (waiting.length >= maxWaiting) throw new GatehouseError('unavailable', { retryAfterSeconds: 5 })
      await new Promise<void>((resolve) => waiting.push(resolve))
    } else {
      running += 1
    }
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      // The place passes straight to the next in line: `running` stays as it is.
      if (next) next()
      else running -= 1
    }
  }

  return {
    hash: (password) => queued(() => hash(canonicalPassword(password), parameters)),
    verify: (stored, password) =>
      queued(async () => {
        dummyHash ??= hash(crypto.randomUUID(), parameters)
        const matches = await verify(stored ?? (await dummyHash), canonicalPassword(password))
        return stored !== null && matches
      }),
  }
}
