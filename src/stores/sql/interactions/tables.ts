import type { Proof, Wishes } from '../../../core/records/interaction.ts'
import { users } from '../accounts/tables.ts'
import { instant } from '../columns.ts'
import { index, integer, jsonb, pgTable, text, uuid } from '../drizzle.ts'

export const interactions = pgTable(
  'interactions',
  {
    id: uuid('id').primaryKey(),
    secretHash: text('secret_hash').notNull().unique(),
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    proofs: jsonb('proofs').$type<readonly Proof[]>().notNull(),
    wishes: jsonb('wishes').$type<Wishes>().notNull(),
    tries: integer('tries').notNull().default(0),
    expiresAt: instant('expires_at').notNull(),
  },
  (table) => [index('interactions_user_id').on(table.userId), index('interactions_expires_at').on(table.expiresAt)],
)
