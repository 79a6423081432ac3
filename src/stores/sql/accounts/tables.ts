import { kindPattern } from '../../../core/password-hasher.ts'
import type { StoredRole } from '../../../core/records/role.ts'
import type { User } from '../../../core/records/user.ts'
import type { Language } from '../../../core/language.ts'
import { instant, list } from '../columns.ts'
import { type AnyPgColumn, index, integer, pgTable, sql, text, uuid } from '../drizzle.ts'

const kindOf = (hash: AnyPgColumn) => sql`substring(${hash} from ${sql.raw(`'${kindPattern}'`)})`

export const users = pgTable(
  'users',
  {
    id: uuid('id').primaryKey(),
    email: text('email').notNull().unique(),
    username: text('username').unique(),
    name: text('name').notNull(),
    locale: text('locale').$type<Language>(),
    passwordHash: text('password_hash'),
    /** Those that count: granted by an operator, or brought by an identity (`identities/rights.ts`). */
    roles: list('roles'),
    groups: list('groups'),
    grantedRoles: list('granted_roles'),
    grantedGroups: list('granted_groups'),
    status: text('status').$type<User['status']>().notNull().default('active'),
    emailVerifiedAt: instant('email_verified_at'),
    createdAt: instant('created_at').notNull(),
    unlocks: integer('unlocks').notNull().default(0),
    /** Until when the lockout goes on that the person was told of; null: of none. */
    lockoutToldUntil: instant('lockout_told_until'),
    deletesAt: instant('deletes_at'),
    /** When every mailed link that had been asked for was ended; null: never. What was asked for before opens none any more. */
    linksEndedAt: instant('links_ended_at'),
    /** Since when the person has been asked to set up a second factor; null: never. */
    factorAskedAt: instant('factor_asked_at'),
  },
  (table) => [
    // Whoever holds a role is found among however many registered.
    index('users_roles').using('gin', table.roles),
    index('users_password_kind').on(kindOf(table.passwordHash)),
    index('users_deletes_at')
      .on(table.deletesAt)
      .where(sql`${table.deletesAt} is not null`),
  ],
)

/** What SQL reads of a hash as `core/password-hasher.ts` does; the same text as in the index, or it would not be used. */
export const passwordKind = kindOf(users.passwordHash)

/** Whose each user name is or was: nobody else may have it meanwhile. By hashes, since accounts go before their rows here do. */
export const usernameClaims = pgTable(
  'username_claims',
  {
    usernameHash: text('username_hash').primaryKey(),
    userId: uuid('user_id').notNull(),
    /** When the account freed it; null: it has it. */
    releasedAt: instant('released_at'),
  },
  (table) => [
    index('username_claims_user_id').on(table.userId),
    index('username_claims_released_at').on(table.releasedAt),
  ],
)

export const roles = pgTable('roles', {
  name: text('name').primaryKey(),
  permissions: list('permissions'),
  source: text('source').$type<StoredRole['source']>().notNull().default('operator'),
})

export const registrations = pgTable(
  'registrations',
  {
    tokenHash: text('token_hash').primaryKey(),
    email: text('email').notNull(),
    name: text('name').notNull(),
    passwordHash: text('password_hash').notNull(),
    /** What whoever registered reads; null in rows of before this was kept. */
    language: text('language').$type<Language>(),
    expiresAt: instant('expires_at').notNull(),
  },
  (table) => [index('registrations_email').on(table.email), index('registrations_expires_at').on(table.expiresAt)],
)

export const passwordResets = pgTable(
  'password_resets',
  {
    tokenHash: text('token_hash').primaryKey(),
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    expiresAt: instant('expires_at').notNull(),
  },
  (table) => [
    index('password_resets_user_id').on(table.userId),
    index('password_resets_expires_at').on(table.expiresAt),
  ],
)

export const emailChanges = pgTable(
  'email_changes',
  {
    id: uuid('id').primaryKey(),
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    fromEmail: text('from_email').notNull(),
    toEmail: text('to_email').notNull(),
    confirmHash: text('confirm_hash').notNull().unique(),
    /** Of the link in the first mail to the former address, and of the one in the second. Either takes the change back. */
    stopHash: text('stop_hash').notNull().unique(),
    undoHash: text('undo_hash').unique(),
    requestedAt: instant('requested_at').notNull(),
    confirmedAt: instant('confirmed_at'),
    expiresAt: instant('expires_at').notNull(),
  },
  (table) => [
    index('email_changes_user_id').on(table.userId),
    index('email_changes_from_email').on(table.fromEmail),
    index('email_changes_to_email').on(table.toEmail),
    index('email_changes_expires_at').on(table.expiresAt),
  ],
)

export const invitations = pgTable(
  'invitations',
  {
    id: uuid('id').primaryKey(),
    tokenHash: text('token_hash').notNull().unique(),
    email: text('email').notNull().unique(),
    username: text('username'),
    roles: list('roles'),
    language: text('language').$type<Language>().notNull(),
    createdAt: instant('created_at').notNull(),
    expiresAt: instant('expires_at').notNull(),
  },
  (table) => [
    index('invitations_expires_at').on(table.expiresAt),
    index('invitations_username')
      .on(table.username)
      .where(sql`${table.username} is not null`),
  ],
)

export const knownDevices = pgTable(
  'known_devices',
  {
    secretHash: text('secret_hash').primaryKey(),
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    createdAt: instant('created_at').notNull(),
    seenAt: instant('seen_at').notNull(),
    expiresAt: instant('expires_at').notNull(),
    /** Until when its person is not asked for a second factor; null: they are. */
    rememberedUntil: instant('remembered_until'),
    userAgent: text('user_agent').notNull().default(''),
  },
  (table) => [index('known_devices_user_id').on(table.userId), index('known_devices_expires_at').on(table.expiresAt)],
)
