import { instant } from '../columns.ts'
import { index, pgTable, text, uniqueIndex, uuid } from '../drizzle.ts'
import { sessions } from '../sessions/tables.ts'

export const hostTickets = pgTable(
  'host_tickets',
  {
    ticketHash: text('ticket_hash').primaryKey(),
    sessionId: uuid('session_id')
      .notNull()
      .references(() => sessions.id, { onDelete: 'cascade' }),
    origin: text('origin').notNull(),
    returnTo: text('return_to').notNull(),
    nonceHash: text('nonce_hash').notNull(),
    expiresAt: instant('expires_at').notNull(),
  },
  (table) => [
    index('host_tickets_session_id').on(table.sessionId),
    index('host_tickets_expires_at').on(table.expiresAt),
  ],
)

/** What sessions are known by on hosts that their own cookie does not reach. They leave with their sessions. */
export const hostSessions = pgTable(
  'host_sessions',
  {
    secretHash: text('secret_hash').primaryKey(),
    sessionId: uuid('session_id')
      .notNull()
      .references(() => sessions.id, { onDelete: 'cascade' }),
    origin: text('origin').notNull(),
    createdAt: instant('created_at').notNull(),
  },
  (table) => [uniqueIndex('host_sessions_session_origin').on(table.sessionId, table.origin)],
)
