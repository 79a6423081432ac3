import type { AssertionStore } from '../../core/records/client.ts'
import type { Database } from './database.ts'
import { usedAssertions } from './schema.ts'

export function createAssertionStore(db: Database): AssertionStore {
  return {
    async use(clientId, tokenId, expiresAt) {
      const used = await db
        .insert(usedAssertions)
        .values({ clientId, tokenId, expiresAt })
        .onConflictDoNothing()
        .returning({ tokenId: usedAssertions.tokenId })
      return used.length === 1
    },
  }
}
