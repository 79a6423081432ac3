import type { Transaction } from '../database.ts'
import { and, eq, type SQL, sql } from '../drizzle.ts'
import { users } from './tables.ts'

/**
 * Whether a user is active, and their password the proven one. The lock waits for a change of the account under way; a
 * later one sees what is begun or proven now, and ends it.
 */
export async function isUnchanged(
  tx: Transaction,
  user: SQL,
  provenHash: string | null | undefined,
  lock: 'share' | 'no key update' = 'share',
): Promise<boolean> {
  const proven = provenHash === undefined ? undefined : sql`${users.passwordHash} is not distinct from ${provenHash}`
  const unchanged = await tx
    .select({ id: users.id })
    .from(users)
    .where(and(user, eq(users.status, 'active'), proven))
    .for(lock)
  return unchanged.length > 0
}
