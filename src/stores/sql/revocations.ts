import { asc, gt, max } from './drizzle.ts'
import type { Clock, RevocationStore } from '../../core/ports.ts'
import type { Database } from './database.ts'
import { revocations } from './schema.ts'

/** `listen` is the one thing that the two engines spell differently. */
export type Listen = (wake: () => void) => Promise<() => Promise<void>>

export function createRevocationStore(db: Database, clock: Clock, listen: Listen): RevocationStore {
  const columns = { sequence: revocations.sequence, kind: revocations.kind, id: revocations.id }
  return {
    async latest() {
      const [row] = await db.select({ sequence: max(revocations.sequence) }).from(revocations)
      return row?.sequence ?? 0
    },
    readLatest: (milliseconds) =>
      db
        .select(columns)
        .from(revocations)
        .where(gt(revocations.at, new Date(clock.now() - milliseconds)))
        .orderBy(asc(revocations.sequence)),
    readAfter: (sequence) =>
      db.select(columns).from(revocations).where(gt(revocations.sequence, sequence)).orderBy(asc(revocations.sequence)),
    onWake: listen,
  }
}
