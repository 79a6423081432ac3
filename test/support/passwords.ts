/** One of each for all services of a process: the one has a process of its own, the other a thread, which reads its dictionaries first. */
import { createPasswordHasher } from '../../src/adapters/password-hasher.ts'
import { createStrengthEstimate } from '../../src/adapters/password-strength.ts'

export const cheapHasher = createPasswordHasher({ memory_kib: 8, passes: 1, parallelism: 1 })
export const estimateStrength = createStrengthEstimate()
