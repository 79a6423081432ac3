import { and, eq, gt, sql } from '../drizzle.ts'
import type { KnownDeviceStore } from '../../../core/records/known-device.ts'
import type { Database } from '../database.ts'
import { queueMails } from '../mail/queue-mails.ts'
import { knownDevices, users } from './tables.ts'

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
    async remember({ shownHash, secretHash, userId, at, expiresAt }, provenHash, mails = []) {
      return await db.transaction(async (tx) => {
        const proven = sql`${users.passwordHash} is not distinct from ${provenHash}`
        // The lock waits for a change of the password under way; a later one sees this device, and ends it.
        const unchanged = await tx
          .select({ id: users.id })
          .from(users)
          .where(and(eq(users.id, userId), eq(users.status, 'active'), proven))
          .for('share')
        if (unchanged.length === 0) return 'refused'
        const now = { seenAt: at, expiresAt }
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
  }
}
