import type { Clock } from '../../core/clock.ts'
import type { Log } from '../../core/log.ts'
import type { HousekeepingStore, Perishable } from '../../core/records/sweep.ts'

/** How many rows of each kind have gone. */
export type Swept = Partial<Record<Perishable, number>>

const [minute, hour, day] = [60_000, 3_600_000, 86_400_000]
const rowsABatch = 500
/** Each kind gets its turn, whatever the others have left behind. */
const withinMilliseconds = 2_000

/**
 * Lets go of rows that nothing can refer to any more, in small batches, one replica at a time, within a bound: what is left
 * over has its turn a minute later. The order matters: a session leaves after its refresh tokens.
 */
export function createHousekeeping(dependencies: {
  store: HousekeepingStore
  clock: Clock
  log: Log
  graceSeconds: number
  auditRetentionDays: number
  isStopping(): boolean
}): () => Promise<Swept> {
  const { store, clock, log, graceSeconds, auditRetentionDays, isStopping } = dependencies
  /** How long each kind is kept after it ended: room for clocks that differ, and for whoever looks into what happened. */
  const keptMilliseconds: Record<Perishable, number> = {
    replays: graceSeconds * 1000,
    expiredRefreshTokens: hour,
    revokedRefreshTokens: day,
    sessions: day,
    registrations: day,
    knownDevices: hour,
    revokedAccessTokens: hour,
    usedAssertions: 10 * minute,
    revocations: day,
    auditEvents: auditRetentionDays * day,
    apiKeys: 90 * day,
  }

  return async () => {
    const swept: Swept = {}
    for (const [kind, kept] of Object.entries(keptMilliseconds) as [Perishable, number][]) {
      const endedBefore = new Date(clock.now() - kept)
      const until = performance.now() + withinMilliseconds
      while (!isStopping()) {
        const gone = await store.sweep(kind, endedBefore, rowsABatch)
        if (gone === 'busy') return swept
        if (gone > 0) swept[kind] = (swept[kind] ?? 0) + gone
        if (gone < rowsABatch || performance.now() > until) break
      }
    }
    if (Object.keys(swept).length > 0) log.info({ event: 'housekeeping.swept', ...swept }, 'old rows have gone')
    return swept
  }
}
