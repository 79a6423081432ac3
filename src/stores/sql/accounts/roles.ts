import { isDeepStrictEqual } from 'node:util'
import { and, arrayContains, arrayOverlaps, asc, eq, inArray, sql } from '../drizzle.ts'
import type { Clock } from '../../../core/clock.ts'
import type { RoleStore } from '../../../core/records/role.ts'
import { adminRole } from '../../../core/principal.ts'
import type { Announce, Change } from '../changes.ts'
import { advisoryLocks, type Database, type Transaction } from '../database.ts'
import { identities } from '../identities/tables.ts'
import { roles, users } from './tables.ts'

/**
 * Whether all of these roles are there. They stay until the transaction ends, so that whoever gets one of them does so
 * before it is taken from all its holders.
 */
export async function holdRoles(tx: Transaction, names: readonly string[]): Promise<boolean> {
  return (await definedRoles(tx, names)).size === new Set(names).size
}

/** Those of these roles that are there, which stay until the transaction ends. */
export async function definedRoles(tx: Transaction, names: readonly string[]): Promise<Set<string>> {
  const always = names.filter((name) => name === adminRole)
  const wanted = new Set(names.filter((name) => name !== adminRole))
  if (wanted.size === 0) return new Set(always)
  const there = await tx
    .select({ name: roles.name })
    .from(roles)
    .where(inArray(roles.name, [...wanted]))
    .orderBy(asc(roles.name))
    .for('key share')
  return new Set([...always, ...there.map(({ name }) => name)])
}

export function createRoleStore(db: Database, change: Change, clock: Clock): RoleStore {
  const ofOperator = eq(roles.source, 'operator')

  async function announceHolders(tx: Transaction, announce: Announce, ...names: string[]) {
    // Before the holders are read: a grant under way is then either seen here, or announced after this commits.
    await tx.execute(sql`select pg_advisory_xact_lock(${advisoryLocks.revocationFeed})`)
    const holders = await tx.select({ id: users.id }).from(users).where(arrayOverlaps(users.roles, names))
    const ids = holders.map((holder) => holder.id)
    await announce('user', ids, new Date(clock.now()))
  }

  return {
    async create(role) {
      return await change(async (tx, announce) => {
        const created = await tx.insert(roles).values(role).onConflictDoNothing().returning({ name: roles.name })
        // Accounts may hold the name already.
        if (created.length > 0) await announceHolders(tx, announce, role.name)
        return created.length > 0
      })
    },
    async setPermissions(name, permissions) {
      return await change(async (tx, announce) => {
        const changed = await tx
          .update(roles)
          .set({ permissions })
          .where(and(eq(roles.name, name), ofOperator))
          .returning({ name: roles.name })
        if (changed.length > 0) await announceHolders(tx, announce, name)
        return changed.length > 0
      })
    },
    async put(role) {
      return await change(async (tx, announce) => {
        const written = await tx
          .insert(roles)
          .values(role)
          .onConflictDoUpdate({ target: roles.name, set: { permissions: role.permissions }, setWhere: ofOperator })
          .returning({ name: roles.name })
        if (written.length > 0) await announceHolders(tx, announce, role.name)
        return written.length > 0
      })
    },
    list: () => db.select().from(roles).orderBy(asc(roles.name)),
    async delete(name) {
      return await change(async (tx, announce) => {
        const deleted = await tx
          .delete(roles)
          .where(and(eq(roles.name, name), ofOperator))
          .returning({ name: roles.name })
        const [kept] = await tx.select({ name: roles.name }).from(roles).where(eq(roles.name, name))
        if (kept !== undefined) return { deleted: false, holders: 0 }
        // The feed's lock comes last, as everywhere: a change of a holder that waits for it would be waited for here.
        const holders = await tx
          .update(users)
          .set({
            roles: sql`array_remove(${users.roles}, ${name})`,
            grantedRoles: sql`array_remove(${users.grantedRoles}, ${name})`,
          })
          .where(arrayContains(users.roles, [name]))
          .returning({ id: users.id })
        const ids = holders.map(({ id }) => id)
        await tx
          .update(identities)
          .set({ roles: sql`array_remove(${identities.roles}, ${name})` })
          .where(inArray(identities.userId, ids))
        await announce('user', ids, new Date(clock.now()))
        return { deleted: deleted.length > 0, holders: holders.length }
      })
    },
    async replaceFileRoles(wanted) {
      return await change(async (tx, announce) => {
        // Replicas start together, and operators make roles meanwhile.
        await tx.execute(sql`lock table roles in share row exclusive mode`)
        const known = new Map((await tx.select().from(roles)).map((role) => [role.name, role]))
        const names = wanted.map(({ name }) => name).filter((name) => known.get(name)?.source === 'operator')
        if (names.length > 0) return { kind: 'taken' as const, names }
        const defined = wanted.filter(
          ({ name, permissions }) => !isDeepStrictEqual(known.get(name)?.permissions, permissions),
        )
        const removed = [...known.values()]
          .filter(({ name, source }) => source === 'file' && !wanted.some((role) => role.name === name))
          .map(({ name }) => name)
        if (defined.length > 0) {
          await tx
            .insert(roles)
            .values(defined.map(({ name, permissions }) => ({ name, permissions, source: 'file' as const })))
            .onConflictDoUpdate({ target: roles.name, set: { permissions: sql`excluded.permissions` } })
        }
        if (removed.length > 0) await tx.delete(roles).where(inArray(roles.name, removed))
        const changed = [...defined.map(({ name }) => name), ...removed]
        if (changed.length > 0) await announceHolders(tx, announce, ...changed)
        return { kind: 'replaced' as const, defined: [...defined], removed }
      })
    },
  }
}
