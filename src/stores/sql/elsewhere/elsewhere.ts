import type { ArrivalKey, ElsewhereStore } from '../../../core/records/elsewhere.ts'
import type { Change } from '../changes.ts'
import { usedAssertions } from '../clients/tables.ts'
import type { Database } from '../database.ts'
import { and, eq, gt, inArray, isNull, ne, type SQL, sql } from '../drizzle.ts'
import { interactions } from '../interactions/tables.ts'
import { queueMails } from '../mail/queue-mails.ts'
import { endSessions } from '../sessions/sessions.ts'
import { sessions } from '../sessions/tables.ts'
import { providerArrivals, providerSessions, providerTrips } from './tables.ts'

const tripColumns = {
  id: providerTrips.id,
  provider: providerTrips.provider,
  purpose: providerTrips.purpose,
  sessionId: providerTrips.sessionId,
  sealed: providerTrips.sealed,
  startedAt: providerTrips.startedAt,
  expiresAt: providerTrips.expiresAt,
}
const sessionColumns = {
  provider: providerSessions.provider,
  issuer: providerSessions.issuer,
  subject: providerSessions.subject,
  sid: providerSessions.sid,
  sealedIdToken: providerSessions.sealedIdToken,
  endsAt: providerSessions.endsAt,
}
const arrivalColumns = {
  id: providerArrivals.id,
  provider: providerArrivals.provider,
  sealed: providerArrivals.sealed,
  email: providerArrivals.email,
  expiresAt: providerArrivals.expiresAt,
}

function ofKey(key: ArrivalKey, at: Date): SQL {
  const named = 'id' in key ? eq(providerArrivals.id, key.id) : eq(providerArrivals.tokenHash, key.tokenHash)
  return and(named, eq(providerArrivals.browserHash, key.browserHash), gt(providerArrivals.expiresAt, at))!
}

export function createElsewhereStore(db: Database, change: Change): ElsewhereStore {
  return {
    async beginTrip(trip) {
      await db.insert(providerTrips).values(trip)
    },
    async consumeTrip({ provider, stateHash, browserHash }, at) {
      const [consumed] = await db
        .delete(providerTrips)
        .where(
          and(
            eq(providerTrips.stateHash, stateHash),
            eq(providerTrips.browserHash, browserHash),
            eq(providerTrips.provider, provider),
            gt(providerTrips.expiresAt, at),
          ),
        )
        .returning(tripColumns)
      return consumed
    },
    async keepArrival(arrival) {
      await db.insert(providerArrivals).values(arrival)
    },
    async findArrival(key, at) {
      const [found] = await db.select(arrivalColumns).from(providerArrivals).where(ofKey(key, at))
      return found
    },
    mailArrival: (key, { email, tokenHash, at, expiresAt, mails }) =>
      db.transaction(async (tx) => {
        const kept = await tx
          .update(providerArrivals)
          .set({ email, tokenHash, expiresAt })
          .where(ofKey(key, at))
          .returning({ id: providerArrivals.id })
        if (kept.length === 0) return false
        await queueMails(tx, mails)
        return true
      }),
    async consumeArrival(key, at) {
      const [consumed] = await db.delete(providerArrivals).where(ofKey(key, at)).returning(arrivalColumns)
      return consumed
    },
    async ofSession(sessionId) {
      const [found] = await db
        .select(sessionColumns)
        .from(providerSessions)
        .where(eq(providerSessions.sessionId, sessionId))
      return found && { ...found, endsAt: found.endsAt?.getTime() ?? null }
    },
    endSessions: ({ provider, issuer, sid, subject }, { reason, at, but, once }) =>
      change(async (tx, announce) => {
        const named = { provider, issuer, ...(sid !== undefined && { sid }), ...(subject !== undefined && { subject }) }
        if (once !== undefined) {
          const { provider: clientId, ...used } = once
          const first = tx.insert(usedAssertions).values({ clientId: `provider ${clientId}`, ...used })
          if ((await first.onConflictDoNothing().returning({ id: usedAssertions.tokenId })).length === 0)
            return undefined
        }
        // A second factor that is asked for meanwhile opens nothing any more.
        const underWay = sql`${interactions.proofs} @> ${JSON.stringify([{ elsewhere: named }])}::jsonb`
        await tx.delete(interactions).where(underWay)
        const begun = tx
          .select({ id: providerSessions.sessionId })
          .from(providerSessions)
          .where(
            and(
              eq(providerSessions.provider, provider),
              eq(providerSessions.issuer, issuer),
              sid === undefined ? undefined : eq(providerSessions.sid, sid),
              subject === undefined ? undefined : eq(providerSessions.subject, subject),
            ),
          )
        const others = but === undefined ? undefined : ne(sessions.id, but)
        const which = and(inArray(sessions.id, begun), isNull(sessions.revokedAt), others)!
        return endSessions([tx, announce], which, reason, at)
      }),
  }
}
