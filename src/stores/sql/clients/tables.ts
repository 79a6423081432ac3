import type { ClientAuthMethod, OpenIdSettings, PublicJwkSet } from '../../../core/records/client.ts'
import { instant, list } from '../columns.ts'
import { boolean, index, integer, jsonb, pgTable, primaryKey, sql, text } from '../drizzle.ts'

export const clients = pgTable(
  'clients',
  {
    id: text('id').primaryKey(),
    name: text('name').notNull(),
    authMethod: text('auth_method').$type<ClientAuthMethod>().notNull(),
    secretHash: text('secret_hash'),
    grants: list('grants'),
    redirectUris: list('redirect_uris'),
    scopes: list('scopes'),
    audiences: list('audiences'),
    jwks: jsonb('jwks').$type<PublicJwkSet>(),
    openid: jsonb('openid').$type<Partial<OpenIdSettings>>(),
    selfRegistered: boolean('self_registered').notNull().default(false),
    registrationTokenHash: text('registration_token_hash'),
    createdAt: instant('created_at').notNull(),
  },
  (table) => [
    index('clients_self_registered')
      .on(table.createdAt)
      .where(sql`${table.selfRegistered}`),
  ],
)

/** One row, for ever: with another salt every person would be somebody else to programs. */
export const subjectSalts = pgTable('subject_salts', {
  id: text('id').primaryKey(),
  salt: text('salt').notNull(),
})

export const initialTokens = pgTable(
  'initial_access_tokens',
  {
    hash: text('hash').primaryKey(),
    usesLeft: integer('uses_left').notNull(),
    expiresAt: instant('expires_at').notNull(),
  },
  (table) => [index('initial_access_tokens_expires_at').on(table.expiresAt)],
)

export const usedAssertions = pgTable(
  'used_assertions',
  {
    clientId: text('client_id').notNull(),
    tokenId: text('token_id').notNull(),
    expiresAt: instant('expires_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.clientId, table.tokenId] }),
    index('used_assertions_expires_at').on(table.expiresAt),
  ],
)
