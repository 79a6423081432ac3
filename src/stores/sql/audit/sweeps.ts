import { sql } from '../drizzle.ts'
import { countOf, day, type SqlSweep } from '../sweeps.ts'

export const sweeps: readonly SqlSweep[] = [
  {
    name: 'auditEvents',
    kept: ({ audit }) => audit.retention_days * day,
    run: (tx, endedBefore, limit) =>
      countOf(
        tx,
        sql`delete from audit_events where id in (
            select id from audit_events where at < ${endedBefore} order by at limit ${limit})
          returning 1`,
      ),
  },
]
