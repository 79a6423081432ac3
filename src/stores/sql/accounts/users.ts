import { setImmediate } from 'node:timers/promises'
import { and, arrayContains, asc, desc, eq, gt, lt, or, sql } from '../drizzle.ts'
import type { AnyPgColumn, PgUpdateSetSource } from '../drizzle.ts'
import type { Clock } from '../../../core/clock.ts'
import type { User, UserStore } from '../../../core/records/user.ts'
import type { Announce, Change } from '../changes.ts'
import { type Database, rowsOf, type Transaction } from '../database.ts'
import { endKeys, liveKeysOf } from '../api-keys/live-keys.ts'
import { addUpRights } from '../identities/rights.ts'
import { queueMails } from '../mail/queue-mails.ts'
import { adminRole } from '../../../core/principal.ts'
import { isLastAdministrator } from './administrators.ts'
import { createIn, orWhyNot } from './create-user.ts'
import { changePassword, endLinks, endSessionsOf } from './passwords.ts'
import { holdRoles } from './roles.ts'
import { passwordKind, users } from './tables.ts'
import { claimUsername } from './usernames.ts'
import { apiKeys } from '../api-keys/tables.ts'

/** A user with the permissions that their roles add up to; joined wherever a user is loaded. */
export const userColumns = {
  id: users.id,
  email: users.email,
  username: users.username,
  name: users.name,
  locale: users.locale,
  passwordHash: users.passwordHash,
  roles: users.roles,
  groups: users.groups,
  permissions: sql<string[]>`array(
    select distinct permission from roles, unnest(roles.permissions) as permission
    where roles.name = any(${users.roles}) order by permission)`,
  status: users.status,
  deletesAt: users.deletesAt,
  emailVerifiedAt: users.emailVerifiedAt,
  createdAt: users.createdAt,
  unlocks: users.unlocks,
  // Counted: for several accounts PostgreSQL would rather read the factors of everybody than look into the index for each.
  hasSecondFactor: sql<boolean>`(
    select count(*) > 0 from factors where factors.user_id = users.id and factors.confirmed_at is not null)`,
}

/** How many accounts are counted by one statement. */
const batch = 100

/** A list with a name, once. */
const withName = (names: AnyPgColumn, name: string) => sql`array_append(array_remove(${names}, ${name}), ${name})`

const oneMore = sql`${users.unlocks} + 1`

export function createUserStore(db: Database, change: Change, clock: Clock): UserStore {
  type Values = PgUpdateSetSource<typeof users>
  /** `before`: what else happens in the transaction, ahead of the feed's lock, which is taken last everywhere. */
  async function changeIn<T>(
    [tx, announce]: [Transaction, Announce],
    id: string,
    at: Date,
    values: Values,
    before: () => Promise<T>,
  ) {
    await tx.update(users).set(values).where(eq(users.id, id))
    const done = await before()
    await announce('user', [id], at)
    return done
  }
  const now = () => new Date(clock.now())

  return {
    create: (user) => orWhyNot(() => db.transaction((tx) => createIn(tx, user))),
    async findByLogin(login) {
      // No stored text holds a NUL, and PostgreSQL fails on being asked for one.
      if (login.includes('\0')) return undefined
      const column = login.includes('@') ? users.email : users.username
      const [row] = await db.select(userColumns).from(users).where(eq(column, login))
      return row satisfies User | undefined
    },
    async findById(id) {
      const [row] = await db.select(userColumns).from(users).where(eq(users.id, id))
      return row
    },
    list: ({ before, limit }) =>
      db
        .select(userColumns)
        .from(users)
        .where(before === undefined ? undefined : lt(users.id, before))
        .orderBy(desc(users.id))
        .limit(limit),
    async anyHolds(role) {
      const holder = and(arrayContains(users.roles, [role]), eq(users.status, 'active'))
      // Counted: for the first one alone PostgreSQL would rather read everybody than look into the index.
      return (await db.$count(users, holder)) > 0
    },
    changeProfile: (id, profile) =>
      change((tx, announce) => changeIn([tx, announce], id, now(), profile, async () => {})),
    setUsername: (id, username, at) =>
      change(async (tx, announce) => {
        if (!(await claimUsername(tx, id, username, at))) return 'username_taken'
        return changeIn([tx, announce], id, at, { username }, async () => 'changed' as const)
      }),
    // One statement each: of parallel changes none undoes another.
    grantRole: (id, role, { mails = [] } = {}) =>
      change(async (tx, announce) => {
        if (!(await holdRoles(tx, [role]))) return 'unknown_role'
        const granted = { roles: withName(users.roles, role), grantedRoles: withName(users.grantedRoles, role) }
        return changeIn([tx, announce], id, now(), granted, async () => {
          await queueMails(tx, mails)
          return 'granted' as const
        })
      }),
    revokeRole: (id, role, { keepsAdministrator = false } = {}) =>
      change(async (tx, announce) => {
        const isGuarded = keepsAdministrator && role === adminRole
        if (isGuarded && (await isLastAdministrator(tx, id))) return 'last_administrator'
        const left = sql`array_remove(${users.grantedRoles}, ${role})`
        return changeIn([tx, announce], id, now(), { grantedRoles: left }, async () => {
          const { roles } = await addUpRights(tx, id)
          return roles.includes(role) ? ('brought' as const) : ('revoked' as const)
        })
      }),
    addToGroup: (id, group) =>
      change((tx, announce) => {
        const added = { groups: withName(users.groups, group), grantedGroups: withName(users.grantedGroups, group) }
        return changeIn([tx, announce], id, now(), added, async () => {})
      }),
    removeFromGroup: (id, group) =>
      change((tx, announce) => {
        const left = sql`array_remove(${users.grantedGroups}, ${group})`
        return changeIn([tx, announce], id, now(), { grantedGroups: left }, async () => {
          const { groups } = await addUpRights(tx, id)
          return groups.includes(group) ? ('brought' as const) : ('removed' as const)
        })
      }),
    async setPassword(id, passwordHash, at, { endApiKeys = false, mails = [], ...proof } = {}) {
      let keys = { endedApiKeys: 0, apiKeysLeft: 0 }
      const isSet = await change((tx, announce) =>
        changePassword([tx, announce], { userId: id, passwordHash, at, ...proof }, async () => {
          await queueMails(tx, mails)
          keys = endApiKeys
            ? { endedApiKeys: await endKeys(tx, id, at), apiKeysLeft: 0 }
            : { endedApiKeys: 0, apiKeysLeft: await tx.$count(apiKeys, liveKeysOf(id, at)) }
        }),
      )
      return isSet ? keys : undefined
    },
    async renewPasswordHash(id, from, to) {
      const renewed = await db
        .update(users)
        .set({ passwordHash: to })
        .where(and(eq(users.id, id), eq(users.passwordHash, from)))
        .returning({ id: users.id })
      return renewed.length === 1
    },
    async passwordKinds(own) {
      const kind = sql<string | null>`${passwordKind}`
      const others = or(lt(passwordKind, own), gt(passwordKind, own))
      // Mostly there are none, and the index says so.
      if ((await db.select({ id: users.id }).from(users).where(others).limit(1)).length === 0) return []
      const counts = new Map<string, number>()
      let rows: { id: string; kind: string | null }[] = []
      do {
        const after = rows.at(-1)?.id
        const next = after === undefined ? undefined : gt(users.id, after)
        rows = await db.select({ id: users.id, kind }).from(users).where(next).orderBy(asc(users.id)).limit(batch)
        for (const { kind } of rows) if (kind !== null) counts.set(kind, (counts.get(kind) ?? 0) + 1)
        // One statement blocks the embedded store for a moment, and all of them would for long.
        await setImmediate()
      } while (rows.length === batch)
      const found = [...counts].map(async ([kind, accounts]) => {
        const [one] = await db.select({ hash: users.passwordHash }).from(users).where(eq(passwordKind, kind)).limit(1)
        return one?.hash ? [{ sample: one.hash, accounts }] : []
      })
      return (await Promise.all(found)).flat()
    },
    setStatus: (id, status, at, { keepsAdministrator = false } = {}) =>
      change(async (tx, announce) => {
        const isGuarded = keepsAdministrator && status === 'disabled'
        if (isGuarded && (await isLastAdministrator(tx, id))) return 'last_administrator'
        const enabled = sql`case when ${users.deletesAt} is null then 'active' else 'deleting' end`
        return changeIn([tx, announce], id, at, { status: status === 'disabled' ? status : enabled }, async () => {
          if (status === 'disabled') {
            await endLinks(tx, id, at)
            await endSessionsOf(tx, id, 'user_disabled', at)
          }
          return 'changed' as const
        })
      }),
    async unlock(id) {
      await db.update(users).set({ unlocks: oneMore, lockoutToldUntil: null }).where(eq(users.id, id))
    },
    noteLockout: (id, { at, until }, mails) =>
      db.transaction(async (tx) => {
        const [told] = await rowsOf<{ is_news: boolean }>(
          tx,
          sql`
          with told as (select lockout_told_until from users where id = ${id}::uuid for update)
          update users set lockout_told_until = ${until.toISOString()}::timestamptz from told
          where id = ${id}::uuid
          returning coalesce(told.lockout_told_until <= ${at.toISOString()}::timestamptz, true) as is_news`,
        )
        if (told?.is_news) await queueMails(tx, mails)
        return told?.is_news ?? false
      }),
  }
}
