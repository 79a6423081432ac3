import { and, eq, gt, isNull, lte, ne, or } from '../drizzle.ts'
import type { PasswordReset, PasswordResetStore } from '../../../core/records/password-reset.ts'
import type { Change } from '../changes.ts'
import type { Database, Transaction } from '../database.ts'
import { endKeys } from '../api-keys/live-keys.ts'
import { queueMails } from '../mail/queue-mails.ts'
import { changePassword, NothingToUse, unlessNothing } from './passwords.ts'
import { passwordResets, users } from './tables.ts'
import { userColumns } from './users.ts'

export function createPasswordResetStore(db: Database, change: Change): PasswordResetStore {
  return {
    open: ({ mails = [], at, ...reset }) =>
      db.transaction(async (tx) => {
        if (!(await openReset(tx, reset, at))) return false
        await queueMails(tx, mails)
        return true
      }),
    async find(tokenHash, at) {
      const [user] = await db
        .select(userColumns)
        .from(passwordResets)
        .innerJoin(users, eq(users.id, passwordResets.userId))
        .where(
          and(eq(passwordResets.tokenHash, tokenHash), gt(passwordResets.expiresAt, at), ne(users.status, 'disabled')),
        )
      return user
    },
    async use({ tokenHash, passwordHash, endApiKeys = false, at, mails = [] }) {
      const isLive = and(eq(passwordResets.tokenHash, tokenHash), gt(passwordResets.expiresAt, at))
      const [reset] = await db.select({ userId: passwordResets.userId }).from(passwordResets).where(isLive)
      if (reset === undefined) return undefined
      let endedApiKeys = 0
      const isUsed = await unlessNothing(() =>
        change((tx, announce) =>
          changePassword([tx, announce], { ...reset, passwordHash, at }, async () => {
            const used = await tx.delete(passwordResets).where(isLive).returning({ userId: passwordResets.userId })
            if (used.length === 0) throw new NothingToUse()
            if (endApiKeys) endedApiKeys = await endKeys(tx, reset.userId, at)
            await queueMails(tx, mails)
          }),
        ),
      )
      return isUsed ? { endedApiKeys } : undefined
    },
  }
}

/**
 * Keeps a link that was asked for at `at`, in place of every earlier one of the account. False when the account is disabled or its
 * address is not `email` any more, and when links were ended or a later one was made since.
 */
export async function openReset(
  tx: Transaction,
  { email, ...reset }: PasswordReset & { email: string },
  at: Date,
): Promise<boolean> {
  const { userId, expiresAt } = reset
  // The lock waits for a change of the account under way; a later one sees this link, and ends it.
  const unchanged = await tx
    .select({ id: users.id })
    .from(users)
    .where(
      and(
        ...[eq(users.id, userId), eq(users.email, email), ne(users.status, 'disabled')],
        or(isNull(users.linksEndedAt), lte(users.linksEndedAt, at)),
      ),
    )
    .for('update')
  if (unchanged.length === 0) return false
  const ofAccount = eq(passwordResets.userId, userId)
  if ((await tx.$count(passwordResets, and(ofAccount, gt(passwordResets.expiresAt, expiresAt)))) > 0) return false
  await tx.delete(passwordResets).where(ofAccount)
  await tx.insert(passwordResets).values(reset)
  return true
}
