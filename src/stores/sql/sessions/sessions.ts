import { and, desc, eq, gt, inArray, isNull, lt, ne, not, notInArray, type SQL, sql } from '../drizzle.ts'
import type { QueuedMail } from '../../../core/records/mail.ts'
import type { SessionStore } from '../../../core/records/session.ts'
import type { Announce, Change } from '../changes.ts'
import type { Database, Transaction } from '../database.ts'
import { knownDevices, users } from '../accounts/tables.ts'
import { isUnchanged } from '../accounts/unchanged.ts'
import { clients } from '../clients/tables.ts'
import { providerSessions } from '../elsewhere/tables.ts'
import { identities } from '../identities/tables.ts'
import { interactions } from '../interactions/tables.ts'
import { queueLogouts } from '../logouts/queue-logouts.ts'
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
  remembered: sessions.remembered,
  ip: sessions.ip,
  userAgent: sessions.userAgent,
}

type NewSession = Parameters<SessionStore['create']>[0]

export function createSessionStore(db: Database, change: Change): SessionStore {
  return {
    create: (session, provenHash, most = 0) =>
      most === 0
        ? db.transaction((tx) => beginSession([tx, tellsNobody], session, provenHash, most))
        : change((tx, announce) => beginSession([tx, announce], session, provenHash, most)),
    async renew(id, { at: now, ...proof }, provenHash) {
      return await change(async (tx, announce) => {
        const owner = sql`${users.id} = (select user_id from sessions where id = ${id})`
        if (!(await isUnchanged(tx, owner, provenHash))) return undefined
        const at = now ?? proof.authenticatedAt
        const [renewed] = await tx
          .update(sessions)
          .set(proof)
          .where(and(eq(sessions.id, id), liveSessions(at)))
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
        .where(and(named, liveSessions(at), eq(users.status, 'active'), tokenStands))
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
    list: ({ userId, before, limit, at }) =>
      db
        .select(sessionColumns)
        .from(sessions)
        .where(
          and(
            liveSessions(at),
            userId === undefined ? undefined : eq(sessions.userId, userId),
            before === undefined ? undefined : lt(sessions.id, before),
          ),
        )
        .orderBy(desc(sessions.id))
        .limit(limit),
    listOf: (userId, at) =>
      db
        .select({ ...sessionColumns, program: clients.name })
        .from(sessions)
        .leftJoin(clients, eq(clients.id, sessions.clientId))
        .where(and(eq(sessions.userId, userId), liveSessions(at)))
        .orderBy(desc(sessions.lastSeenAt), desc(sessions.id)),
    async revokeAll(userId, reason, at, but) {
      return await change(async (tx, announce) => {
        const others = but && ne(sessions.id, but.sessionId)
        const strangers = but && notInArray(knownDevices.secretHash, [...but.deviceHashes])
        await tx.delete(knownDevices).where(and(eq(knownDevices.userId, userId), strangers))
        await tx.delete(interactions).where(eq(interactions.userId, userId))
        const which = and(eq(sessions.userId, userId), liveSessions(at), others)!
        return (await endSessions([tx, announce], which, reason, at)).map(({ id }) => id)
      })
    },
    async revoke(id, reason, at, mails = [], ofUser) {
      return await change(async (tx, announce) => {
        const theirs = ofUser === undefined ? undefined : eq(sessions.userId, ofUser)
        const which = and(eq(sessions.id, id), isNull(sessions.revokedAt), theirs)!
        const [ended] = await endSessions([tx, announce], which, reason, at, mails)
        return ended && { userId: ended.userId, clientId: ended.clientId }
      })
    },
  }
}

/** Where no session ends there is nothing to tell. */
const tellsNobody: Announce = async () => {}

/** As `create`, within a transaction. */
export async function beginSession(
  [tx, announce]: [Transaction, Announce],
  session: NewSession,
  provenHash: string | null | undefined,
  most: number,
): Promise<{ ended: string[] } | undefined> {
  // With a limit one after the other: each sees the sessions of the one before.
  const lock = most === 0 ? 'share' : 'no key update'
  if (!(await isUnchanged(tx, eq(users.id, session.userId), provenHash, lock)) || !(await isLinked(tx, session))) {
    return undefined
  }
  if (most === 0) {
    await begin(tx, session)
    return { ended: [] }
  }
  const at = session.lastSeenAt
  const surplus = tx
    .select({ id: sessions.id })
    .from(sessions)
    .where(and(eq(sessions.userId, session.userId), liveSessions(at)))
    .orderBy(desc(sessions.lastSeenAt), desc(sessions.id))
    .offset(most - 1)
  const ended = await endSessions([tx, announce], inArray(sessions.id, surplus), 'too_many_sessions', at)
  await begin(tx, session)
  return { ended: ended.map(({ id }) => id) }
}

/** The sources of a person's identities are asked about them from now on (`dueForCheck`). */
async function begin(tx: Transaction, { elsewhere, ...session }: NewSession): Promise<void> {
  await tx.insert(sessions).values(session)
  if (elsewhere !== undefined) {
    const endsAt = elsewhere.endsAt === null ? null : new Date(elsewhere.endsAt)
    await tx.insert(providerSessions).values({ ...elsewhere, endsAt, sessionId: session.id })
  }
  const unwatched = and(eq(identities.userId, session.userId), not(identities.isWatched))
  await tx.update(identities).set({ isWatched: true }).where(unwatched)
}

/** Whether the account elsewhere, by which a session is to begin, is still a way in: it may have been unlinked meanwhile. */
async function isLinked(tx: Transaction, { elsewhere, userId }: NewSession): Promise<boolean> {
  if (elsewhere === undefined) return true
  const { issuer, subject } = elsewhere
  const isIt = and(eq(identities.issuer, issuer), eq(identities.subject, subject), eq(identities.userId, userId))
  return (await tx.$count(identities, isIt)) > 0
}

/** Those that are neither over nor revoked. */
export const liveSessions = (at: Date | SQL): SQL =>
  and(isNull(sessions.revokedAt), gt(sessions.idleExpiresAt, at), gt(sessions.expiresAt, at))!

/** Ends sessions with their refresh families, has their programs told, and queues the mails about it where there was one. */
export async function endSessions(
  [tx, announce]: [Transaction, Announce],
  which: SQL,
  reason: string,
  at: Date,
  mails: readonly QueuedMail[] = [],
) {
  const ended = await tx
    .update(sessions)
    .set({ revokedAt: at, revokedReason: reason })
    .where(which)
    .returning({ id: sessions.id, userId: sessions.userId, clientId: sessions.clientId })
  if (ended.length === 0) return ended
  const ids = ended.map(({ id }) => id)
  await tx
    .update(refreshFamilies)
    .set({ revokedAt: at })
    .where(and(inArray(refreshFamilies.sessionId, ids), isNull(refreshFamilies.revokedAt)))
  await queueLogouts(tx, inArray(sessions.id, ids), at)
  await queueMails(tx, mails)
  await announce('session', ids, at)
  return ended
}
