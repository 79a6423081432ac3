import type { RevocationKind } from '../../../core/records/revocation.ts'
import { instant } from '../columns.ts'
import { bigint, index, pgTable, text } from '../drizzle.ts'

export const revocations = pgTable(
  'revocations',
  {
    sequence: bigint('sequence', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    kind: text('kind').$type<RevocationKind>().notNull(),
    id: text('id').notNull(),
    at: instant('at').notNull(),
  },
  (table) => [index('revocations_at_sequence').on(table.at, table.sequence)],
)
