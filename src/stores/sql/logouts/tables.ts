import { clients } from '../clients/tables.ts'
import { instant } from '../columns.ts'
import { index, integer, pgTable, primaryKey, text, uuid } from '../drizzle.ts'
import { sessions } from '../sessions/tables.ts'

/** The programs that are told of the end of a session. */
export const sessionPrograms = pgTable(
  'session_programs',
  {
    sessionId: uuid('session_id')
      .notNull()
      .references(() => sessions.id, { onDelete: 'cascade' }),
    clientId: text('client_id')
      .notNull()
      .references(() => clients.id, { onDelete: 'cascade' }),
    /** When the session is over by itself, as far as was known when this was written: then somebody looks. */
    lookAt: instant('look_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.sessionId, table.clientId] }),
    index('session_programs_client_id').on(table.clientId),
    index('session_programs_look_at').on(table.lookAt),
  ],
)

export const logouts = pgTable(
  'logouts',
  {
    id: uuid('id').primaryKey(),
    clientId: text('client_id')
      .notNull()
      .references(() => clients.id, { onDelete: 'cascade' }),
    /** Session and person may be gone by the time at which the program is told. */
    sessionId: uuid('session_id').notNull(),
    userId: uuid('user_id').notNull(),
    createdAt: instant('created_at').notNull(),
    /** Whoever tells it moves this on: until then it is nobody else's. */
    dueAt: instant('due_at').notNull(),
    attempts: integer('attempts').notNull().default(0),
  },
  (table) => [index('logouts_due_at').on(table.dueAt), index('logouts_client_id').on(table.clientId)],
)
