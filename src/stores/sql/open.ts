import { fileURLToPath } from 'node:url'
import type { Clock } from '../../core/clock.ts'
import type { Stores } from '../../core/stores.ts'
import { createAccessTokenStore } from './tokens/access-tokens.ts'
import { createApiKeyStore } from './api-keys/api-keys.ts'
import { createUsedJtiStore } from './clients/used-jtis.ts'
import { createAuthorizationStore } from './authorizations/authorizations.ts'
import { createPushedRequestStore } from './authorizations/pushed-requests.ts'
import { createDeviceCodeStore } from './device-codes/device-codes.ts'
import { createAuditStore } from './audit/audit.ts'
import { createBudgetStore } from './budgets/budgets.ts'
import { createChange } from './changes.ts'
import { createClientStore } from './clients/clients.ts'
import type { Database } from './database.ts'
import { createKnownDeviceStore } from './accounts/known-devices.ts'
import { startPglite } from './pglite.ts'
import { migrate } from './migrations.ts'
import { databaseAddressOf, listenOnPostgres, openPostgresPool, withPostgresConnection } from './postgres.ts'
import { createElsewhereStore } from './elsewhere/elsewhere.ts'
import { createFactorStore } from './factors/factors.ts'
import { createHostSessionStore } from './other-domains/host-sessions.ts'
import { createIdentityStore } from './identities/identities.ts'
import { createPasskeyStore } from './factors/passkeys.ts'
import { createInteractionStore } from './interactions/interactions.ts'
import { createRefreshTokenStore } from './tokens/refresh-tokens.ts'
import { createDeletionStore } from './accounts/deletions.ts'
import { createEmailChangeStore } from './accounts/email-changes.ts'
import { createInvitationStore } from './accounts/invitations.ts'
import { createPersonalDataStore } from './accounts/personal-data.ts'
import { createPasswordResetStore } from './accounts/password-resets.ts'
import { createRegistrationStore } from './accounts/registrations.ts'
import { createRevocationStore } from './revocations/revocations.ts'
import { createRoleStore } from './accounts/roles.ts'
import { loadPglite, type PGlite, sql } from './drizzle.ts'
import { createSessionStore } from './sessions/sessions.ts'
import { createSigningKeyStore } from './signing-keys/signing-keys.ts'
import { createLogoutStore } from './logouts/logouts.ts'
import { createMailRequestStore } from './mail/mail-requests.ts'
import { createMailStore } from './mail/mails.ts'
import { sweeps as accountSweeps } from './accounts/sweeps.ts'
import { sweeps as apiKeySweeps } from './api-keys/sweeps.ts'
import { sweeps as auditSweeps } from './audit/sweeps.ts'
import { sweeps as authorizationSweeps } from './authorizations/sweeps.ts'
import { sweeps as budgetSweeps } from './budgets/sweeps.ts'
import { sweeps as clientSweeps } from './clients/sweeps.ts'
import { sweeps as deviceCodeSweeps } from './device-codes/sweeps.ts'
import { sweeps as elsewhereSweeps } from './elsewhere/sweeps.ts'
import { sweeps as factorSweeps } from './factors/sweeps.ts'
import { sweeps as interactionSweeps } from './interactions/sweeps.ts'
import { sweeps as otherDomainSweeps } from './other-domains/sweeps.ts'
import { sweeps as mailSweeps } from './mail/sweeps.ts'
import { sweeps as logoutSweeps } from './logouts/sweeps.ts'
import { sweeps as revocationSweeps } from './revocations/sweeps.ts'
import { sweeps as sessionSweeps } from './sessions/sweeps.ts'
import { createHousekeepingStore } from './sweeps.ts'
import { sweeps as tokenSweeps } from './tokens/sweeps.ts'
import { createUserStore } from './accounts/users.ts'
import { createWakes, type Listen, wakeChannel } from './wakes.ts'

/** A call that takes longer counts as failed. */
const answersWithinMilliseconds = 3_000

const migrationsFolder = fileURLToPath(new URL('../../../drizzle', import.meta.url))

export type DurableStores = Omit<Stores, 'counters'> & {
  /** The time after which a call counts as failed; absent where the database is part of this process. */
  answersWithinMilliseconds?: number
  /** The setting that leads to the database, for whoever is told of a fault. */
  setting: 'DATABASE_URL' | 'GATEHOUSE_DATA_DIR'
}

/** An open database: what differs between the engines. */
interface Engine {
  db: Database
  /** What the revocation feed is read through. */
  feedDb: Database
  listen: Listen
  /** Rejects unless rows can be written. */
  ping(): Promise<void>
  close(): Promise<void>
}

/** Opens PostgreSQL (14 or newer) through a pool of ten connections and two for the feed, after applying what is missing of `drizzle/`. */
export async function openPostgres(databaseUrl: string, clock: Clock): Promise<DurableStores> {
  const address = databaseAddressOf(databaseUrl)
  await withPostgresConnection(address, (db) => migrate(db, migrationsFolder))
  // Longer than the server takes to give a statement up.
  const pool = openPostgresPool(address, { max: 10, answerMilliseconds: 12_000 })
  // Of its own: a pool that is busy must not make the feed look stale, which would make it busier.
  const feedPool = openPostgresPool(address, { max: 1, answerMilliseconds: answersWithinMilliseconds })
  const engine: Engine = {
    db: pool.db,
    feedDb: feedPool.db,
    listen: (told) => listenOnPostgres(address, wakeChannel, told),
    ping: () => pool.ping(),
    close: async () => void (await Promise.all([pool.close(), feedPool.close()])),
  }
  return { ...assemble(engine, clock), setting: 'DATABASE_URL', answersWithinMilliseconds }
}

/** Applies what is missing of `drizzle/`; replicas that start together wait for one another. */
export async function migratePostgres(databaseUrl: string): Promise<void> {
  await withPostgresConnection(databaseAddressOf(databaseUrl), (db) => migrate(db, migrationsFolder))
}

/**
 * Opens the embedded PGlite in a directory (or in memory), migrated. PGlite takes no lock on the directory: the caller
 * must hold it.
 */
export async function openPglite(directory: string | undefined, clock: Clock): Promise<DurableStores> {
  return storesOn(await startPglite(directory), clock)
}

/** The stores on a PGlite that runs, after applying what is missing of `drizzle/`; it ends when they are closed. */
export async function storesOn(client: PGlite, clock: Clock): Promise<DurableStores> {
  const { drizzle } = loadPglite()
  const db = drizzle(client)
  await migrate(db, migrationsFolder)
  const engine: Engine = {
    db,
    feedDb: db,
    listen: (told) => client.listen(wakeChannel, told),
    ping: async () => void (await db.execute(sql`select 1`)),
    close: () => client.close(),
  }
  return { ...assemble(engine, clock), setting: 'GATEHOUSE_DATA_DIR' }
}

function assemble(engine: Engine, clock: Clock): Omit<Stores, 'counters'> {
  const { ping, close } = engine
  return { ...createSqlStores(engine, clock), ping, close }
}

/** What each area lets go of, in this order: what refers to something leaves before it. */
const sweeps = [
  ...[
    logoutSweeps,
    tokenSweeps,
    sessionSweeps,
    accountSweeps,
    clientSweeps,
    mailSweeps,
    revocationSweeps,
    auditSweeps,
    apiKeySweeps,
  ],
  ...[interactionSweeps, otherDomainSweeps, elsewhereSweeps, factorSweeps, budgetSweeps, authorizationSweeps],
  ...[deviceCodeSweeps],
].flat()

/** The stores of everything that lasts, over an open database. */
export function createSqlStores(
  { db, feedDb, listen }: Pick<Engine, 'db' | 'feedDb' | 'listen'>,
  clock: Clock,
): Omit<Stores, 'counters' | 'ping' | 'close'> {
  const readers = new Set<() => Promise<void>>()
  const onWake = createWakes(listen)
  const change = createChange(db, async () => void (await Promise.all([...readers].map((read) => read()))))
  return {
    users: createUserStore(db, change, clock),
    roles: createRoleStore(db, change, clock),
    registrations: createRegistrationStore(db),
    passwordResets: createPasswordResetStore(db, change),
    emailChanges: createEmailChangeStore(db, change),
    invitations: createInvitationStore(db),
    deletions: createDeletionStore(db, change),
    personalData: createPersonalDataStore(db),
    sessions: createSessionStore(db, change),
    knownDevices: createKnownDeviceStore(db),
    interactions: createInteractionStore(db),
    hostSessions: createHostSessionStore(db),
    elsewhere: createElsewhereStore(db, change),
    identities: createIdentityStore(db, change),
    factors: createFactorStore(db, change),
    passkeys: createPasskeyStore(db, change),
    refreshTokens: createRefreshTokenStore(db),
    clients: createClientStore(db, change, clock),
    authorizations: createAuthorizationStore(db, change),
    pushedRequests: createPushedRequestStore(db),
    deviceCodes: createDeviceCodeStore(db),
    apiKeys: createApiKeyStore(db, change),
    usedJtis: createUsedJtiStore(db),
    accessTokens: createAccessTokenStore(db, change),
    signingKeys: createSigningKeyStore(db, change, clock),
    revocations: createRevocationStore(feedDb, clock, { onWake, readers }),
    mails: createMailStore(db, onWake),
    logouts: createLogoutStore(db, onWake),
    mailRequests: createMailRequestStore(db),
    audit: createAuditStore(db),
    budgets: createBudgetStore(db, clock),
    housekeeping: createHousekeepingStore(db, sweeps),
  }
}
