import { users } from '../accounts/tables.ts'
import { clients } from '../clients/tables.ts'
import { instant, list } from '../columns.ts'
import { index, pgTable, text, uuid } from '../drizzle.ts'

export const apiKeys = pgTable(
  'api_keys',
  {
    id: uuid('id').primaryKey(),
    hash: text('hash').notNull().unique(),
    name: text('name').notNull(),
    userId: uuid('user_id').references(() => users.id, { onDelete: 'cascade' }),
    clientId: text('client_id').references(() => clients.id, { onDelete: 'cascade' }),
    scopes: list('scopes'),
    createdAt: instant('created_at').notNull(),
    expiresAt: instant('expires_at'),
    lastUsedAt: instant('last_used_at'),
    revokedAt: instant('revoked_at'),
  },
  (table) => [index('api_keys_user_id').on(table.userId), index('api_keys_client_id').on(table.clientId)],
)
