import { and, eq, gt, ne } from '../drizzle.ts'
import type { PasswordResetStore } from '../../../core/records/password-reset.ts'
import type { Change } from '../changes.ts'
import type { Database } from '../database.ts'
import { queueMails } from '../mail/queue-mails.ts'
import { changePassword, NothingToUse, unlessNothing } from './passwords.ts'
import { passwordResets, users } from './tables.ts'
import { userColumns } from './users.ts'

export function createPasswordResetStore(db: Database, change: Change): PasswordResetStore {
  return {
    async open({ email, mails = [], ...reset }) {
      return await db.transaction(async (tx) => {
        // The lock waits for a change of the account under way; a later one sees this link, and ends it.
        const unchanged = await tx
          .select({ id: users.id })
          .from(users)
          .where(and(eq(users.id, reset.userId), eq(users.email, email), ne(users.status, 'disabled')))
          .for('update')
        if (unchanged.length === 0) return false
        await tx.delete(passwordResets).where(eq(passwordResets.userId, reset.userId))
        await tx.insert(passwordResets).values(reset)
        await queueMails(tx, mails)
        return true
      })
    },
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
    async use({ tokenHash, passwordHash, at, mails = [] }) {
      const isLive = and(eq(passwordResets.tokenHash, tokenHash), gt(passwordResets.expiresAt, at))
      const [reset] = await db.select({ userId: passwordResets.userId }).from(passwordResets).where(isLive)
      if (reset === undefined) return false
      return await unlessNothing(() =>
        change((tx, announce) =>
          changePassword([tx, announce], { ...reset, passwordHash, at }, async () => {
            const used = await tx.delete(passwordResets).where(isLive).returning({ userId: passwordResets.userId })
            if (used.length === 0) throw new NothingToUse()
            await queueMails(tx, mails)
          }),
        ),
      )
    },
  }
}
