import { and, asc, eq, inArray, isNull, lte, or, sql } from '../drizzle.ts'
import type { DeletionStore } from '../../../core/records/deletion.ts'
import { endKeys } from '../api-keys/live-keys.ts'
import type { Announce, Change } from '../changes.ts'
import type { Database, Transaction } from '../database.ts'
import { queueLogouts } from '../logouts/queue-logouts.ts'
import { queueMails } from '../mail/queue-mails.ts'
import { mailRequests, mails } from '../mail/tables.ts'
import { endWaysIn, holdAddresses } from './addresses.ts'
import { isLastAdministrator } from './administrators.ts'
import { endLinks, endSessionsOf, NothingToUse, unlessNothing } from './passwords.ts'
import { sessions } from '../sessions/tables.ts'
import { emailChanges, usernameClaims, users } from './tables.ts'

export function createDeletionStore(db: Database, change: Change): DeletionStore {
  return {
    async request({ userId, provenHash, deletesAt, at, mails: told = [] }) {
      return await change(async (tx, announce) => {
        if (await isLastAdministrator(tx, userId)) return 'last_administrator'
        const [user] = await tx
          .select({ id: users.id })
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
        await tx.update(users).set({ status: 'deleting', deletesAt }).where(eq(users.id, userId))
        await endLinks(tx, userId, at)
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
    async remove(removal) {
      for (;;) {
        const [user] = await db.select({ email: users.email }).from(users).where(eq(users.id, removal.userId))
        if (user === undefined) return 'not_there'
        const outcome = await unlessNothing(() =>
          change((tx, announce) => removeIn([tx, announce], removal, user.email)),
        )
        if (outcome === false) return 'not_there'
        // Held was the address that it had before.
        if (outcome !== 'moved') return outcome
      }
    },
  }
}

/** Removes an account that has this address still. */
async function removeIn(
  [tx, announce]: [Transaction, Announce],
  { userId, at, dueBy, keepsAdministrator, recipientsOf }: Parameters<DeletionStore['remove']>[0],
  email: string,
): Promise<Awaited<ReturnType<DeletionStore['remove']>> | 'moved'> {
  if (keepsAdministrator && (await isLastAdministrator(tx, userId))) return 'last_administrator'
  await holdAddresses(tx, email)
  // As long as it is held nobody else changes it.
  const [user] = await tx.select({ email: users.email }).from(users).where(eq(users.id, userId))
  if (user === undefined) return 'not_there'
  if (user.email !== email) return 'moved'
  const recipients = recipientsOf(email)
  // An answer that is under way is waited for, and goes too.
  await tx.delete(mailRequests).where(inArray(mailRequests.recipient, recipients))
  await endWaysIn(tx, email)
  await queueLogouts(tx, eq(sessions.userId, userId), at)
  // What refers to the account goes with it (`on delete cascade`).
  const gone = await tx
    .delete(users)
    .where(and(eq(users.id, userId), dueBy && lte(users.deletesAt, dueBy)))
    .returning({ id: users.id })
  if (gone.length === 0) throw new NothingToUse()
  await tx.delete(mails).where(inArray(mails.recipient, recipients))
  // Of others: who asked for the address, and those whose links have ended.
  const hasEnded = or(isNull(emailChanges.confirmedAt), lte(emailChanges.expiresAt, at))
  await tx.delete(emailChanges).where(and(eq(emailChanges.toEmail, email), hasEnded))
  await tx.delete(emailChanges).where(and(eq(emailChanges.fromEmail, email), lte(emailChanges.expiresAt, at)))
  await tx
    .update(usernameClaims)
    .set({ releasedAt: at })
    .where(and(eq(usernameClaims.userId, userId), isNull(usernameClaims.releasedAt)))
  await announce('user', [userId], at)
  return 'removed'
}
