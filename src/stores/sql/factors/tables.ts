import type { FactorKind } from '../../../core/records/factor.ts'
import { users } from '../accounts/tables.ts'
import { instant } from '../columns.ts'
import { index, integer, pgTable, primaryKey, sql, text, uniqueIndex, uuid } from '../drizzle.ts'

/** Second factors. One that was proposed counts once it is confirmed, and stands beside the one that it replaces until then. */
export const factors = pgTable(
  'factors',
  {
    id: uuid('id').primaryKey(),
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    kind: text('kind').$type<FactorKind>().notNull(),
    sealedKey: text('sealed_key').notNull(),
    /** The session, or the sign-in under way, that proposed it. */
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
