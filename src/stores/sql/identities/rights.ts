import { users } from '../accounts/tables.ts'
import type { Transaction } from '../database.ts'
import { type AnyPgColumn, eq, sql } from '../drizzle.ts'

const sum = (granted: AnyPgColumn, ofIdentities: 'roles' | 'groups') => sql<string[]>`array(
  select name from unnest(${granted} || array(
    select unnest(identities.${sql.raw(ofIdentities)}) from identities where identities.user_id = ${users.id})) as name
  group by name order by name collate "C")`

const sums = { roles: sum(users.grantedRoles, 'roles'), groups: sum(users.grantedGroups, 'groups') }

/**
 * Adds up anew which roles and groups of an account count: what an operator has granted, and what its identities bring. They are kept
 * with the account, so that whoever reads it reads one row. Resolves to those that count now.
 */
export async function addUpRights(tx: Transaction, userId: string): Promise<{ roles: string[]; groups: string[] }> {
  const added = { roles: users.roles, groups: users.groups }
  const [rights] = await tx.update(users).set(sums).where(eq(users.id, userId)).returning(added)
  return rights ?? { roles: [], groups: [] }
}
