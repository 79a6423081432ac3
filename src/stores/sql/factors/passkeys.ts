import type { PasskeyStore } from '../../../core/records/passkey.ts'
import { endLinks, NothingToUse } from '../accounts/passwords.ts'
import { users } from '../accounts/tables.ts'
import { userColumns } from '../accounts/users.ts'
import type { Change } from '../changes.ts'
import type { Database } from '../database.ts'
import { and, asc, eq, gt, lt, sql } from '../drizzle.ts'
import { queueMails } from '../mail/queue-mails.ts'
import { askDevicesAgain, countsOf, endWhatFactorsGave, endReset, holdAccount, putCodes } from './held-account.ts'
import { factors, passkeyChallenges, passkeys } from './tables.ts'

export const passkeyColumns = {
  id: factors.id,
  userId: factors.userId,
  name: passkeys.name,
  credentialId: passkeys.credentialId,
  publicKey: passkeys.publicKey,
  counter: passkeys.counter,
  transports: passkeys.transports,
  backupEligible: passkeys.backupEligible,
  backedUp: passkeys.backedUp,
  createdAt: factors.createdAt,
  lastUsedAt: factors.lastUsedAt,
}
const passkeyOf = (userId: string, id: string) =>
  and(eq(factors.id, id), eq(factors.userId, userId), eq(factors.kind, 'passkey'))

export function createPasskeyStore(db: Database, change: Change): PasskeyStore {
  return {
    async openChallenge(challenge) {
      await db.insert(passkeyChallenges).values(challenge)
    },
    async useChallenge({ challengeHash, purpose, userId, holder }, at) {
      const isFor = [
        eq(passkeyChallenges.purpose, purpose),
        sql`${passkeyChallenges.userId} is not distinct from ${userId}`,
        sql`${passkeyChallenges.holder} is not distinct from ${holder}`,
      ]
      const used = await db
        .delete(passkeyChallenges)
        .where(and(eq(passkeyChallenges.challengeHash, challengeHash), ...isFor, gt(passkeyChallenges.expiresAt, at)))
        .returning({ purpose: passkeyChallenges.purpose })
      return used.length === 1
    },
    async find(credentialId) {
      const [found] = await db
        .select({ passkey: passkeyColumns, user: userColumns })
        .from(passkeys)
        .innerJoin(factors, eq(factors.id, passkeys.id))
        .innerJoin(users, eq(users.id, factors.userId))
        .where(eq(passkeys.credentialId, credentialId))
      return found
    },
    listOf: (userId) =>
      db
        .select(passkeyColumns)
        .from(factors)
        .innerJoin(passkeys, eq(passkeys.id, factors.id))
        .where(eq(factors.userId, userId))
        .orderBy(asc(factors.id)),
    async add({ id, userId, by, createdAt, lastUsedAt, isFirst, mailboxTokenHash, codeHashes, most, mails, ...known }) {
      try {
        return await change(async (tx, announce) => {
          await holdAccount(tx, userId)
          const before = await tx.$count(factors, countsOf(userId))
          if (isFirst && before > 0) return 'refused'
          const isPasskey = eq(factors.kind, 'passkey')
          if ((await tx.$count(factors, and(eq(factors.userId, userId), isPasskey))) >= most) return 'too_many'
          await endReset(tx, userId, mailboxTokenHash, createdAt)
          const factor = { id, userId, kind: 'passkey' as const, proposedBy: by, createdAt, lastUsedAt }
          await tx.insert(factors).values({ ...factor, confirmedAt: createdAt })
          const added = await tx
            .insert(passkeys)
            .values({ id, ...known })
            .onConflictDoNothing()
            .returning({ id: passkeys.id })
          if (added.length === 0) throw new NothingToUse()
          if (before === 0) {
            await putCodes(tx, userId, codeHashes)
            // What was asked for by the password alone.
            await endLinks(tx, userId, createdAt)
          }
          await askDevicesAgain(tx, userId)
          await queueMails(tx, mails ?? [])
          await announce('user', [userId], createdAt)
          return before === 0 ? 'first' : 'another'
        })
      } catch (error) {
        if (error instanceof NothingToUse) return 'refused'
        throw error
      }
    },
    async rename(userId, id, name) {
      const theirs = sql`${passkeys.id} in (select id from factors where id = ${id}::uuid and user_id = ${userId}::uuid)`
      return (await db.update(passkeys).set({ name }).where(theirs).returning({ id: passkeys.id })).length === 1
    },
    remove: (userId, id, at, { mails = [] }) =>
      change(async (tx, announce) => {
        await holdAccount(tx, userId)
        const removed = await tx.delete(factors).where(passkeyOf(userId, id)).returning({ id: factors.id })
        if (removed.length === 0) return false
        await endWhatFactorsGave(tx, userId)
        await askDevicesAgain(tx, userId)
        await queueMails(tx, mails)
        await announce('user', [userId], at)
        return true
      }),
    async use(id, { counter, backedUp, at }) {
      // Of one that does not count any use is as good as another.
      const isLater = counter === 0 ? eq(passkeys.counter, 0) : lt(passkeys.counter, counter)
      return await db.transaction(async (tx) => {
        const used = await tx
          .update(passkeys)
          .set({ counter, backedUp })
          .where(and(eq(passkeys.id, id), isLater))
          .returning({ id: passkeys.id })
        if (used.length === 0) return false
        await tx.update(factors).set({ lastUsedAt: at }).where(eq(factors.id, id))
        return true
      })
    },
    counts: async (id) => (await db.$count(passkeys, eq(passkeys.id, id))) === 1,
  }
}
