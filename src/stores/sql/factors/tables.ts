import type { FactorKind } from '../../../core/records/factor.ts'
import type { ChallengePurpose } from '../../../core/records/passkey.ts'
import { users } from '../accounts/tables.ts'
import { instant, list } from '../columns.ts'
import { bigint, boolean, index, integer, pgTable, primaryKey, sql, text, uniqueIndex, uuid } from '../drizzle.ts'

/**
 * What people prove themselves by, beside the password or, with a passkey, in its place. An app that was proposed counts once it is
 * confirmed, and stands beside the one that it replaces until then; a passkey counts from the beginning.
 */
export const factors = pgTable(
  'factors',
  {
    id: uuid('id').primaryKey(),
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    kind: text('kind').$type<FactorKind>().notNull(),
    /** Of an app; null for a passkey. */
    sealedKey: text('sealed_key'),
    /** The session, or the sign-in under way, that proposed or added it. */
    proposedBy: uuid('proposed_by').notNull(),
    createdAt: instant('created_at').notNull(),
    /** Null: proposed. */
    confirmedAt: instant('confirmed_at'),
    /** When a proposed one leaves; null once it is confirmed. */
    expiresAt: instant('expires_at'),
    /** The last step of which a code was used. */
    lastStep: integer('last_step').notNull().default(0),
    lastUsedAt: instant('last_used_at'),
  },
  (table) => [
    uniqueIndex('factors_proposed_totp')
      .on(table.userId)
      .where(sql`${table.kind} = 'totp' and ${table.confirmedAt} is null`),
    uniqueIndex('factors_totp')
      .on(table.userId)
      .where(sql`${table.kind} = 'totp' and ${table.confirmedAt} is not null`),
    index('factors_user_id').on(table.userId),
    index('factors_expires_at')
      .on(table.expiresAt)
      .where(sql`${table.expiresAt} is not null`),
  ],
)

/** What is known of a factor that is a passkey. */
export const passkeys = pgTable('passkeys', {
  id: uuid('id')
    .primaryKey()
    .references(() => factors.id, { onDelete: 'cascade' }),
  name: text('name').notNull(),
  credentialId: text('credential_id').notNull().unique(),
  publicKey: text('public_key').notNull(),
  counter: bigint('counter', { mode: 'number' }).notNull(),
  transports: list('transports'),
  backupEligible: boolean('backup_eligible').notNull(),
  backedUp: boolean('backed_up').notNull(),
})

/** What a passkey is asked to sign, until it has. */
export const passkeyChallenges = pgTable(
  'passkey_challenges',
  {
    challengeHash: text('challenge_hash').primaryKey(),
    purpose: text('purpose').$type<ChallengePurpose>().notNull(),
    userId: uuid('user_id').references(() => users.id, { onDelete: 'cascade' }),
    holder: uuid('holder'),
    expiresAt: instant('expires_at').notNull(),
  },
  (table) => [
    index('passkey_challenges_expires_at').on(table.expiresAt),
    index('passkey_challenges_user_id')
      .on(table.userId)
      .where(sql`${table.userId} is not null`),
  ],
)

export const recoveryCodes = pgTable(
  'recovery_codes',
  {
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    codeHash: text('code_hash').notNull(),
  },
  (table) => [primaryKey({ columns: [table.userId, table.codeHash] })],
)

/** Of whom an operator took the factors: the next one needs the link, whenever it is set up. */
export const factorResets = pgTable('factor_resets', {
  userId: uuid('user_id')
    .primaryKey()
    .references(() => users.id, { onDelete: 'cascade' }),
  tokenHash: text('token_hash').notNull(),
  expiresAt: instant('expires_at').notNull(),
  resetAt: instant('reset_at').notNull(),
})
