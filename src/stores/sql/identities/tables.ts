import type { Identity } from '../../../core/records/identity.ts'
import { users } from '../accounts/tables.ts'
import { instant, list } from '../columns.ts'
import { boolean, index, pgTable, sql, text, uniqueIndex, uuid } from '../drizzle.ts'

/** Accounts that people have elsewhere, at providers and in directories. */
export const identities = pgTable(
  'identities',
  {
    id: uuid('id').primaryKey(),
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    source: text('source').$type<Identity['source']>().notNull(),
    issuer: text('issuer').notNull(),
    subject: text('subject').notNull(),
    label: text('label').notNull(),
    groups: list('groups'),
    roles: list('roles'),
    createdAt: instant('created_at').notNull(),
    lastUsedAt: instant('last_used_at').notNull(),
    checkedAt: instant('checked_at').notNull(),
    /** Whether its person may have a live session, so that the source is asked about them. */
    isWatched: boolean('is_watched').notNull().default(true),
  },
  (table) => [
    uniqueIndex('identities_issuer_subject').on(table.issuer, table.subject),
    index('identities_user_id').on(table.userId),
    index('identities_watched')
      .on(table.source, table.checkedAt)
      .where(sql`${table.isWatched}`),
  ],
)
