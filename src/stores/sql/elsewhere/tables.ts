import type { TripPurpose } from '../../../core/records/elsewhere.ts'
import { instant } from '../columns.ts'
import { index, pgTable, text, uuid } from '../drizzle.ts'
import { sessions } from '../sessions/tables.ts'

export const providerTrips = pgTable(
  'provider_trips',
  {
    id: uuid('id').primaryKey(),
    stateHash: text('state_hash').notNull().unique(),
    browserHash: text('browser_hash').notNull(),
    provider: text('provider').notNull(),
    purpose: text('purpose').$type<TripPurpose>().notNull(),
    sessionId: uuid('session_id').references(() => sessions.id, { onDelete: 'cascade' }),
    sealed: text('sealed').notNull(),
    startedAt: instant('started_at').notNull(),
    expiresAt: instant('expires_at').notNull(),
  },
  (table) => [
    index('provider_trips_session_id').on(table.sessionId),
    index('provider_trips_expires_at').on(table.expiresAt),
  ],
)

export const providerArrivals = pgTable(
  'provider_arrivals',
  {
    id: uuid('id').primaryKey(),
    browserHash: text('browser_hash').notNull(),
    provider: text('provider').notNull(),
    sealed: text('sealed').notNull(),
    email: text('email'),
    tokenHash: text('token_hash').unique(),
    expiresAt: instant('expires_at').notNull(),
  },
  (table) => [index('provider_arrivals_expires_at').on(table.expiresAt)],
)

/** By which account at a provider a session was begun. */
export const providerSessions = pgTable(
  'provider_sessions',
  {
    sessionId: uuid('session_id')
      .primaryKey()
      .references(() => sessions.id, { onDelete: 'cascade' }),
    provider: text('provider').notNull(),
    issuer: text('issuer').notNull(),
    subject: text('subject').notNull(),
    sid: text('sid'),
    sealedIdToken: text('sealed_id_token'),
    endsAt: instant('ends_at'),
  },
  (table) => [
    index('provider_sessions_subject').on(table.issuer, table.subject),
    index('provider_sessions_sid').on(table.issuer, table.sid),
  ],
)
