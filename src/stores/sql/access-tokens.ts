import { inArray } from './drizzle.ts'
import type { AccessTokenStore } from '../../core/ports.ts'
import { announce, type Database } from './database.ts'
import { revokedAccessTokens } from './schema.ts'

export function createAccessTokenStore(db: Database): AccessTokenStore {
  return {
    async revoke(tokenId, expiresAt, at) {
      return await db.transaction(async (tx) => {
        const revoked = await tx
          .insert(revokedAccessTokens)
          .values({ tokenId, expiresAt })
          .onConflictDoNothing()
          .returning({ tokenId: revokedAccessTokens.tokenId })
        if (revoked.length === 0) return false
        await announce(tx, 'token', [tokenId], at)
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
