import { clients } from '../clients/tables.ts'
import { instant, list } from '../columns.ts'
import { index, integer, pgTable, text, uuid } from '../drizzle.ts'

export const deviceCodes = pgTable(
  'device_codes',
  {
    id: uuid('id').primaryKey(),
    codeHash: text('code_hash').notNull().unique(),
    userCodeHash: text('user_code_hash').notNull().unique(),
    clientId: text('client_id')
      .notNull()
      .references(() => clients.id, { onDelete: 'cascade' }),
    scopes: list('scopes'),
    audiences: list('audiences'),
    ip: text('ip').notNull(),
    userAgent: text('user_agent').notNull(),
    createdAt: instant('created_at').notNull(),
    expiresAt: instant('expires_at').notNull(),
    intervalSeconds: integer('interval_seconds').notNull(),
    /** When the device has asked last. */
    polledAt: instant('polled_at'),
    decidedAt: instant('decided_at'),
    /** Of one that was let in. */
    authorizationId: uuid('authorization_id'),
  },
  (table) => [index('device_codes_client_id').on(table.clientId), index('device_codes_expires_at').on(table.expiresAt)],
)
