import type { PushedRequestStore } from '../../../core/records/pushed-request.ts'
import { clients } from '../clients/tables.ts'
import type { Database, Transaction } from '../database.ts'
import { and, eq, gt } from '../drizzle.ts'
import { pushedRequests } from './tables.ts'

export function createPushedRequestStore(db: Database): PushedRequestStore {
  return {
    keep: (request) =>
      db.transaction(async (tx) => {
        const [client] = await tx
          .select({ id: clients.id })
          .from(clients)
          .where(eq(clients.id, request.clientId))
          .for('key share')
        if (client === undefined) return false
        await tx.insert(pushedRequests).values(request)
        return true
      }),
    async find(requestHash, clientId, at) {
      const [found] = await db
        .select()
        .from(pushedRequests)
        .where(
          and(
            eq(pushedRequests.requestHash, requestHash),
            eq(pushedRequests.clientId, clientId),
            gt(pushedRequests.expiresAt, at),
          ),
        )
      return found
    },
    use: (requestHash) => usePushedRequest(db, requestHash),
  }
}

/** Of any number of calls one returns true. */
export async function usePushedRequest(db: Database | Transaction, requestHash: string): Promise<boolean> {
  const used = await db
    .delete(pushedRequests)
    .where(eq(pushedRequests.requestHash, requestHash))
    .returning({ requestHash: pushedRequests.requestHash })
  return used.length === 1
}
