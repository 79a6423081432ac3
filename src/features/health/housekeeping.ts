import type { Clock } from '../../core/clock.ts'
import type { Log } from '../../core/log.ts'
import type { HousekeepingStore, Retention } from '../../core/records/sweep.ts'

/** How many rows of each kind have gone. */
export type Swept = Record<string, number>

const rowsABatch = 500
/** Each kind gets its turn, whatever the others have left behind. */
const withinMilliseconds = 2_000

/**
 * Lets go of rows that nothing can refer to any more, in small batches, one replica at a time, within a bound: what is left
 * over has its turn a minute later.
 */
export function createHousekeeping(dependencies: {
  store: HousekeepingStore
  clock: Clock
  log: Log
  retention: Retention
  isStopping(): boolean
}): () => Promise<Swept> {
  const { store, clock, log, retention, isStopping } = dependencies
  return async () => {
    const swept: Swept = {}
    for (const { name, kept } of store.sweeps) {
      const endedBefore = new Date(clock.now() - kept(retention))
      const until = performance.now() + withinMilliseconds
      while (!isStopping()) {
        const gone = await store.sweep(name, endedBefore, rowsABatch)
        if (gone === 'busy') return swept
        if (gone > 0) swept[name] = (swept[name] ?? 0) + gone
        if (gone < rowsABatch || performance.now() > until) break
      }
    }
    if (Object.keys(swept).length > 0) log.info({ event: 'housekeeping.swept', ...swept }, 'old rows have gone')
    return swept
  }
}
