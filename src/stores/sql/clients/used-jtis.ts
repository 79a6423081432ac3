import type { UsedJtiStore } from '../../../core/records/client.ts'
import type { Database } from '../database.ts'
import { usedAssertions } from './tables.ts'

export function createUsedJtiStore(db: Database): UsedJtiStore {
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
