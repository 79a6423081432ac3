import { type SQL, sql } from '../drizzle.ts'
import { countOf, day, type SqlSweep } from '../sweeps.ts'

/** Those that ended one way or the other, some days after that. */
const deleteEnded =
  (states: SQL): SqlSweep['run'] =>
  (tx, endedBefore, limit) =>
    countOf(
      tx,
      sql`delete from mails where id in (
            select id from mails where state in (${states}) and ended_at < ${endedBefore}
            limit ${limit} for update skip locked)
          returning 1`,
    )

export const sweeps: readonly SqlSweep[] = [
  { name: 'sentMails', kept: () => 7 * day, run: deleteEnded(sql`'sent', 'expired'`) },
  {
    // What could not be answered for so long, whoever asked has asked again.
    name: 'mailRequests',
    kept: () => day,
    run: (tx, endedBefore, limit) =>
      countOf(
        tx,
        sql`delete from mail_requests where id in (
            select id from mail_requests where created_at < ${endedBefore}
            order by created_at limit ${limit} for update skip locked)
          returning 1`,
      ),
  },
  { name: 'deadMails', kept: () => 30 * day, run: deleteEnded(sql`'dead'`) },
]
