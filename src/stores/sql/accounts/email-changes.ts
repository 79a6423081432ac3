import { and, eq, gt, gte, inArray, isNotNull, isNull, or, type SQL, sql } from '../drizzle.ts'
import type { EmailChange, EmailChangeStore } from '../../../core/records/email-change.ts'
import type { User } from '../../../core/records/user.ts'
import { apiKeys } from '../api-keys/tables.ts'
import type { Announce, Change } from '../changes.ts'
import { type Database, isUniqueViolation, type Transaction } from '../database.ts'
import { queueMails } from '../mail/queue-mails.ts'
import { mails as storedMails } from '../mail/tables.ts'
import { endWaysIn, holdAddresses, isKeptForAnother } from './addresses.ts'
import { endLinks, endSessionsOf, NothingToUse, unlessNothing } from './passwords.ts'
import { emailChanges, passwordResets, users } from './tables.ts'
import { userColumns } from './users.ts'

export const changeColumns = {
  id: emailChanges.id,
  userId: emailChanges.userId,
  fromEmail: emailChanges.fromEmail,
  toEmail: emailChanges.toEmail,
  requestedAt: emailChanges.requestedAt,
  confirmedAt: emailChanges.confirmedAt,
  expiresAt: emailChanges.expiresAt,
}

interface FoundChange {
  change: EmailChange
  user: User
}

export function createEmailChangeStore(db: Database, change: Change): EmailChangeStore {
  async function findBy(link: SQL | undefined, at: Date) {
    const [found] = await db
      .select({ change: changeColumns, user: userColumns })
      .from(emailChanges)
      .innerJoin(users, eq(users.id, emailChanges.userId))
      .where(and(link, gt(emailChanges.expiresAt, at)))
    return found
  }
  const pendingBy = (confirmHash: string) =>
    and(eq(emailChanges.confirmHash, confirmHash), isNull(emailChanges.confirmedAt))

  return {
    async open({ mails = [], ...asked }, provenHash) {
      const { userId, fromEmail } = asked
      return await db.transaction(async (tx) => {
        // The lock waits for a change of the account under way; a later one sees this request, and ends it.
        const unchanged = await tx
          .select({ id: users.id })
          .from(users)
          .where(
            and(
              eq(users.id, userId),
              eq(users.email, fromEmail),
              eq(users.status, 'active'),
              sql`${users.passwordHash} is not distinct from ${provenHash}`,
            ),
          )
          .for('update')
        if (unchanged.length === 0) return false
        await tx.delete(emailChanges).where(and(eq(emailChanges.userId, userId), isNull(emailChanges.confirmedAt)))
        await tx.insert(emailChanges).values(asked)
        await queueMails(tx, mails)
        return true
      })
    },
    findPending: (confirmHash, at) => findBy(pendingBy(confirmHash), at),
    async confirm({ confirmHash, undoHash, undoUntil, formerRecipients, at, mails = [] }) {
      const pending = await findBy(pendingBy(confirmHash), at)
      if (pending === undefined) return false
      const { id, userId, fromEmail, toEmail } = pending.change
      try {
        return await unlessNothing(() =>
          change(async (tx, announce) => {
            await holdAddresses(tx, fromEmail, toEmail)
            await endWaysIn(tx, toEmail)
            const changed = await tx
              .update(users)
              .set({ email: toEmail, emailVerifiedAt: at })
              .where(and(eq(users.id, userId), eq(users.email, fromEmail), eq(users.status, 'active')))
              .returning({ id: users.id })
            const confirmed = await tx
              .update(emailChanges)
              .set({ confirmedAt: at, expiresAt: undoUntil, undoHash })
              .where(and(eq(emailChanges.id, id), isNull(emailChanges.confirmedAt), gt(emailChanges.expiresAt, at)))
              .returning({ id: emailChanges.id })
            const isFree = !(await isKeptForAnother(tx, toEmail, userId, at))
            if (changed.length === 0 || confirmed.length === 0 || !isFree) throw new NothingToUse()
            await endLinks(tx, userId, at)
            // By its address nobody would find them any more.
            await tx
              .update(storedMails)
              .set({ userId })
              .where(and(inArray(storedMails.recipient, [...formerRecipients]), isNull(storedMails.userId)))
            await queueMails(tx, mails)
            await announce('user', [userId], at)
            return true
          }),
        )
      } catch (error) {
        // The address has become somebody's since it was asked for.
        if (isUniqueViolation(error)) return false
        throw error
      }
    },
    findUndoable: (undoHash, at) => findBy(undoableBy(undoHash), at),
    async undo(use) {
      for (;;) {
        const found = await findBy(undoableBy(use.undoHash), use.at)
        if (found === undefined) return undefined
        const outcome = await unlessNothing(() => change((tx, announce) => undoIn([tx, announce], use, found)))
        // Held was the address that the account had before.
        if (outcome !== 'moved') return outcome === false ? undefined : outcome
      }
    },
  }
}

const undoableBy = (undoHash: string) => or(eq(emailChanges.stopHash, undoHash), eq(emailChanges.undoHash, undoHash))

/** Takes a change back whose account has the address still that was `found`. */
async function undoIn(
  [tx, announce]: [Transaction, Announce],
  { undoHash, at, reset, mails = [] }: Parameters<EmailChangeStore['undo']>[0],
  { change: { id, userId, fromEmail, requestedAt }, user: { email } }: FoundChange,
): Promise<'stopped' | 'taken_back' | 'moved'> {
  await holdAddresses(tx, fromEmail, email)
  const [user] = await tx.select({ email: users.email }).from(users).where(eq(users.id, userId))
  if (user !== undefined && user.email !== email) return 'moved'
  await endWaysIn(tx, fromEmail)
  // Held ahead of the change's own row, as everywhere.
  await tx.select({ id: users.id }).from(users).where(eq(users.id, userId)).for('update')
  const [used] = await tx
    .delete(emailChanges)
    .where(and(eq(emailChanges.id, id), undoableBy(undoHash), gt(emailChanges.expiresAt, at)))
    .returning({ confirmedAt: emailChanges.confirmedAt })
  if (used === undefined) throw new NothingToUse()
  if (used.confirmedAt === null) return 'stopped'
  await tx.update(users).set({ email: fromEmail, emailVerifiedAt: at }).where(eq(users.id, userId))
  const isLater = and(eq(emailChanges.userId, userId), gte(emailChanges.requestedAt, requestedAt))
  await tx.delete(emailChanges).where(and(isLater, isNotNull(emailChanges.confirmedAt)))
  await endLinks(tx, userId, at)
  await endSessionsOf(tx, userId, 'email_taken_back', at)
  const madeSince = [gte(apiKeys.createdAt, requestedAt), isNull(apiKeys.revokedAt)]
  await tx
    .update(apiKeys)
    .set({ revokedAt: at })
    .where(and(eq(apiKeys.userId, userId), ...madeSince))
  await tx.insert(passwordResets).values({ ...reset, userId })
  await queueMails(tx, mails)
  await announce('user', [userId], at)
  return 'taken_back'
}
