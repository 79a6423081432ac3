import type { Confirmation } from '../../../core/confirmation.ts'
import { sessions } from '../sessions/tables.ts'
import { instant, list } from '../columns.ts'
import { index, jsonb, pgTable, sql, text, uuid } from '../drizzle.ts'

export const refreshFamilies = pgTable(
  'refresh_families',
  {
    id: uuid('id').primaryKey(),
    sessionId: uuid('session_id')
      .notNull()
      .references(() => sessions.id, { onDelete: 'cascade' }),
    userId: uuid('user_id').notNull(),
    clientId: text('client_id').notNull(),
    scopes: list('scopes'),
    audiences: list('audiences'),
    confirmation: jsonb('confirmation').$type<Confirmation>(),
    expiresAt: instant('expires_at').notNull(),
    revokedAt: instant('revoked_at'),
  },
  (table) => [
    index('refresh_families_session_id').on(table.sessionId),
    index('refresh_families_client_id')
      .on(table.clientId)
      .where(sql`${table.revokedAt} is null`),
  ],
)

export const refreshTokens = pgTable(
  'refresh_tokens',
  {
    hash: text('hash').primaryKey(),
    familyId: uuid('family_id')
      .notNull()
      .references(() => refreshFamilies.id, { onDelete: 'cascade' }),
    createdAt: instant('created_at').notNull(),
    expiresAt: instant('expires_at').notNull(),
    usedAt: instant('used_at'),
    replay: text('replay'),
  },
  (table) => [
    index('refresh_tokens_family_id').on(table.familyId),
    index('refresh_tokens_expires_at').on(table.expiresAt),
    index('refresh_tokens_replay')
      .on(table.usedAt)
      .where(sql`${table.replay} is not null`),
  ],
)

export const revokedAccessTokens = pgTable(
  'revoked_access_tokens',
  { tokenId: text('token_id').primaryKey(), expiresAt: instant('expires_at').notNull() },
  (table) => [index('revoked_access_tokens_expires_at').on(table.expiresAt)],
)
