import { inArray } from '../drizzle.ts'
import type { AccessTokenStore } from '../../../core/records/access-token.ts'
import type { Change } from '../changes.ts'
import type { Database } from '../database.ts'
import { revokedAccessTokens } from './tables.ts'

export function createAccessTokenStore(db: Database, change: Change): AccessTokenStore {
  return {
    async revoke(tokenId, expiresAt, at) {
      return await change(async (tx, announce) => {
        const revoked = await tx
          .insert(revokedAccessTokens)
          .values({ tokenId, expiresAt })
          .onConflictDoNothing()
          .returning({ tokenId: revokedAccessTokens.tokenId })
        if (revoked.length === 0) return false
        await announce('token', [tokenId], at)
        return true
      })
    },
    async isRevoked(...tokenIds) {
      const [row] = await db
        .select({ tokenId: revokedAccessTokens.tokenId })
        .from(revokedAccessTokens)
        .where(inArray(revokedAccessTokens.tokenId, tokenIds))
        .limit(1)
      return row !== undefined
    },
  }
}
