import { and, desc, eq, gt, sql } from '../drizzle.ts'
import type { KnownDeviceStore } from '../../../core/records/known-device.ts'
import type { Database } from '../database.ts'
import { queueMails } from '../mail/queue-mails.ts'
import { knownDevices, users } from './tables.ts'
import { isUnchanged } from './unchanged.ts'

/** Of more than so many devices of one account those leave that were used longest ago, who never came back first. */
const maxDevices = 50

export function createKnownDeviceStore(db: Database): KnownDeviceStore {
  return {
    async isKnown({ secretHash, email, at }) {
      // No stored text holds a NUL, and PostgreSQL fails on being asked for one.
      if (email.includes('\0')) return false
      const known = await db
        .select({ userId: knownDevices.userId })
        .from(knownDevices)
        .innerJoin(users, eq(users.id, knownDevices.userId))
        .where(and(eq(knownDevices.secretHash, secretHash), gt(knownDevices.expiresAt, at), eq(users.email, email)))
      return known.length > 0
    },
    async remember({ shownHash, secretHash, userId, at, ...told }, provenHash, mails = []) {
      return await db.transaction(async (tx) => {
        if (!(await isUnchanged(tx, eq(users.id, userId), provenHash))) return 'refused'
        const now = { seenAt: at, ...told }
        if (shownHash !== undefined) {
          const shown = eq(knownDevices.secretHash, shownHash)
          const renewed = await tx
            .update(knownDevices)
            .set(now)
            .where(and(shown, eq(knownDevices.userId, userId), gt(knownDevices.expiresAt, at)))
            .returning({ userId: knownDevices.userId })
          if (renewed.length === 1) return 'renewed'
          // Of somebody else, who cannot show it any more: the browser keeps one cookie.
          await tx.delete(knownDevices).where(shown)
        }
        await tx.insert(knownDevices).values({ ...now, secretHash, userId, createdAt: at })
        await tx.execute(sql`
          delete from known_devices where secret_hash in (
            select secret_hash from known_devices where user_id = ${userId}::uuid
            order by secret_hash = ${secretHash} desc, seen_at > created_at desc, seen_at desc offset ${maxDevices})`)
        await queueMails(tx, mails)
        return 'added'
      })
    },
    async isRemembered({ secretHash, userId, at }) {
      return (
        (await db.$count(knownDevices, and(eq(knownDevices.secretHash, secretHash), ...remembered(userId, at)))) === 1
      )
    },
    listRemembered: (userId, at) =>
      db
        .select({
          userAgent: knownDevices.userAgent,
          seenAt: knownDevices.seenAt,
          rememberedUntil: sql<Date>`${knownDevices.rememberedUntil}`.mapWith(knownDevices.rememberedUntil),
        })
        .from(knownDevices)
        .where(and(...remembered(userId, at)))
        .orderBy(desc(knownDevices.seenAt)),
    async forgetRemembered(userId, at) {
      const forgotten = await db
        .update(knownDevices)
        .set({ rememberedUntil: null })
        .where(and(...remembered(userId, at)))
        .returning({ userId: knownDevices.userId })
      return forgotten.length
    },
  }
}

const remembered = (userId: string, at: Date) => [
  eq(knownDevices.userId, userId),
  gt(knownDevices.expiresAt, at),
  gt(knownDevices.rememberedUntil, at),
]
