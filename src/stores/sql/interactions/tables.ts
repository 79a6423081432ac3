import type { Proof, Wishes } from '../../../core/records/interaction.ts'
import { users } from '../accounts/tables.ts'
import { instant } from '../columns.ts'
import { index, integer, jsonb, pgTable, sql, text, uuid } from '../drizzle.ts'

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
  (table) => [
    index('interactions_user_id').on(table.userId),
    index('interactions_expires_at').on(table.expiresAt),
    // By which a provider that signs somebody out finds what they have begun by it.
    index('interactions_proofs').using('gin', sql`${table.proofs} jsonb_path_ops`),
  ],
)
