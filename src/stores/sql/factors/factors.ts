import type { FactorStore } from '../../../core/records/factor.ts'
import { endLinks, NothingToUse, endSessionsOf, unlessNothing } from '../accounts/passwords.ts'
import { users } from '../accounts/tables.ts'
import type { Change } from '../changes.ts'
import type { Database } from '../database.ts'
import { and, asc, eq, gt, isNotNull, isNull, lt, sql } from '../drizzle.ts'
import { queueMails } from '../mail/queue-mails.ts'
import {
  askDevicesAgain,
  countsOf,
  endWhatFactorsGave,
  endReset,
  holdAccount,
  linkOf,
  putCodes,
} from './held-account.ts'
import { factorResets, factors, recoveryCodes } from './tables.ts'

/** Of an app there is always one. */
const keyColumns = { id: factors.id, sealedKey: sql<string>`${factors.sealedKey}` }
const totpOf = (userId: string) => and(eq(factors.userId, userId), eq(factors.kind, 'totp'))

export function createFactorStore(db: Database, change: Change): FactorStore {
  return {
    of: (userId) =>
      db.transaction(
        async (tx) => {
          const [account] = await tx
            .select({
              askedAt: users.factorAskedAt,
              recoveryCodes: sql<number>`(select count(*)::int from recovery_codes where user_id = users.id)`,
              mailboxNeeded: sql<boolean>`exists(select 1 from factor_resets where user_id = users.id)`,
            })
            .from(users)
            .where(eq(users.id, userId))
          const { id, kind, lastUsedAt } = factors
          const confirmedAt = sql<Date>`${factors.confirmedAt}`.mapWith(factors.confirmedAt)
          const found = await tx
            .select({ id, kind, confirmedAt, lastUsedAt })
            .from(factors)
            .where(countsOf(userId))
            .orderBy(asc(factors.confirmedAt))
          return { ...(account ?? { askedAt: null, recoveryCodes: 0, mailboxNeeded: false }), factors: found }
        },
        // Of one moment: between a factor and the reset that takes it away there is nobody without either.
        { isolationLevel: 'repeatable read', accessMode: 'read only' },
      ),
    async noteAsked(userId, at) {
      const first = sql`coalesce(${users.factorAskedAt}, ${at.toISOString()}::timestamptz)`
      const [noted] = await db
        .update(users)
        .set({ factorAskedAt: first })
        .where(eq(users.id, userId))
        .returning({ askedAt: users.factorAskedAt })
      return noted?.askedAt ?? at
    },
    propose: ({ at, by, ...proposed }) =>
      db.transaction(async (tx) => {
        await holdAccount(tx, proposed.userId)
        await tx.delete(factors).where(and(totpOf(proposed.userId), isNull(factors.confirmedAt)))
        await tx.insert(factors).values({ ...proposed, kind: 'totp', createdAt: at, proposedBy: by })
      }),
    async findProposed(userId, by, at) {
      const isOpen = [isNull(factors.confirmedAt), gt(factors.expiresAt, at)]
      return (
        await db
          .select(keyColumns)
          .from(factors)
          .where(and(totpOf(userId), eq(factors.proposedBy, by), ...isOpen))
      )[0]
    },
    async findTotp(userId) {
      const counts = and(totpOf(userId), isNotNull(factors.confirmedAt))
      return (await db.select(keyColumns).from(factors).where(counts))[0]
    },
    async useStep(id, step, at) {
      const used = await db
        .update(factors)
        .set({ lastStep: step, lastUsedAt: at })
        .where(and(eq(factors.id, id), lt(factors.lastStep, step), isNotNull(factors.confirmedAt)))
        .returning({ id: factors.id })
      return used.length === 1
    },
    confirm({ id, userId, step, codeHashes, at, isFirst, mailboxTokenHash, mails = [] }) {
      return unlessNothing(() =>
        change(async (tx, announce) => {
          await holdAccount(tx, userId)
          if (isFirst && (await tx.$count(factors, countsOf(userId))) > 0) throw new NothingToUse()
          await endReset(tx, userId, mailboxTokenHash, at)
          await tx.delete(factors).where(and(totpOf(userId), isNotNull(factors.confirmedAt)))
          const confirmed = await tx
            .update(factors)
            .set({ confirmedAt: at, expiresAt: null, lastStep: step, lastUsedAt: at })
            .where(and(eq(factors.id, id), eq(factors.userId, userId), gt(factors.expiresAt, at)))
            .returning({ id: factors.id })
          if (confirmed.length === 0) throw new NothingToUse()
          await putCodes(tx, userId, codeHashes)
          await askDevicesAgain(tx, userId)
          // What was asked for by the password alone.
          if (isFirst) await endLinks(tx, userId, at)
          await queueMails(tx, mails)
          await announce('user', [userId], at)
          return true
        }),
      )
    },
    removeTotp: (userId, at, { mails = [] }) =>
      change(async (tx, announce) => {
        await holdAccount(tx, userId)
        const removed = await tx.delete(factors).where(totpOf(userId)).returning({ confirmedAt: factors.confirmedAt })
        if (!removed.some(({ confirmedAt }) => confirmedAt !== null)) return false
        await endWhatFactorsGave(tx, userId)
        await askDevicesAgain(tx, userId)
        await queueMails(tx, mails)
        await announce('user', [userId], at)
        return true
      }),
    replaceRecoveryCodes: (userId, codeHashes, { mails = [] }) =>
      db.transaction(async (tx) => {
        await holdAccount(tx, userId)
        if ((await tx.$count(factors, countsOf(userId))) === 0) return false
        await putCodes(tx, userId, codeHashes)
        await askDevicesAgain(tx, userId)
        await queueMails(tx, mails)
        return true
      }),
    useRecoveryCode: (userId, codeHash, mailsOf) =>
      db.transaction(async (tx) => {
        // One after the other, so that each is told how many the ones before have left.
        await holdAccount(tx, userId)
        const used = await tx
          .delete(recoveryCodes)
          .where(and(eq(recoveryCodes.userId, userId), eq(recoveryCodes.codeHash, codeHash)))
          .returning({ userId: recoveryCodes.userId })
        if (used.length === 0) return undefined
        const left = await tx.$count(recoveryCodes, eq(recoveryCodes.userId, userId))
        await queueMails(tx, mailsOf(left))
        return left
      }),
    reset: ({ at, mails = [], ...link }) =>
      change(async (tx, announce) => {
        const { userId } = link
        await holdAccount(tx, userId)
        const removed = await tx.delete(factors).where(countsOf(userId)).returning({ id: factors.id })
        if (removed.length === 0) return false
        await tx.delete(factors).where(eq(factors.userId, userId))
        await putCodes(tx, userId, [])
        await endSessionsOf(tx, userId, 'factors_reset', at)
        const kept = { ...link, resetAt: at }
        await tx.insert(factorResets).values(kept).onConflictDoUpdate({ target: factorResets.userId, set: kept })
        await queueMails(tx, mails)
        await announce('user', [userId], at)
        return true
      }),
    renewMailboxLink: ({ userId, tokenHash, expiresAt, mails = [] }) =>
      db.transaction(async (tx) => {
        const renewed = await tx
          .update(factorResets)
          .set({ tokenHash, expiresAt })
          .where(eq(factorResets.userId, userId))
          .returning({ userId: factorResets.userId })
        if (renewed.length === 0) return false
        await queueMails(tx, mails)
        return true
      }),
    async isMailboxLink(userId, tokenHash, at) {
      return (await db.$count(factorResets, linkOf(userId, tokenHash, at))) === 1
    },
  }
}
