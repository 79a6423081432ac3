import { and, arrayContains, asc, eq, isNull, lte, ne, sql } from '../drizzle.ts'
import type { DeletionStore } from '../../../core/records/deletion.ts'
import { adminRole } from '../../../core/principal.ts'
import { endKeys } from '../api-keys/live-keys.ts'
import type { Change } from '../changes.ts'
import { advisoryLocks, type Database } from '../database.ts'
import { queueMails } from '../mail/queue-mails.ts'
import { mails } from '../mail/tables.ts'
import { endRegistrations, holdAddresses } from './addresses.ts'
import { endLinks, endSessionsOf } from './passwords.ts'
import { usernameClaims, users } from './tables.ts'

export function createDeletionStore(db: Database, change: Change): DeletionStore {
  return {
    async request({ userId, provenHash, deletesAt, at, mails: told = [] }) {
      return await change(async (tx, announce) => {
        await tx.execute(sql`select pg_advisory_xact_lock(${advisoryLocks.administrators})`)
        const [user] = await tx
          .select({ roles: users.roles })
          .from(users)
          .where(
            and(
              eq(users.id, userId),
              eq(users.status, 'active'),
              sql`${users.passwordHash} is not distinct from ${provenHash}`,
            ),
          )
          .for('update')
        if (user === undefined) return 'not_there'
        const others = and(arrayContains(users.roles, [adminRole]), eq(users.status, 'active'), ne(users.id, userId))
        if (user.roles.includes(adminRole) && (await tx.$count(users, others)) === 0) return 'last_administrator'
        await tx.update(users).set({ status: 'deleting', deletesAt }).where(eq(users.id, userId))
        await endLinks(tx, userId)
        await endSessionsOf(tx, userId, 'user_deleted', at)
        await endKeys(tx, userId, at)
        await queueMails(tx, told)
        await announce('user', [userId], at)
        return 'requested'
      })
    },
    async keep({ userId, deletesAt, at, mails: told = [] }) {
      return await change(async (tx, announce) => {
        const pending = and(eq(users.id, userId), eq(users.status, 'deleting'), eq(users.deletesAt, deletesAt))
        const kept = await tx
          .update(users)
          .set({ status: 'active', deletesAt: null })
          .where(and(pending, sql`${users.deletesAt} > ${at.toISOString()}::timestamptz`))
          .returning({ id: users.id })
        if (kept.length === 0) return false
        await queueMails(tx, told)
        await announce('user', [userId], at)
        return true
      })
    },
    async due(at, limit) {
      const rows = await db
        .select({ id: users.id })
        .from(users)
        .where(lte(users.deletesAt, at))
        .orderBy(asc(users.deletesAt))
        .limit(limit)
      return rows.map(({ id }) => id)
    },
    async remove(userId, at, dueBy) {
      const [user] = await db.select({ email: users.email }).from(users).where(eq(users.id, userId))
      if (user === undefined) return false
      return await change(async (tx, announce) => {
        await holdAddresses(tx, user.email)
        await endRegistrations(tx, user.email)
        const isDue = dueBy === undefined ? undefined : and(eq(users.status, 'deleting'), lte(users.deletesAt, dueBy))
        // What refers to the account goes with it (`on delete cascade`).
        const gone = await tx
          .delete(users)
          .where(and(eq(users.id, userId), isDue))
          .returning({ id: users.id })
        if (gone.length === 0) return false
        await tx.delete(mails).where(eq(mails.userId, userId))
        await tx
          .update(usernameClaims)
          .set({ releasedAt: at })
          .where(and(eq(usernameClaims.userId, userId), isNull(usernameClaims.releasedAt)))
        await announce('user', [userId], at)
        return true
      })
    },
  }
}
