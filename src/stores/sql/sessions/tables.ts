import type { AuthenticationLevel } from '../../../core/principal.ts'
import { users } from '../accounts/tables.ts'
import { instant, list } from '../columns.ts'
import { boolean, index, pgTable, sql, text, uuid } from '../drizzle.ts'

export const sessions = pgTable(
  'sessions',
  {
    id: uuid('id').primaryKey(),
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    clientId: text('client_id').notNull(),
    secretHash: text('secret_hash').notNull().unique(),
    methods: list('methods'),
    level: text('level').$type<AuthenticationLevel>().notNull(),
    authenticatedAt: instant('authenticated_at').notNull(),
    lastSeenAt: instant('last_seen_at').notNull(),
    idleExpiresAt: instant('idle_expires_at').notNull(),
    expiresAt: instant('expires_at').notNull(),
    revokedAt: instant('revoked_at'),
    revokedReason: text('revoked_reason'),
    /** Until when the refreshes that were made use up the session's pace; null before the first. */
    refreshesPaidUntil: instant('refreshes_paid_until'),
    remembered: boolean('remembered').notNull().default(true),
    ip: text('ip').notNull(),
    userAgent: text('user_agent').notNull(),
  },
  (table) => [
    index('sessions_user_id').on(table.userId),
    index('sessions_expires_at').on(table.expiresAt),
    index('sessions_revoked_at')
      .on(table.revokedAt)
      .where(sql`${table.revokedAt} is not null`),
  ],
)
