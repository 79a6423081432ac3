import { LRUCache } from 'lru-cache'
import type { Clock } from '../../core/clock.ts'
import type { Counters } from '../../core/counters.ts'

interface Window {
  count: number
  endsAt: number
}

/** Counters of one process. Bounded: past 100,000 keys the least recently used are forgotten. */
export function createMemoryCounters(clock: Clock): Counters {
  const windows = new LRUCache<string, Window>({ maxSize: 100_000, sizeCalculation: () => 1 })
  const current = (key: string): Window | undefined => {
    const window = windows.get(key)
    return window !== undefined && window.endsAt > clock.now() ? window : undefined
  }
  const answer = (window: Window) => ({
    count: window.count,
    resetSeconds: Math.ceil((window.endsAt - clock.now()) / 1000),
  })

  return {
    async increment(key, windowSeconds) {
      const window = current(key) ?? { count: 0, endsAt: clock.now() + windowSeconds * 1000 }
      window.count += 1
      windows.set(key, window)
      return answer(window)
    },
  }
}
