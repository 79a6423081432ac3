import type { Clock } from './clock.ts'

/** Of more keys than these the one told longest ago is forgotten, and told again. */
const maxKeys = 10_000

/** Says of each key, once in so many seconds and on this replica, that it is to be told: nobody can fill a log or trail. */
export function createTellOnce(clock: Clock, seconds: number): (key: string) => boolean {
  // A map keeps the order in which its keys came.
  const told = new Map<string, number>()
  return (key) => {
    const now = clock.now()
    if (now - (told.get(key) ?? Number.NEGATIVE_INFINITY) < seconds * 1000) return false
    told.delete(key)
    told.set(key, now)
    if (told.size > maxKeys) told.delete(told.keys().next().value!)
    return true
  }
}
