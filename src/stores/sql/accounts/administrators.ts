import { and, arrayContains, eq, ne, sql } from '../drizzle.ts'
import { adminRole } from '../../../core/principal.ts'
import { advisoryLocks, type Transaction } from '../database.ts'
import { users } from './tables.ts'

/**
 * Whether nobody else could administer the service without this account. Whoever takes an administrator away and wants one left
 * asks this first, before any row is touched: the lock, which is held until the transaction ends, lets one after the other ask.
 */
export async function isLastAdministrator(tx: Transaction, userId: string): Promise<boolean> {
  await tx.execute(sql`select pg_advisory_xact_lock(${advisoryLocks.administrators})`)
  const administers = and(arrayContains(users.roles, [adminRole]), eq(users.status, 'active'))
  if ((await tx.$count(users, and(administers, eq(users.id, userId)))) === 0) return false
  return (await tx.$count(users, and(administers, ne(users.id, userId)))) === 0
}
