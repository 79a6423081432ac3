import { isDeepStrictEqual } from 'node:util'
import { and, type AnyPgColumn, asc, eq, exists, inArray, lt, ne, not, or, sql } from '../drizzle.ts'
import type { IdentityFacts, IdentityStore, NewIdentity } from '../../../core/records/identity.ts'
import { createIn, orWhyNot } from '../accounts/create-user.ts'
import { NothingToUse, unlessNothing } from '../accounts/passwords.ts'
import { definedRoles } from '../accounts/roles.ts'
import { users } from '../accounts/tables.ts'
import { isUnchanged } from '../accounts/unchanged.ts'
import { userColumns } from '../accounts/users.ts'
import { isLiveKey } from '../api-keys/live-keys.ts'
import { apiKeys } from '../api-keys/tables.ts'
import type { Change } from '../changes.ts'
import type { Database, Transaction } from '../database.ts'
import { queueMails } from '../mail/queue-mails.ts'
import { liveSessions } from '../sessions/sessions.ts'
import { sessions } from '../sessions/tables.ts'
import { addUpRights } from './rights.ts'
import { identities } from './tables.ts'

export const identityColumns = {
  id: identities.id,
  userId: identities.userId,
  source: identities.source,
  issuer: identities.issuer,
  subject: identities.subject,
  label: identities.label,
  groups: identities.groups,
  roles: identities.roles,
  createdAt: identities.createdAt,
  lastUsedAt: identities.lastUsedAt,
  checkedAt: identities.checkedAt,
}

export function createIdentityStore(db: Database, change: Change): IdentityStore {
  /** What of the facts is kept: each name once, by its spelling, so that the same facts are the same rows. */
  async function kept(tx: Transaction, { label, groups, roles }: IdentityFacts) {
    const defined = await definedRoles(tx, roles)
    return { label, groups: [...new Set(groups)].toSorted(), roles: [...defined].toSorted() }
  }
  /** False, and nothing inserted, when it is somebody's already. */
  async function insert(tx: Transaction, identity: NewIdentity): Promise<boolean> {
    const { createdAt } = identity
    const facts = await kept(tx, identity)
    const inserted = await tx
      .insert(identities)
      .values({ ...identity, ...facts, lastUsedAt: createdAt, checkedAt: createdAt })
      .onConflictDoNothing()
      .returning({ id: identities.id })
    if (inserted.length === 0) return false
    await addUpRights(tx, identity.userId)
    return true
  }
  const isOf = ({ issuer, subject }: Pick<NewIdentity, 'issuer' | 'subject'>) =>
    and(eq(identities.issuer, issuer), eq(identities.subject, subject))

  return {
    async find(issuer, subject) {
      // No stored text holds a NUL, and PostgreSQL fails on being asked for one.
      if (`${issuer}${subject}`.includes('\0')) return undefined
      const [found] = await db
        .select({ identity: identityColumns, user: userColumns })
        .from(identities)
        .innerJoin(users, eq(users.id, identities.userId))
        .where(isOf({ issuer, subject }))
      return found
    },
    of: (userId) =>
      db.select(identityColumns).from(identities).where(eq(identities.userId, userId)).orderBy(asc(identities.id)),
    link: (identity, { provenHash, mails = [] }) =>
      change(async (tx, announce) => {
        const { userId, createdAt } = identity
        if (!(await isUnchanged(tx, eq(users.id, userId), provenHash, 'no key update'))) return 'account_changed'
        if (!(await insert(tx, identity))) return 'taken'
        await queueMails(tx, mails)
        await announce('user', [userId], createdAt)
        return 'linked'
      }),
    async create(user, identity, mails = []) {
      const made = await unlessNothing(() =>
        orWhyNot(() =>
          db.transaction(async (tx) => {
            // One after the other of those that would make the same identity: who comes second learns that it is there.
            await tx.execute(
              sql`select pg_advisory_xact_lock(hashtext(${identity.issuer}), hashtext(${identity.subject}))`,
            )
            if ((await tx.$count(identities, isOf(identity))) > 0) return 'taken'
            await createIn(tx, user)
            if (!(await insert(tx, identity))) throw new NothingToUse()
            await queueMails(tx, mails)
            return 'created'
          }),
        ),
      )
      return made === false ? 'taken' : made
    },
    note: (id, facts, { at, isUsed }) =>
      change(async (tx, announce) => {
        // The account's row first, as everywhere.
        const owner = sql`${users.id} = (select user_id from identities where id = ${id})`
        const [user] = await tx.select({ id: users.id }).from(users).where(owner).for('no key update')
        const [before] = await tx.select(identityColumns).from(identities).where(eq(identities.id, id))
        if (user === undefined || before === undefined) return false
        const after = await kept(tx, facts)
        const seen = isUsed ? { lastUsedAt: at, checkedAt: at, isWatched: true } : { checkedAt: at }
        await tx
          .update(identities)
          .set({ ...after, ...seen })
          .where(eq(identities.id, id))
        const { label, groups, roles } = before
        if (isDeepStrictEqual({ label, groups, roles }, after)) return true
        await addUpRights(tx, user.id)
        await announce('user', [user.id], at)
        return true
      }),
    unlink: (userId, id, at, { mails = [] } = {}) =>
      change(async (tx, announce) => {
        const [user] = await tx
          .select({ passwordHash: users.passwordHash })
          .from(users)
          .where(eq(users.id, userId))
          .for('no key update')
        const its = and(eq(identities.id, id), eq(identities.userId, userId))
        if (user === undefined || (await tx.$count(identities, its)) === 0) return 'not_found'
        // A passkey is none by itself: its person adds it alone, and would leave by it what their source says of them.
        const others = and(eq(identities.userId, userId), ne(identities.id, id))
        if (user.passwordHash === null && (await tx.$count(identities, others)) === 0) return 'last_way'
        await tx.delete(identities).where(its)
        await addUpRights(tx, userId)
        await queueMails(tx, mails)
        await announce('user', [userId], at)
        return 'unlinked'
      }),
    async dueForCheck(source, { checkedBefore, at, limit }) {
      const isOf = (owner: AnyPgColumn) => eq(owner, identities.userId)
      const isLive = or(
        exists(
          db
            .select({ id: sessions.id })
            .from(sessions)
            .where(and(isOf(sessions.userId), liveSessions(at))),
        ),
        exists(
          db
            .select({ id: apiKeys.id })
            .from(apiKeys)
            .where(and(isOf(apiKeys.userId), isLiveKey(at))),
        ),
      )!
      for (;;) {
        const due = await db
          .select({ identity: identityColumns, user: userColumns, isLive: sql<boolean>`${isLive}` })
          .from(identities)
          .innerJoin(users, eq(users.id, identities.userId))
          .where(and(eq(identities.source, source), identities.isWatched, lt(identities.checkedAt, checkedBefore)))
          .orderBy(asc(identities.checkedAt))
          .limit(limit)
        const gone = due.filter((one) => !one.isLive).map(({ identity }) => identity.id)
        // Asked again, since a session may have begun meanwhile, and the source is not asked about whoever is not watched.
        if (gone.length > 0) {
          await db
            .update(identities)
            .set({ isWatched: false })
            .where(and(inArray(identities.id, gone), not(isLive)))
        }
        const found = due.filter((one) => one.isLive).map(({ identity, user }) => ({ identity, user }))
        if (found.length > 0 || due.length === 0) return found
      }
    },
  }
}
