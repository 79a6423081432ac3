import { and, eq, gt, inArray, isNull, sql } from './drizzle.ts'
import type { SessionStore } from '../../core/ports.ts'
import { announce, type Database } from './database.ts'
import { refreshFamilies, revokedAccessTokens, sessions, users } from './schema.ts'
import { userColumns } from './users.ts'

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

export function createSessionStore(db: Database): SessionStore {
  return {
    async create(session, provenHash) {
      return await db.transaction(async (tx) => {
        const proven =
          provenHash === undefined ? undefined : sql`${users.passwordHash} is not distinct from ${provenHash}`
        // The lock waits for a change of the account under way; a later one sees this session, and ends it.
        const unchanged = await tx
          .select({ id: users.id })
          .from(users)
          .where(and(eq(users.id, session.userId), eq(users.status, 'active'), proven))
          .for('share')
        if (unchanged.length === 0) return false
        await tx.insert(sessions).values(session)
        return true
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
    async revoke(id, reason, at) {
      return await db.transaction(async (tx) => {
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
        await announce(tx, 'session', [id], at)
        return ended
      })
    },
  }
}
