import { desc, eq, type SQL, sql } from '../drizzle.ts'
import type { RefreshTokenStore, Renewal, Rotation } from '../../../core/records/refresh-token.ts'
import type { Database } from '../database.ts'
import { users } from '../accounts/tables.ts'
import { sessions } from '../sessions/tables.ts'
import { refreshFamilies, refreshTokens } from './tables.ts'
import { sessionColumns } from '../sessions/sessions.ts'
import { userColumns } from '../accounts/users.ts'

/**
 * Asked for as a number, to be compared: whether there is a newer row would be a question whose plan depends on the number,
 * and is made each time.
 */
const newestOfFeed = sql`coalesce((select max(sequence) from revocations), 0)`

export function createRefreshTokenStore(db: Database): RefreshTokenStore {
  const look = db
    .select({
      family: {
        id: refreshFamilies.id,
        sessionId: refreshFamilies.sessionId,
        userId: refreshFamilies.userId,
        clientId: refreshFamilies.clientId,
        scopes: refreshFamilies.scopes,
        audiences: refreshFamilies.audiences,
        confirmation: refreshFamilies.confirmation,
        expiresAt: refreshFamilies.expiresAt,
      },
      expiresAt: refreshTokens.expiresAt,
      usedAt: refreshTokens.usedAt,
      replay: refreshTokens.replay,
      feedStandsAt: newestOfFeed.mapWith(Number),
      revoked: sql<boolean>`${refreshFamilies.revokedAt} is not null or ${sessions.revokedAt} is not null`,
      session: sessionColumns,
      user: userColumns,
      paidUntil: sessions.refreshesPaidUntil,
    })
    .from(refreshTokens)
    .innerJoin(refreshFamilies, eq(refreshFamilies.id, refreshTokens.familyId))
    .innerJoin(sessions, eq(sessions.id, refreshFamilies.sessionId))
    .innerJoin(users, eq(users.id, sessions.userId))
    .where(eq(refreshTokens.hash, sql.placeholder('hash')))
    .prepare('find_refresh_token')
  const [rotation, renewal] = [prepareRotation(db), prepareRenewal(db)]
  return {
    async createFamily(family, token) {
      await db.transaction(async (tx) => {
        await tx.insert(refreshFamilies).values(family)
        await tx.insert(refreshTokens).values({ ...token, familyId: family.id })
      })
    },
    async find(hash) {
      const [row] = await look.execute({ hash })
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
    async rotate(asked) {
      return (await rotation.execute(parametersOf(asked))).length === 1
    },
    async renew(asked) {
      return (await renewal.execute(parametersOf(asked))).length === 1
    },
  }
}

/**
 * The one statement that uses a token and stores its successor; it returns a row when it did. A session that ends while it
 * waits for the session's row gets no successor any more. Prepared: what PostgreSQL spends on reading and planning it would
 * be more than what it spends on doing it.
 */
export function prepareRotation(db: Database) {
  const { asked, used, touched } = usesOf(db, sql`used_at = now, replay = ${sql.placeholder('replay')}`)
  const stored = db.$with('stored', { hash: sql<string>`hash`.as('hash') }).as(sql`
    insert into refresh_tokens (hash, family_id, created_at, expires_at)
    select ${sql.placeholder('successorHash')}, family_id, now,
      least(${sql.placeholder('successorExpiresAt')}::timestamptz, expires_at)
    from used, touched returning hash`)
  return db.with(asked, used, touched, stored).select().from(stored).prepare('rotate_refresh_token')
}

/** The same that leaves the token as good as it was, and has it go idle later. */
function prepareRenewal(db: Database) {
  const later = sql`expires_at = least(${sql.placeholder('successorExpiresAt')}::timestamptz, family.expires_at)`
  const { asked, used, touched } = usesOf(db, later)
  return db.with(asked, used, touched).select().from(touched).prepare('renew_refresh_token')
}

/** What a use of a token changes, as long as it may be used: the token by `change`, and its session. */
function usesOf(db: Database, change: SQL) {
  const milliseconds = (name: string) => sql`${sql.placeholder(name)}::float8 * interval '1 millisecond'`
  const asked = db.$with('asked', {}).as(sql`
    select ${sql.placeholder('at')}::timestamptz as now, ${milliseconds('everyMilliseconds')} as step,
      ${milliseconds('withinMilliseconds')} as ahead`)
  const used = db.$with('used', {}).as(sql`
    update refresh_tokens as token set ${change}
    from asked, refresh_families as family, sessions as session, users
    where token.hash = ${sql.placeholder('hash')} and token.used_at is null and token.expires_at > now
      and family.id = token.family_id and family.revoked_at is null
      and session.id = family.session_id and session.revoked_at is null
      and least(session.expires_at, session.idle_expires_at) > now
      and users.id = session.user_id and users.status = 'active'
      and ${newestOfFeed} = ${sql.placeholder('whileFeedStandsAt')}::bigint
      and greatest(session.refreshes_paid_until, now) + step <= now + ahead
    returning token.family_id, now, family.expires_at, family.session_id, step`)
  const touched = db.$with('touched', { id: sql<string>`id`.as('id') }).as(sql`
    update sessions set last_seen_at = now,
      idle_expires_at = least(${sql.placeholder('sessionIdleExpiresAt')}::timestamptz, sessions.expires_at),
      refreshes_paid_until = greatest(sessions.refreshes_paid_until, now) + step
    from used where sessions.id = used.session_id and sessions.revoked_at is null
    returning sessions.id`)
  return { asked, used, touched }
}

/** A rotation as the statement takes it. */
export function parametersOf({ at, successorExpiresAt, sessionIdleExpiresAt, pace, ...rotation }: Renewal | Rotation) {
  return {
    ...rotation,
    everyMilliseconds: pace?.everyMilliseconds ?? 0,
    withinMilliseconds: pace?.withinMilliseconds ?? 0,
    at: at.toISOString(),
    successorExpiresAt: successorExpiresAt.toISOString(),
    sessionIdleExpiresAt: sessionIdleExpiresAt.toISOString(),
  }
}
