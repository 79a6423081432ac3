import { maxAccessTokenSeconds } from '../../../core/access-token.ts'
import type { AuthorizationStore, BegunFamily } from '../../../core/records/authorization.ts'
import type { Session } from '../../../core/records/session.ts'
import { users } from '../accounts/tables.ts'
import { isUnchanged } from '../accounts/unchanged.ts'
import { userColumns } from '../accounts/users.ts'
import type { Announce, Change } from '../changes.ts'
import { clients } from '../clients/tables.ts'
import type { Database, Transaction } from '../database.ts'
import { and, asc, eq, gt, inArray, isNull, type SQL, sql } from '../drizzle.ts'
import { providerSessions } from '../elsewhere/tables.ts'
import { sessionPrograms } from '../logouts/tables.ts'
import { beginSession, endSessions, liveSessions, sessionColumns } from '../sessions/sessions.ts'
import { sessions } from '../sessions/tables.ts'
import { refreshFamilies, refreshTokens, revokedAccessTokens } from '../tokens/tables.ts'
import { usePushedRequest } from './pushed-requests.ts'
import { prepareIssue, prepareRedeem, unionOfScopes } from './statements.ts'
import { authorizations, consents } from './tables.ts'

const tokenMilliseconds = maxAccessTokenSeconds * 1000

export function createAuthorizationStore(db: Database, change: Change): AuthorizationStore {
  const issue = { before: prepareIssue(db, 'before'), own: prepareIssue(db, 'own') }
  const redeem = prepareRedeem(db)
  return {
    async issue(authorization, consent, requestHash) {
      // A person who has just agreed is no hurry, and a pushed request is used up only where all else is well.
      if (consent === 'given' || requestHash !== undefined) {
        return db.transaction((tx) => keepAuthorization(tx, authorization, consent, requestHash))
      }
      const [done] = await issue[consent].execute({
        dpopJkt: null,
        ...authorization,
        expiresAt: expiryOf(authorization),
      })
      if (done!.kept === 1) return 'issued'
      return done!.live === 0 ? 'session_ended' : 'consent_missing'
    },
    async find(id) {
      const [found] = await db.select().from(authorizations).where(eq(authorizations.id, id))
      return found
    },
    async findByCode(codeHash) {
      const [found] = await db.select().from(authorizations).where(eq(authorizations.codeHash, codeHash))
      return found
    },
    async redeem(codeHash, at, { family: begin, isToldOfEnd }) {
      if (begin === undefined && !isToldOfEnd) return (await redeem.execute({ codeHash, at: at.toISOString() }))[0]
      return db.transaction(async (tx) => {
        const used = await useCode(tx, codeHash, at)
        const live = used && (await liveSession(tx, used.sessionId, at, isToldOfEnd))
        if (live === undefined) return undefined
        if (isToldOfEnd) await tellOfEnd(tx, live.session, used!.clientId)
        const begun = begin?.(live.session)
        if (begun !== undefined) await beginFamily(tx, used!.id, begun)
        return live
      })
    },
    redeemForDevice: (codeHash, at, begin, { most, isToldOfEnd }) =>
      change(async (tx, announce) => {
        // First of all, as a sign-in does: what ends the sessions of the person meanwhile ends this one too.
        const theirs = tx
          .select({ id: authorizations.userId })
          .from(authorizations)
          .where(eq(authorizations.codeHash, codeHash))
        if (!(await isUnchanged(tx, eq(users.id, theirs), undefined, 'no key update'))) return undefined
        const used = await useCode(tx, codeHash, at)
        const live = used && (await liveSession(tx, used.sessionId, at))
        if (live === undefined) return undefined
        const elsewhere = await elsewhereOf(tx, live.session.id)
        const { session, ...begun } = begin(live.session, elsewhere?.endsAt ?? null)
        const started = await beginSession([tx, announce], { ...session, elsewhere }, undefined, most)
        if (started === undefined) return undefined
        if (isToldOfEnd) await tellOfEnd(tx, session, used!.clientId)
        await tx.update(authorizations).set({ sessionId: session.id }).where(eq(authorizations.id, used!.id))
        await beginFamily(tx, used!.id, begun)
        return { user: live.user, session, ended: started.ended }
      }),
    end: (id, at) =>
      change(async (tx, announce) => (await endThose([tx, announce], eq(authorizations.id, id), at)).length > 0),
    async consentOf(userId, clientId) {
      const [consent] = await db
        .select()
        .from(consents)
        .where(and(eq(consents.userId, userId), eq(consents.clientId, clientId)))
      return consent
    },
    consentsOf: (userId) =>
      db
        .select({
          userId: consents.userId,
          clientId: consents.clientId,
          scopes: consents.scopes,
          grantedAt: consents.grantedAt,
          clientName: clients.name,
          openid: clients.openid,
        })
        .from(consents)
        .innerJoin(clients, eq(clients.id, consents.clientId))
        .where(eq(consents.userId, userId))
        .orderBy(asc(clients.name), asc(clients.id)),
    withdraw: (userId, clientId, at) =>
      change(async (tx, announce) => {
        const withdrawn = await tx
          .delete(consents)
          .where(and(eq(consents.userId, userId), eq(consents.clientId, clientId)))
          .returning({ clientId: consents.clientId })
        const theirs = and(eq(authorizations.userId, userId), eq(authorizations.clientId, clientId))!
        await endThose([tx, announce], theirs, at)
        return withdrawn.length > 0
      }),
  }
}

/** Uses a code, by one statement. */
async function useCode(tx: Transaction, codeHash: string, at: Date) {
  const [used] = await tx
    .update(authorizations)
    .set({ redeemedAt: at })
    .where(
      and(
        eq(authorizations.codeHash, codeHash),
        isNull(authorizations.redeemedAt),
        isNull(authorizations.revokedAt),
        gt(authorizations.codeExpiresAt, at),
      ),
    )
    .returning({ id: authorizations.id, sessionId: authorizations.sessionId, clientId: authorizations.clientId })
  return used
}

async function liveSession(tx: Transaction, id: string, at: Date, isToldOfEnd = false) {
  const [live] = await tx
    .select({ session: sessionColumns, user: userColumns })
    .from(sessions)
    .innerJoin(users, eq(users.id, sessions.userId))
    .where(and(eq(sessions.id, id), liveSessions(at), eq(users.status, 'active')))
    // A session that ends meanwhile is waited for where its program is to be told of that.
    .for(isToldOfEnd ? 'share' : 'key share', { of: sessions })
  return live
}

/** Notes that a program is to be told when a session ends. */
async function tellOfEnd(tx: Transaction, { id, idleExpiresAt }: Session, clientId: string): Promise<void> {
  await tx.insert(sessionPrograms).values({ sessionId: id, clientId, lookAt: idleExpiresAt }).onConflictDoNothing()
}

async function beginFamily(tx: Transaction, id: string, { family, token }: BegunFamily): Promise<void> {
  await tx.insert(refreshFamilies).values(family)
  await tx.insert(refreshTokens).values({ ...token, familyId: family.id })
  const expiresAt = new Date(family.expiresAt.getTime() + tokenMilliseconds)
  await tx
    .update(authorizations)
    .set({ expiresAt: sql`greatest(${authorizations.expiresAt}, ${expiresAt.toISOString()}::timestamptz)` })
    .where(eq(authorizations.id, id))
}

/** By which account at a provider a session was begun. What begins beside it is none of the sessions there, and ends with the account. */
async function elsewhereOf(tx: Transaction, sessionId: string) {
  const [found] = await tx.select().from(providerSessions).where(eq(providerSessions.sessionId, sessionId))
  if (found === undefined) return undefined
  const { provider, issuer, subject, endsAt } = found
  return { provider, issuer, subject, sid: null, sealedIdToken: null, endsAt: endsAt?.getTime() ?? null }
}

/** As `issue`, within a transaction. */
export async function keepAuthorization(
  tx: Transaction,
  authorization: Parameters<AuthorizationStore['issue']>[0],
  consent: Parameters<AuthorizationStore['issue']>[1],
  requestHash?: string,
): ReturnType<AuthorizationStore['issue']> {
  const { userId, clientId, scopes, sessionId, createdAt } = authorization
  const [live] = await tx
    .select({ id: sessions.id })
    .from(sessions)
    .innerJoin(users, eq(users.id, sessions.userId))
    .where(and(eq(sessions.id, sessionId), liveSessions(createdAt), eq(users.status, 'active')))
    .for('key share')
  if (live === undefined) return 'session_ended'
  if (consent === 'before') {
    // Locked, so that whoever takes it back meanwhile finds this authorization.
    const [stands] = await tx
      .select({ scopes: consents.scopes })
      .from(consents)
      .where(and(eq(consents.userId, userId), eq(consents.clientId, clientId)))
      .for('key share')
    if (stands === undefined || scopes.some((scope) => !stands.scopes.includes(scope))) return 'consent_missing'
  }
  // Before anything is written: what is returned here is no failure, and would be kept.
  if (requestHash !== undefined && !(await usePushedRequest(tx, requestHash))) return 'request_used'
  if (consent !== 'before') await allow(tx, { userId, clientId, scopes, grantedAt: createdAt })
  await tx.insert(authorizations).values({ ...authorization, expiresAt: expiryOf(authorization) })
  return 'issued'
}

function expiryOf({ createdAt }: { createdAt: Date }): Date {
  return new Date(createdAt.getTime() + 2 * tokenMilliseconds)
}

async function allow(tx: Transaction, consent: typeof consents.$inferInsert & { scopes: string[] }): Promise<void> {
  await tx
    .insert(consents)
    .values(consent)
    .onConflictDoUpdate({
      target: [consents.userId, consents.clientId],
      set: { scopes: unionOfScopes, grantedAt: consent.grantedAt },
    })
}

/** Ends authorizations with all that names them. */
async function endThose([tx, announce]: [Transaction, Announce], which: SQL, at: Date) {
  const ended = await tx
    .update(authorizations)
    .set({ revokedAt: at })
    .where(and(which, isNull(authorizations.revokedAt)))
    .returning({ id: authorizations.id, sessionId: authorizations.sessionId, clientId: authorizations.clientId })
  if (ended.length === 0) return ended
  const ids = ended.map(({ id }) => id)
  await tx
    .update(refreshFamilies)
    .set({ revokedAt: at })
    .where(and(inArray(refreshFamilies.id, ids), isNull(refreshFamilies.revokedAt)))
  const expiresAt = new Date(at.getTime() + tokenMilliseconds)
  await tx
    .insert(revokedAccessTokens)
    .values(ids.map((tokenId) => ({ tokenId, expiresAt })))
    .onConflictDoNothing()
  await endOwnSessions([tx, announce], ended, at)
  await announce('token', ids, at)
  return ended
}

/** Ends those of the sessions that are a program's own, with nothing but one authorization on them. */
async function endOwnSessions(
  by: [Transaction, Announce],
  ended: readonly { sessionId: string; clientId: string }[],
  at: Date,
) {
  const ids = ended.map(({ sessionId }) => sessionId)
  const isOwn = and(inArray(sessions.id, ids), eq(sessions.clientId, ended[0]!.clientId), isNull(sessions.revokedAt))!
  await endSessions(by, isOwn, 'authorization_ended', at)
}
