import { sql } from '../drizzle.ts'
import { countOf, day, deleteExpired, minute, type SqlSweep } from '../sweeps.ts'

export const sweeps: readonly SqlSweep[] = [
  { name: 'initialTokens', kept: () => day, run: deleteExpired('initial_access_tokens', 'hash') },
  {
    name: 'usedAssertions',
    kept: () => 10 * minute,
    run: (tx, endedBefore, limit) =>
      countOf(
        tx,
        sql`delete from used_assertions where (client_id, token_id) in (
            select client_id, token_id from used_assertions where expires_at < ${endedBefore}
            order by expires_at limit ${limit})
          returning 1`,
      ),
  },
]
