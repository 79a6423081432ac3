import { and, eq } from '../drizzle.ts'
import type { HostSessionStore } from '../../../core/records/host-session.ts'
import type { Session } from '../../../core/records/session.ts'
import { users } from '../accounts/tables.ts'
import { userColumns } from '../accounts/users.ts'
import type { Database, Transaction } from '../database.ts'
import { liveSessions, sessionColumns } from '../sessions/sessions.ts'
import { sessions } from '../sessions/tables.ts'
import { hostSessions, hostTickets } from './tables.ts'

export function createHostSessionStore(db: Database): HostSessionStore {
  return {
    issue: (ticket, at) =>
      db.transaction(async (tx) => {
        if ((await holdLive(tx, ticket.sessionId, at)) === undefined) return false
        await tx.insert(hostTickets).values(ticket)
        return true
      }),
    async redeem({ ticketHash, origin, nonceHash, secretHash, at }) {
      return await db.transaction(async (tx) => {
        const [ticket] = await tx.delete(hostTickets).where(eq(hostTickets.ticketHash, ticketHash)).returning()
        if (ticket === undefined || ticket.origin !== origin || ticket.nonceHash !== nonceHash) return undefined
        if (ticket.expiresAt <= at) return undefined
        const { sessionId, returnTo } = ticket
        const session = await holdLive(tx, sessionId, at)
        if (session === undefined) return undefined
        const known = { secretHash, sessionId, origin, createdAt: at }
        await tx
          .insert(hostSessions)
          .values(known)
          .onConflictDoUpdate({ target: [hostSessions.sessionId, hostSessions.origin], set: known })
        return { session, returnTo }
      })
    },
    async findLive(secretHash, at) {
      const [live] = await db
        .select({ session: sessionColumns, user: userColumns, origin: hostSessions.origin })
        .from(hostSessions)
        .innerJoin(sessions, eq(sessions.id, hostSessions.sessionId))
        .innerJoin(users, eq(users.id, sessions.userId))
        .where(and(eq(hostSessions.secretHash, secretHash), liveSessions(at), eq(users.status, 'active')))
      return live
    },
  }
}

/** A live session, which stays there until the transaction ends. */
async function holdLive(tx: Transaction, id: string, at: Date): Promise<Session | undefined> {
  const [session] = await tx
    .select(sessionColumns)
    .from(sessions)
    .where(and(eq(sessions.id, id), liveSessions(at)))
    .for('key share')
  return session
}
