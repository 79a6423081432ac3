import { and, arrayOverlaps, asc, eq, gt, inArray, isNull, type SQL, sql } from '../drizzle.ts'
import type { PgUpdateSetSource } from '../drizzle.ts'
import type { Clock } from '../../../core/clock.ts'
import type { ClientStore, SigningSettings } from '../../../core/records/client.ts'
import type { Change } from '../changes.ts'
import { advisoryLocks, type Database, isUniqueViolation } from '../database.ts'
import { authorizations } from '../authorizations/tables.ts'
import { endSessions } from '../sessions/sessions.ts'
import { sessions } from '../sessions/tables.ts'
import { clients, initialTokens, subjectSalts } from './tables.ts'
import { refreshFamilies } from '../tokens/tables.ts'

export function createClientStore(db: Database, change: Change, clock: Clock): ClientStore {
  async function changeOne(id: string, values: PgUpdateSetSource<typeof clients>, condition?: SQL): Promise<boolean> {
    return await change(async (tx, announce) => {
      const changed = await tx
        .update(clients)
        .set(values)
        .where(and(eq(clients.id, id), condition))
        .returning({ id: clients.id })
      if (changed.length === 0) return false
      await announce('client', [id], new Date(clock.now()))
      return true
    })
  }

  return {
    async create(client) {
      try {
        await db.insert(clients).values(client)
        return 'created'
      } catch (error) {
        if (isUniqueViolation(error)) return 'id_taken'
        throw error
      }
    },
    async find(id) {
      const [row] = await db.select().from(clients).where(eq(clients.id, id))
      return row
    },
    async subjectSalt(proposed) {
      await db.insert(subjectSalts).values({ id: 'pairwise', salt: proposed }).onConflictDoNothing()
      const [row] = await db.select({ salt: subjectSalts.salt }).from(subjectSalts)
      return row!.salt
    },
    list: () => db.select().from(clients).orderBy(asc(clients.id)),
    page: ({ after, limit }) =>
      db
        .select()
        .from(clients)
        .where(after === undefined ? undefined : gt(clients.id, after))
        .orderBy(asc(clients.id))
        .limit(limit),
    setSecret: (id, secretHash) => changeOne(id, { secretHash }),
    setJwks: (id, jwks) => changeOne(id, { jwks }),
    change: (id, change) => changeOne(id, change),
    async register(client, { most, initialTokenHash, at }) {
      return await db.transaction(async (tx) => {
        // One after the other, so that no more than so many are there.
        await tx.execute(sql`select pg_advisory_xact_lock(${advisoryLocks.clientRegistration})`)
        if ((await tx.$count(clients, eq(clients.selfRegistered, true))) >= most) return 'full'
        if (initialTokenHash !== undefined) {
          const used = await tx
            .update(initialTokens)
            .set({ usesLeft: sql`${initialTokens.usesLeft} - 1` })
            .where(
              and(
                eq(initialTokens.hash, initialTokenHash),
                gt(initialTokens.usesLeft, 0),
                gt(initialTokens.expiresAt, at),
              ),
            )
            .returning({ usesLeft: initialTokens.usesLeft })
          if (used.length === 0) return 'token_ended'
        }
        await tx.insert(clients).values(client)
        return 'registered'
      })
    },
    keepDocument: ({ id, createdAt, ...said }, { most, at }) =>
      change(async (tx, announce) => {
        await tx.execute(sql`select pg_advisory_xact_lock(${advisoryLocks.clientRegistration})`)
        const changed = await tx
          .update(clients)
          .set(said)
          .where(and(eq(clients.id, id), eq(clients.selfRegistered, true)))
          .returning({ id: clients.id })
        if (changed.length === 0) {
          if ((await tx.$count(clients, eq(clients.selfRegistered, true))) >= most) return 'full'
          await tx
            .insert(clients)
            .values({ id, createdAt, ...said })
            .onConflictDoNothing()
        }
        await announce('client', [id], at)
        return changed.length === 0 ? 'registered' : 'changed'
      }),
    replaceRegistration: (id, tokenHash, values) => changeOne(id, values, eq(clients.registrationTokenHash, tokenHash)),
    async addInitialToken(token) {
      await db.insert(initialTokens).values(token)
    },
    deleteUnused: (before, at, limit) =>
      change(async (tx, announce) => {
        const [since, now] = [before, at].map((time) => sql`${time.toISOString()}::timestamptz`) as [SQL, SQL]
        const unused = sql`${clients.id} in (
          select id from clients as client where self_registered and created_at < ${since}
            and not exists (select from consents where client_id = client.id and granted_at >= ${since})
            and not exists (select from refresh_families
              where client_id = client.id and revoked_at is null and expires_at > ${now})
          order by created_at limit ${limit} for update skip locked)`
        const deleted = await tx.delete(clients).where(unused).returning({ id: clients.id })
        const ids = deleted.map(({ id }) => id)
        await announce('client', ids, at)
        return ids
      }),
    async signingSettings(grants) {
      const setting = (name: keyof SigningSettings) => sql<string | null>`${clients.openid}->>${sql.raw(`'${name}'`)}`
      const found = await db
        .selectDistinct({
          idTokenSignedResponseAlg: setting('idTokenSignedResponseAlg'),
          authorizationSignedResponseAlg: setting('authorizationSignedResponseAlg'),
          userinfoSignedResponseAlg: setting('userinfoSignedResponseAlg'),
          profile: setting('profile'),
        })
        .from(clients)
        .where(arrayOverlaps(clients.grants, [...grants]))
      const isSet = ([, value]: [string, unknown]) => value !== null
      return found.map((one) => Object.fromEntries(Object.entries(one).filter(isSet)) as SigningSettings)
    },
    withOrigins: () =>
      db
        .select({ id: clients.id, origins: sql<string[]>`${clients.openid}->'corsOrigins'` })
        .from(clients)
        .where(sql`jsonb_array_length(${clients.openid}->'corsOrigins') > 0`),
    async delete(id) {
      return await change(async (tx, announce) => {
        // Their own, which they have begun on devices.
        const begun = await tx
          .select({ id: sessions.id })
          .from(authorizations)
          .innerJoin(sessions, and(eq(sessions.id, authorizations.sessionId), eq(sessions.clientId, id)))
          .where(and(eq(authorizations.clientId, id), isNull(sessions.revokedAt)))
        const deleted = await tx.delete(clients).where(eq(clients.id, id)).returning({ id: clients.id })
        if (deleted.length === 0) return false
        const at = new Date(clock.now())
        // They name it by its id alone, which another client may get.
        await tx
          .update(refreshFamilies)
          .set({ revokedAt: at })
          .where(and(eq(refreshFamilies.clientId, id), isNull(refreshFamilies.revokedAt)))
        const own = begun.map((session) => session.id)
        if (own.length > 0) await endSessions([tx, announce], inArray(sessions.id, own), 'client_deleted', at)
        await announce('client', [id], at)
        return true
      })
    },
  }
}
