import { asc, gt, gte, max } from '../drizzle.ts'
import type { Clock } from '../../../core/clock.ts'
import type { RevocationStore } from '../../../core/records/revocation.ts'
import type { Database } from '../database.ts'
import { feedTopic, type OnWake } from '../wakes.ts'
import { revocations } from './tables.ts'

export function createRevocationStore(
  db: Database,
  clock: Clock,
  { onWake, readers }: { onWake: OnWake; readers: Set<() => Promise<void>> },
): RevocationStore {
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
    async readAfter(sequence) {
      // With the row that was read last: as long as it is there, so are all after it.
      const found = await db
        .select(columns)
        .from(revocations)
        .where(gte(revocations.sequence, sequence))
        .orderBy(asc(revocations.sequence))
      const rows = found.filter((row) => row.sequence > sequence)
      return { rows, complete: rows.length < found.length || (sequence === 0 && (rows[0]?.sequence ?? 1) === 1) }
    },
    onWake: (wake) => onWake(feedTopic, wake),
    async onChange(read) {
      readers.add(read)
      return async () => void readers.delete(read)
    },
  }
}
