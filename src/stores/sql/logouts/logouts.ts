import type { LogoutStore } from '../../../core/records/logout.ts'
import type { Database } from '../database.ts'
import { and, eq, sql } from '../drizzle.ts'
import { logoutTopic, type OnWake } from '../wakes.ts'
import { logouts } from './tables.ts'

export function createLogoutStore(db: Database, onWake: OnWake): LogoutStore {
  return {
    async claim(at, until) {
      const { id, clientId, sessionId, userId, createdAt, attempts } = logouts
      const [claimed] = await db
        .update(logouts)
        .set({ dueAt: until, attempts: sql`${attempts} + 1` })
        .where(
          sql`${id} = (
            select id from logouts where due_at <= ${at.toISOString()}::timestamptz
            order by due_at limit 1 for update skip locked)`,
        )
        .returning({ id, clientId, sessionId, userId, createdAt, attempts })
      return claimed
    },
    async settle({ id, attempts }, outcome) {
      // The number of the try tells whether the claim is still this one.
      const it = and(eq(logouts.id, id), eq(logouts.attempts, attempts))
      if (outcome.state === 'done') await db.delete(logouts).where(it)
      else {
        const { dueAt, isTry } = outcome
        await db
          .update(logouts)
          .set({ dueAt, attempts: isTry ? attempts : attempts - 1 })
          .where(it)
      }
    },
    onQueued: (wake) => onWake(logoutTopic, wake),
  }
}
