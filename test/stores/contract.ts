/** What the suite of the ports needs in every chapter: records with defaults, and stores of one backend. */
import { uuidv7 } from '../../src/core/ids.ts'
import type { Client } from '../../src/core/records/client.ts'
import type { Elsewhere } from '../../src/core/records/elsewhere.ts'
import type { NewIdentity } from '../../src/core/records/identity.ts'
import type { Wishes } from '../../src/core/records/interaction.ts'
import type { QueuedMail } from '../../src/core/records/mail.ts'
import type { RefreshFamily } from '../../src/core/records/refresh-token.ts'
import type { PendingRegistration } from '../../src/core/records/registration.ts'
import type { Session } from '../../src/core/records/session.ts'
import type { SigningKey } from '../../src/core/records/signing-key.ts'
import type { NewUser } from '../../src/core/records/user.ts'
import type { Stores } from '../../src/core/stores.ts'
import { hashSecret, randomSecret } from '../../src/core/secrets.ts'
import type { Backend, OpenBackend } from '../support/backends.ts'
import { createClock, type TestClock } from '../support/service.ts'

export interface Bench {
  stores: Stores
  /** The same state through connections of its own; the same object where only one process can hold it. */
  second: Stores
  opened: OpenBackend
  clock: TestClock
  /** The clock's time, so many seconds later. */
  at(seconds?: number): Date
  user(change?: Partial<NewUser>): Promise<NewUser>
  /** One that is not opened yet. */
  registration(change?: Partial<PendingRegistration>): PendingRegistration
  session(
    userId: string,
    change?: Partial<Session> & { elsewhere?: Elsewhere },
  ): Promise<Session & { secretHash: string }>
  /** A family with one usable refresh token. */
  refresh(session: Session, change?: Partial<RefreshFamily>): Promise<{ hash: string; family: RefreshFamily }>
}

/** The stores of a backend and those of a replica beside them, or the same ones where it has none; closed at the end of the test. */
export async function openBench(t: { teardown(after: () => unknown): unknown }, backend: Backend): Promise<Bench> {
  const clock = createClock()
  const opened = await backend.open(clock)
  const second = opened.replica === undefined ? opened.stores : await opened.replica()
  t.teardown(async () => {
    if (second !== opened.stores) await second.close()
    await opened.close()
  })
  return createBench(opened, second, clock)
}

export function createBench(opened: OpenBackend, second: Stores, clock: TestClock): Bench {
  const { stores } = opened
  const at = (seconds = 0) => new Date(clock.now() + seconds * 1000)
  return {
    stores,
    second,
    opened,
    clock,
    at,
    async user(change) {
      const id = uuidv7(clock.now())
      const user: NewUser = {
        id,
        email: `${id}@example.test`,
        name: 'Ada',
        passwordHash: 'a hash',
        roles: [],
        emailVerifiedAt: at(),
        createdAt: at(),
        ...change,
      }
      for (const name of user.roles) await stores.roles.put({ name, permissions: [] })
      const outcome = await stores.users.create(user)
      if (outcome !== 'created') throw new Error(outcome)
      return user
    },
    registration: (change) => ({
      tokenHash: hashSecret(randomSecret()),
      email: `${uuidv7(clock.now())}@example.test`,
      name: 'Ada',
      passwordHash: 'a hash',
      expiresAt: at(60),
      ...change,
    }),
    async session(userId, change) {
      const session = {
        id: uuidv7(clock.now()),
        userId,
        clientId: 'gatehouse',
        methods: ['pwd'],
        level: 'aal1' as const,
        authenticatedAt: at(),
        lastSeenAt: at(),
        idleExpiresAt: at(100),
        expiresAt: at(1_000),
        remembered: true,
        ip: '203.0.113.7',
        userAgent: 'a browser',
        secretHash: hashSecret(randomSecret()),
        ...change,
      }
      await stores.sessions.create(session)
      return session
    },
    async refresh(session, change) {
      const hash = hashSecret(randomSecret())
      const family: RefreshFamily = {
        id: uuidv7(clock.now()),
        sessionId: session.id,
        userId: session.userId,
        clientId: 'gatehouse',
        scopes: ['reports:read'],
        audiences: [],
        expiresAt: at(1_000),
        ...change,
      }
      await stores.refreshTokens.createFamily(family, { hash, createdAt: at(), expiresAt: at(100) })
      return { hash, family }
    },
  }
}

export const exampleWishes: Wishes = {
  remember: false,
  returnTo: null,
  level: null,
  clientId: 'gatehouse',
  tokensInBody: false,
}

export function exampleClient(id: string, createdAt: Date): Client {
  return {
    id,
    name: 'Reports',
    authMethod: 'client_secret',
    secretHash: hashSecret('a secret'),
    grants: ['client_credentials'],
    redirectUris: [],
    scopes: ['reports:read'],
    audiences: ['reports'],
    jwks: null,
    selfRegistered: false,
    registrationTokenHash: null,
    openid: null,
    createdAt,
  }
}

/** One that waits, with nothing to read in it. */
export function exampleMail(change: Partial<QueuedMail> & { createdAt: Date }): QueuedMail {
  const id = uuidv7(change.createdAt.getTime())
  const ofNobody = { userId: null, recipient: `the hash of ${id}`, expiresAt: null }
  return { id, kind: 'verify-email', language: 'en', sealed: 'sealed', ...ofNobody, ...change }
}

export function exampleKey(kid: string, createdAt: Date): SigningKey {
  const ends = { retiresAt: null, compromisedAt: null }
  const pair = { publicKeyPem: 'public', sealedPrivateKey: 'sealed' }
  return { kid, algorithm: 'ES256', ...pair, createdAt, activatesAt: createdAt, ...ends }
}

/** An account at a provider that nobody else has. */
export function exampleIdentity(userId: string, createdAt: Date, change?: Partial<NewIdentity>): NewIdentity {
  const id = uuidv7(createdAt.getTime())
  return {
    ...{ id, userId, source: 'provider:acme', issuer: 'https://acme.test', subject: id },
    ...{ label: 'ada@acme.test', groups: [], roles: [], createdAt },
    ...change,
  }
}
/** A passkey of somebody who had no factor before, unless it says otherwise. */
export const examplePasskey = (userId: string, at: Date, change: object = {}) => {
  const id = uuidv7(at.getTime())
  return {
    ...{ id, userId, by: userId, name: 'Phone', credentialId: `credential-${id}`, publicKey: 'a-key', counter: 0 },
    ...{ transports: ['internal'], backupEligible: true, backedUp: false, createdAt: at, lastUsedAt: null },
    ...{ isFirst: true, mailboxTokenHash: undefined, codeHashes: ['one', 'two'], most: 3 },
    ...change,
  }
}
