import { instant } from '../columns.ts'
import { index, jsonb, pgTable, text } from '../drizzle.ts'
import type { Slices } from '../../../core/budgets.ts'

export const budgets = pgTable(
  'budgets',
  {
    key: text('key').primaryKey(),
    slices: jsonb('slices').$type<Slices>().notNull(),
    expiresAt: instant('expires_at').notNull(),
  },
  (table) => [index('budgets_expires_at').on(table.expiresAt)],
)
