import { networkInterfaces } from 'node:os'
import type { Clock } from '../core/clock.ts'

/** Addresses change when a network is joined; asking the system for each request would be waste. */
const keptMilliseconds = 5_000

/** The addresses of this machine's interfaces, at most a few seconds old. */
export function createOwnAddresses(clock: Clock): () => ReadonlySet<string> {
  let known: ReadonlySet<string> = new Set()
  let readAt = -Infinity
  return () => {
    const now = clock.now()
    if (now - readAt >= keptMilliseconds || now < readAt) {
      known = new Set(Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address)))
      readAt = now
    }
    return known
  }
}
