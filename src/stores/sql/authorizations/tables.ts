import type { AuthenticationLevel } from '../../../core/principal.ts'
import { users } from '../accounts/tables.ts'
import { clients } from '../clients/tables.ts'
import { instant, list } from '../columns.ts'
import { index, pgTable, primaryKey, text, uuid } from '../drizzle.ts'
import { sessions } from '../sessions/tables.ts'

export const authorizations = pgTable(
  'authorizations',
  {
    id: uuid('id').primaryKey(),
    codeHash: text('code_hash').notNull().unique(),
    userId: uuid('user_id').notNull(),
    clientId: text('client_id')
      .notNull()
      .references(() => clients.id, { onDelete: 'cascade' }),
    sessionId: uuid('session_id')
      .notNull()
      .references(() => sessions.id, { onDelete: 'cascade' }),
    redirectUri: text('redirect_uri').notNull(),
    challenge: text('challenge'),
    nonce: text('nonce'),
    dpopJkt: text('dpop_jkt'),
    scopes: list('scopes'),
    audiences: list('audiences'),
    authenticatedAt: instant('authenticated_at').notNull(),
    level: text('level').$type<AuthenticationLevel>().notNull(),
    methods: list('methods'),
    createdAt: instant('created_at').notNull(),
    codeExpiresAt: instant('code_expires_at').notNull(),
    redeemedAt: instant('redeemed_at'),
    revokedAt: instant('revoked_at'),
    /** Until when something of it may be good for anything. */
    expiresAt: instant('expires_at').notNull(),
  },
  (table) => [
    index('authorizations_user_client').on(table.userId, table.clientId),
    index('authorizations_client_id').on(table.clientId),
    index('authorizations_session_id').on(table.sessionId),
    index('authorizations_expires_at').on(table.expiresAt),
  ],
)

export const consents = pgTable(
  'consents',
  {
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    clientId: text('client_id')
      .notNull()
      .references(() => clients.id, { onDelete: 'cascade' }),
    scopes: list('scopes'),
    grantedAt: instant('granted_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.userId, table.clientId] }), index('consents_client_id').on(table.clientId)],
)

export const pushedRequests = pgTable(
  'pushed_requests',
  {
    requestHash: text('request_hash').primaryKey(),
    clientId: text('client_id')
      .notNull()
      .references(() => clients.id, { onDelete: 'cascade' }),
    parameters: text('parameters').notNull(),
    usableUntil: instant('usable_until').notNull(),
    expiresAt: instant('expires_at').notNull(),
  },
  (table) => [
    index('pushed_requests_client_id').on(table.clientId),
    index('pushed_requests_expires_at').on(table.expiresAt),
  ],
)
