import { rowsOf, type Transaction } from '../database.ts'
import { type SQL, sql } from '../drizzle.ts'
import { logoutTopic, wakeChannel } from '../wakes.ts'

/**
 * Has the programs of sessions told of their end, in the transaction that ends them: by one statement, and each once, however often a
 * session ends. `which`: a condition on `sessions`.
 */
export async function queueLogouts(tx: Transaction, which: SQL, at: Date): Promise<void> {
  const queued = await rowsOf(
    tx,
    sql`with told as (
          delete from session_programs using sessions
          where sessions.id = session_programs.session_id and ${which}
          returning session_programs.session_id, session_programs.client_id, sessions.user_id)
        ${insertFrom(sql`told`, sql`${at.toISOString()}::timestamptz`)}`,
  )
  if (queued.length > 0) await tx.execute(sql`select pg_notify(${wakeChannel}, ${logoutTopic})`)
}

/** `from`: a relation of `session_id`, `client_id` and `user_id`. */
export const insertFrom = (from: SQL, at: SQL) =>
  sql`insert into logouts (id, client_id, session_id, user_id, created_at, due_at)
      select gen_random_uuid(), client_id, session_id, user_id, ${at}, ${at} from ${from}
      returning 1`
