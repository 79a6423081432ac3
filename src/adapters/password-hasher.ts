import { availableParallelism } from 'node:os'
import { limitKey } from '../core/network.ts'
import type { Log } from '../core/log.ts'
import { type Argon2idCosts, kindOf, ownKind, type PasswordHasher } from '../core/password-hasher.ts'
import { createHashQueue } from './hash-queue.ts'
import { createHashing } from './hashing.ts'
import { importHash } from './password-spellings/index.ts'

/** How many may wait for each that is under way: with the usual costs, half a second. */
const waitingForEach = 32

/**
 * Argon2id in a process of low priority, behind a bounded queue: at most as many hashes at once as there are cores, so that a
 * flood of sign-ins slows down sign-ins and nothing else. `addressOf`: the network address of whoever asks now.
 */
export function createPasswordHasher(
  costs: Argon2idCosts,
  options: { log?: Log; addressOf?: () => string | undefined; width?: number; maxWaiting?: number } = {},
): PasswordHasher {
  const { log, addressOf = () => undefined, width = availableParallelism() } = options
  const { maxWaiting = width * waitingForEach } = options
  const queue = createHashQueue({ width, maxWaiting, networkOf: () => limitKey(addressOf()) })
  const ask = createHashing({ width, log })
  const kind = ownKind(costs)
  return {
    hash: async (password) => String(await queue.run(false, () => ask({ password, costs }))),
    verify: async (stored, password, isPreferred) =>
      (await queue.run(isPreferred, () => ask({ password, stored }))) === true,
    importHash,
    isOutdated: (stored) => kindOf(stored) !== kind,
    assertRoom: queue.assertRoom,
  }
}
