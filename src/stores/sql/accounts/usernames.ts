import { and, eq, isNull, ne } from '../drizzle.ts'
import { hashSecret } from '../../../core/secrets.ts'
import type { Transaction } from '../database.ts'
import { usernameClaims } from './tables.ts'

/**
 * Claims a user name for an account, and frees the one that it had; null: frees it alone. False, and nothing changed, when
 * another account has the name or has had it. Of any number of calls for one name, one claims it.
 */
export async function claimUsername(
  tx: Transaction,
  userId: string,
  username: string | null,
  at: Date,
): Promise<boolean> {
  const usernameHash = username === null ? '' : hashSecret(username)
  if (username !== null) {
    const claimed = await tx
      .insert(usernameClaims)
      .values({ usernameHash, userId })
      .onConflictDoUpdate({
        target: usernameClaims.usernameHash,
        set: { releasedAt: null },
        setWhere: eq(usernameClaims.userId, userId),
      })
      .returning({ userId: usernameClaims.userId })
    if (claimed.length === 0) return false
  }
  const former = [eq(usernameClaims.userId, userId), isNull(usernameClaims.releasedAt)]
  await tx
    .update(usernameClaims)
    .set({ releasedAt: at })
    .where(and(...former, ne(usernameClaims.usernameHash, usernameHash)))
  return true
}
