import { sql } from '../drizzle.ts'
import { countOf, type SqlSweep } from '../sweeps.ts'
import { insertFrom } from './queue-logouts.ts'

export const sweeps: readonly SqlSweep[] = [
  {
    // Sessions that are over by themselves: their programs are told. Of one that was used since somebody looks again when it is to end now.
    name: 'sessionPrograms',
    kept: () => 0,
    run: (tx, endedBefore, limit) =>
      countOf(
        tx,
        sql`with due as (
              select session_id, client_id from session_programs where look_at <= ${endedBefore}
              order by look_at limit ${limit} for update skip locked),
            seen as (
              select due.session_id, due.client_id, sessions.user_id, sessions.revoked_at,
                least(sessions.idle_expires_at, sessions.expires_at) as ends_at
              from due join sessions on sessions.id = due.session_id),
            moved as (
              update session_programs as program set look_at = seen.ends_at from seen
              where program.session_id = seen.session_id and program.client_id = seen.client_id
                and seen.revoked_at is null and seen.ends_at > ${endedBefore}),
            told as (
              delete from session_programs as program using seen
              where program.session_id = seen.session_id and program.client_id = seen.client_id
                and (seen.revoked_at is not null or seen.ends_at <= ${endedBefore})
              returning program.session_id, program.client_id, seen.user_id)
            ${insertFrom(sql`told`, endedBefore)}`,
      ),
  },
]
