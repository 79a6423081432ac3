/** Which API keys count, and how many of them end at once; apart, since users and keys both ask. */
import { and, eq, gt, isNull, or } from '../drizzle.ts'
import type { Transaction } from '../database.ts'
import { apiKeys } from './tables.ts'

/** Those of a user. */
export const liveKeysOf = (userId: string, at: Date) => and(eq(apiKeys.userId, userId), isLiveKey(at))

/** Neither revoked nor expired. */
export function isLiveKey(at: Date) {
  return and(isNull(apiKeys.revokedAt), or(isNull(apiKeys.expiresAt), gt(apiKeys.expiresAt, at)))
}

/** Ends the keys of a user, or everybody's, that have not ended; tells nobody. */
export async function endKeys(tx: Transaction, userId: string | undefined, at: Date): Promise<number> {
  const ended = await tx
    .update(apiKeys)
    .set({ revokedAt: at })
    .where(userId === undefined ? isLiveKey(at) : liveKeysOf(userId, at))
    .returning({ id: apiKeys.id })
  return ended.length
}
