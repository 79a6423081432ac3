import { users } from '../accounts/tables.ts'
import { type AnyPgColumn, sql } from '../drizzle.ts'

const sum = (granted: AnyPgColumn, ofIdentities: 'roles' | 'groups') => sql<string[]>`array(
  select name from unnest(${granted} || array(
    select unnest(identities.${sql.raw(ofIdentities)}) from identities where identities.user_id = ${users.id})) as name
  group by name order by name collate "C")`

/**
 * The roles and groups that count of an account: what an operator has granted, and what its identities bring. Kept with the account, so
 * that whoever reads it reads one row.
 */
export const sumOfRights = { roles: sum(users.grantedRoles, 'roles'), groups: sum(users.grantedGroups, 'groups') }
