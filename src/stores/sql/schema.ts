import { sql } from './drizzle.ts'
import { bigint, index, integer, jsonb, pgTable, primaryKey, text, timestamp, uuid } from './drizzle.ts'
import type { AuditDetails } from '../../core/records/audit-event.ts'
import type { ClientAuthMethod, PublicJwkSet } from '../../core/records/client.ts'
import type { RevocationKind } from '../../core/records/revocation.ts'
import type { StoredRole } from '../../core/records/role.ts'
import type { SigningKey } from '../../core/records/signing-key.ts'
import type { User } from '../../core/records/user.ts'
import type { AuditEventName } from '../../core/audit.ts'
import type { AuthenticationLevel } from '../../core/principal.ts'

const instant = (name: string) => timestamp(name, { withTimezone: true, precision: 3 })
const list = (name: string) =>
  text(name)
    .array()
    .notNull()
    .default(sql`'{}'`)

export const users = pgTable(
  'users',
  {
    id: uuid('id').primaryKey(),
    email: text('email').notNull().unique(),
    name: text('name').notNull(),
    passwordHash: text('password_hash'),
    roles: list('roles'),
    status: text('status').$type<User['status']>().notNull().default('active'),
    emailVerifiedAt: instant('email_verified_at'),
    createdAt: instant('created_at').notNull(),
    unlocks: integer('unlocks').notNull().default(0),
  },
  // Whoever holds a role is found among however many registered.
  (table) => [index('users_roles').using('gin', table.roles)],
)

export const roles = pgTable('roles', {
  name: text('name').primaryKey(),
  permissions: list('permissions'),
  source: text('source').$type<StoredRole['source']>().notNull().default('operator'),
})

export const registrations = pgTable(
  'registrations',
  {
    tokenHash: text('token_hash').primaryKey(),
    email: text('email').notNull(),
    name: text('name').notNull(),
    passwordHash: text('password_hash').notNull(),
    expiresAt: instant('expires_at').notNull(),
  },
  (table) => [index('registrations_email').on(table.email), index('registrations_expires_at').on(table.expiresAt)],
)

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

export const apiKeys = pgTable(
  'api_keys',
  {
    id: uuid('id').primaryKey(),
    hash: text('hash').notNull().unique(),
    name: text('name').notNull(),
    userId: uuid('user_id').references(() => users.id, { onDelete: 'cascade' }),
    clientId: text('client_id').references(() => clients.id, { onDelete: 'cascade' }),
    scopes: list('scopes'),
    createdAt: instant('created_at').notNull(),
    expiresAt: instant('expires_at'),
    lastUsedAt: instant('last_used_at'),
    revokedAt: instant('revoked_at'),
  },
  (table) => [index('api_keys_user_id').on(table.userId), index('api_keys_client_id').on(table.clientId)],
)

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

export const knownDevices = pgTable(
  'known_devices',
  {
    secretHash: text('secret_hash').primaryKey(),
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    createdAt: instant('created_at').notNull(),
    seenAt: instant('seen_at').notNull(),
    expiresAt: instant('expires_at').notNull(),
    tries: integer('tries').notNull().default(0),
    windowEndsAt: instant('window_ends_at'),
  },
  (table) => [index('known_devices_user_id').on(table.userId), index('known_devices_expires_at').on(table.expiresAt)],
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

export const signingKeys = pgTable('signing_keys', {
  kid: text('kid').primaryKey(),
  algorithm: text('algorithm').$type<SigningKey['algorithm']>().notNull(),
  publicKeyPem: text('public_key_pem').notNull(),
  sealedPrivateKey: text('sealed_private_key').notNull(),
  createdAt: instant('created_at').notNull(),
  activatesAt: instant('activates_at').notNull(),
  retiresAt: instant('retires_at'),
  compromisedAt: instant('compromised_at'),
})

export const auditEvents = pgTable(
  'audit_events',
  {
    id: uuid('id').primaryKey(),
    at: instant('at').notNull(),
    event: text('event').$type<AuditEventName>().notNull(),
    subject: text('subject'),
    actor: text('actor'),
    clientId: text('client_id'),
    sessionId: text('session_id'),
    ip: text('ip'),
    requestId: text('request_id'),
    details: jsonb('details').$type<AuditDetails>().notNull(),
  },
  (table) => [
    index('audit_events_at').on(table.at),
    index('audit_events_subject_id').on(table.subject, table.id),
    index('audit_events_event_id').on(table.event, table.id),
  ],
)

export const revocations = pgTable(
  'revocations',
  {
    sequence: bigint('sequence', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    kind: text('kind').$type<RevocationKind>().notNull(),
    id: text('id').notNull(),
    at: instant('at').notNull(),
  },
  (table) => [index('revocations_at_sequence').on(table.at, table.sequence)],
)
