import { desc, eq, type SQL, sql } from './drizzle.ts'
import type { RefreshTokenStore, Rotation } from '../../core/ports.ts'
import { type Database, rowsOf } from './database.ts'
import { refreshFamilies, refreshTokens, sessions, users } from './schema.ts'
import { sessionColumns } from './sessions.ts'
import { userColumns } from './users.ts'

export function createRefreshTokenStore(db: Database): RefreshTokenStore {
  return {
    async createFamily(family, token) {
      await db.transaction(async (tx) => {
        await tx.insert(refreshFamilies).values(family)
        await tx.insert(refreshTokens).values({ ...token, familyId: family.id })
      })
    },
    async find(hash) {
      const [row] = await db
        .select({
          family: {
            id: refreshFamilies.id,
            sessionId: refreshFamilies.sessionId,
            userId: refreshFamilies.userId,
            clientId: refreshFamilies.clientId,
            scopes: refreshFamilies.scopes,
            expiresAt: refreshFamilies.expiresAt,
          },
          expiresAt: refreshTokens.expiresAt,
          usedAt: refreshTokens.usedAt,
          replay: refreshTokens.replay,
          revoked: sql<boolean>`${refreshFamilies.revokedAt} is not null or ${sessions.revokedAt} is not null`,
          session: sessionColumns,
          user: userColumns,
        })
        .from(refreshTokens)
        .innerJoin(refreshFamilies, eq(refreshFamilies.id, refreshTokens.familyId))
        .innerJoin(sessions, eq(sessions.id, refreshFamilies.sessionId))
        .innerJoin(users, eq(users.id, sessions.userId))
        .where(eq(refreshTokens.hash, hash))
      return row
    },
    async newestOf(familyId) {
      const [newest] = await db
        .select({ createdAt: refreshTokens.createdAt, usedAt: refreshTokens.usedAt })
        .from(refreshTokens)
        .where(eq(refreshTokens.familyId, familyId))
        .orderBy(desc(refreshTokens.createdAt))
        .limit(1)
      return newest
    },
    async rotate(rotation) {
      return (await rowsOf(db, rotationStatement(rotation))).length === 1
    },
  }
}

/** The one statement that uses a token and stores its successor; it returns a row when it did. */
export function rotationStatement(rotation: Rotation): SQL {
  const { hash, successorHash, successorExpiresAt, sessionIdleExpiresAt, replay, at } = rotation
  const now = at.toISOString()
  return sql`
        with used as (
          update refresh_tokens as token set used_at = ${now}::timestamptz, replay = ${replay}
          from refresh_families as family, sessions as session, users
          where token.hash = ${hash} and token.used_at is null and token.expires_at > ${now}::timestamptz
            and family.id = token.family_id and family.revoked_at is null
            and session.id = family.session_id and session.revoked_at is null 
            and least(session.expires_at, session.idle_expires_at) > ${now}::timestamptz
            and users.id = session.user_id and users.status = 'active'
          returning token.family_id, family.expires_at, family.session_id
        ), touched as (
          update sessions set last_seen_at = ${now}::timestamptz,
            idle_expires_at = least(${sessionIdleExpiresAt.toISOString()}::timestamptz, sessions.expires_at)
          from used where sessions.id = used.session_id
        )
        insert into refresh_tokens (hash, family_id, created_at, expires_at)
        select ${successorHash}, family_id, ${now}::timestamptz,
               least(${successorExpiresAt.toISOString()}::timestamptz, expires_at)
        from used returning hash`
}
