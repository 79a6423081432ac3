import { and, eq, gt, inArray, isNull, type SQL, sql } from '../drizzle.ts'
import type { SessionStore } from '../../../core/records/session.ts'
import type { Change } from '../changes.ts'
import type { Database, Transaction } from '../database.ts'
import { users } from '../accounts/tables.ts'
import { queueMails } from '../mail/queue-mails.ts'
import { sessions } from './tables.ts'
import { refreshFamilies, revokedAccessTokens } from '../tokens/tables.ts'
import { userColumns } from '../accounts/users.ts'

export const sessionColumns = {
  id: sessions.id,
  userId: sessions.userId,
  clientId: sessions.clientId,
  methods: sessions.methods,
  level: sessions.level,
  authenticatedAt: sessions.authenticatedAt,
  idleExpiresAt: sessions.idleExpiresAt,
  expiresAt: sessions.expiresAt,
  lastSeenAt: sessions.lastSeenAt,
  ip: sessions.ip,
  userAgent: sessions.userAgent,
}

/**
 * Whether a user is active, and their password the proven one. The lock waits for a change of the account under way; a
 * later one sees the session that is begun or proven now, and ends it.
 */
async function isUnchanged(tx: Transaction, user: SQL, provenHash: string | null | undefined): Promise<boolean> {
  const proven = provenHash === undefined ? undefined : sql`${users.passwordHash} is not distinct from ${provenHash}`
  const unchanged = await tx
    .select({ id: users.id })
    .from(users)
    .where(and(user, eq(users.status, 'active'), proven))
    .for('share')
  return unchanged.length > 0
}

export function createSessionStore(db: Database, change: Change): SessionStore {
  return {
    async create(session, provenHash) {
      return await db.transaction(async (tx) => {
        if (!(await isUnchanged(tx, eq(users.id, session.userId), provenHash))) return false
        await tx.insert(sessions).values(session)
        return true
      })
    },
    async renew(id, proof, provenHash) {
      return await change(async (tx, announce) => {
        const owner = sql`${users.id} = (select user_id from sessions where id = ${id})`
        if (!(await isUnchanged(tx, owner, provenHash))) return undefined
        const at = proof.authenticatedAt
        const live = [isNull(sessions.revokedAt), gt(sessions.idleExpiresAt, at), gt(sessions.expiresAt, at)]
        const [renewed] = await tx
          .update(sessions)
          .set(proof)
          .where(and(eq(sessions.id, id), ...live))
          .returning(sessionColumns)
        if (renewed !== undefined) await announce('session', [id], at)
        return renewed
      })
    },
    async findLive(by, at) {
      const named = 'id' in by ? eq(sessions.id, by.id) : eq(sessions.secretHash, by.secretHash)
      const tokenStands =
        'id' in by && by.tokenIds !== undefined
          ? sql`not exists (select 1 from ${revokedAccessTokens} where ${inArray(revokedAccessTokens.tokenId, by.tokenIds)})`
          : undefined
      const [live] = await db
        .select({ session: sessionColumns, user: userColumns })
        .from(sessions)
        .innerJoin(users, eq(users.id, sessions.userId))
        .where(
          and(
            named,
            isNull(sessions.revokedAt),
            gt(sessions.idleExpiresAt, at),
            gt(sessions.expiresAt, at),
            eq(users.status, 'active'),
            tokenStands,
          ),
        )
      return live
    },
    async touch(id, at, idleExpiresAt) {
      await db
        .update(sessions)
        .set({
          lastSeenAt: at,
          idleExpiresAt: sql`least(${idleExpiresAt.toISOString()}::timestamptz, ${sessions.expiresAt})`,
        })
        .where(and(eq(sessions.id, id), isNull(sessions.revokedAt)))
    },
    async revoke(id, reason, at, mails = []) {
      return await change(async (tx, announce) => {
        const [ended] = await tx
          .update(sessions)
          .set({ revokedAt: at, revokedReason: reason })
          .where(and(eq(sessions.id, id), isNull(sessions.revokedAt)))
          .returning({ userId: sessions.userId, clientId: sessions.clientId })
        if (ended === undefined) return undefined
        await tx
          .update(refreshFamilies)
          .set({ revokedAt: at })
          .where(and(eq(refreshFamilies.sessionId, id), isNull(refreshFamilies.revokedAt)))
        await queueMails(tx, mails)
        await announce('session', [id], at)
        return ended
      })
    },
  }
}
