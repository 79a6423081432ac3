/**
 * Counts what is asked of cryptography. Import it before anything else: libraries keep the functions that they find when
 * they are loaded.
 */
import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'

const counted = ['hash', 'createHash', 'timingSafeEqual', 'createPublicKey', 'createVerify', 'verify'] as const
const counts = new Map<string, number>()
const functions = crypto as unknown as Record<string, (...given: unknown[]) => unknown>
for (const name of counted) {
  const original = functions[name]!
  functions[name] = (...given) => {
    counts.set(name, (counts.get(name) ?? 0) + 1)
    return original(...given)
  }
}
syncBuiltinESMExports()

/** How often each function of `node:crypto` that hashes, compares, reads keys or verifies is called while `work` runs. */
export async function cryptoWorkOf(work: () => Promise<unknown>): Promise<Record<string, number>> {
  counts.clear()
  await work()
  return Object.fromEntries(counts)
}
