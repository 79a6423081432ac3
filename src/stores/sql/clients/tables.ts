import type { ClientAuthMethod, OpenIdSettings, PublicJwkSet } from '../../../core/records/client.ts'
import { instant, list } from '../columns.ts'
import { index, jsonb, pgTable, primaryKey, text } from '../drizzle.ts'

export const clients = pgTable('clients', {
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
  createdAt: instant('created_at').notNull(),
})

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
