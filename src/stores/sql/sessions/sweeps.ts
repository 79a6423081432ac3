import { sql } from '../drizzle.ts'
import { countOf, day, type SqlSweep } from '../sweeps.ts'

export const sweeps: readonly SqlSweep[] = [
  {
    name: 'sessions',
    kept: () => day,
    run: (tx, endedBefore, limit) =>
      countOf(
        tx,
        sql`delete from sessions where id in (
            select session.id from sessions as session
            where (session.expires_at < ${endedBefore} or session.revoked_at < ${endedBefore})
              and not exists (select 1 from refresh_families where session_id = session.id)
            limit ${limit} for update skip locked)
          returning 1`,
      ),
  },
]
