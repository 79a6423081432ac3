import { sql } from '../drizzle.ts'
import { countOf, day, type SqlSweep } from '../sweeps.ts'

export const sweeps: readonly SqlSweep[] = [
  // In the order of their numbers, and never the newest of the old ones: a reader that finds the row it read last knows
  // that none after it is missing.
  {
    name: 'revocations',
    kept: () => day,
    run: (tx, endedBefore, limit) =>
      countOf(
        tx,
        sql`delete from revocations where sequence in (
            select sequence from revocations
            where sequence < (
              select sequence from revocations where at < ${endedBefore} order by at desc, sequence desc limit 1)
            order by sequence limit ${limit})
          returning 1`,
      ),
  },
]
