import { sql } from './drizzle.ts'
import { bigint, index, pgTable, text, timestamp, uuid } from './drizzle.ts'
import type { ClientAuthMethod, RevocationKind, SigningKey, User } from '../../core/ports.ts'
import type { AuthenticationLevel } from '../../core/principal.ts'

const instant = (name: string) => timestamp(name, { withTimezone: true, precision: 3 })
const list = (name: string) =>
  text(name)
    .array()
    .notNull()
    .default(sql`'{}'`)

export const users = pgTable('users', {
  id: uuid('id').primaryKey(),
  email: text('email').notNull().unique(),
  name: text('name').notNull(),
  passwordHash: text('password_hash'),
  roles: list('roles'),
  status: text('status').$type<User['status']>().notNull().default('active'),
  emailVerifiedAt: instant('email_verified_at'),
  createdAt: instant('created_at').notNull(),
})

export const roles = pgTable('roles', {
  name: text('name').primaryKey(),
  permissions: list('permissions'),
})

export const registrations = pgTable('registrations', {
  tokenHash: text('token_hash').primaryKey(),
  userId: uuid('user_id')
    .notNull()
    .references(() => users.id, { onDelete: 'cascade' }),
  name: text('name').notNull(),
  passwordHash: text('password_hash').notNull(),
  expiresAt: instant('expires_at').notNull(),
  usedAt: instant('used_at'),
})

export const clients = pgTable('clients', {
  id: text('id').primaryKey(),
  name: text('name').notNull(),
  authMethod: text('auth_method').$type<ClientAuthMethod>().notNull(),
  secretHash: text('secret_hash'),
  grants: list('grants'),
  redirectUris: list('redirect_uris'),
  scopes: list('scopes'),
  audiences: list('audiences'),
  createdAt: instant('created_at').notNull(),
})

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
    ip: text('ip').notNull(),
    userAgent: text('user_agent').notNull(),
  },
  (table) => [index('sessions_user_id').on(table.userId)],
)

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
    expiresAt: instant('expires_at').notNull(),
    revokedAt: instant('revoked_at'),
  },
  (table) => [index('refresh_families_session_id').on(table.sessionId)],
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
  (table) => [index('refresh_tokens_family_id').on(table.familyId)],
)

export const revokedAccessTokens = pgTable('revoked_access_tokens', {
  tokenId: text('token_id').primaryKey(),
  expiresAt: instant('expires_at').notNull(),
})

export const signingKeys = pgTable('signing_keys', {
  kid: text('kid').primaryKey(),
  algorithm: text('algorithm').$type<SigningKey['algorithm']>().notNull(),
  status: text('status').$type<SigningKey['status']>().notNull(),
  publicKeyPem: text('public_key_pem').notNull(),
  sealedPrivateKey: text('sealed_private_key').notNull(),
  createdAt: instant('created_at').notNull(),
})

export const revocations = pgTable(
  'revocations',
  {
    sequence: bigint('sequence', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    kind: text('kind').$type<RevocationKind>().notNull(),
    id: text('id').notNull(),
    at: instant('at').notNull(),
  },
  (table) => [index('revocations_at').on(table.at)],
)
