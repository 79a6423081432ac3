import { sql } from '../drizzle.ts'
import { countOf, day, type SqlSweep } from '../sweeps.ts'

export const sweeps: readonly SqlSweep[] = [
  {
    name: 'apiKeys',
    kept: () => 90 * day,
    run: (tx, endedBefore, limit) =>
      countOf(
        tx,
        sql`delete from api_keys where id in (
            select id from api_keys where expires_at < ${endedBefore} or revoked_at < ${endedBefore} limit ${limit})
          returning 1`,
      ),
  },
]
