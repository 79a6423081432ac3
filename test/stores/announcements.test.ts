/** What a change makes out of date is out of date on this replica when the change resolves, and each change says so itself. */
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import { type Test, test } from 'tap'
import { uuidv7 } from '../../src/core/ids.ts'
import type { NewIdentity } from '../../src/core/records/identity.ts'
import type { RevocationStore } from '../../src/core/records/revocation.ts'
import { hashSecret, randomSecret } from '../../src/core/secrets.ts'
import { createRevocationFeed, type EntityKey } from '../../src/features/revocations/feed.ts'
import { createMemoryCounters } from '../../src/stores/memory/counters.ts'
import type { Database } from '../../src/stores/sql/database.ts'
import { loadPglite, loadPostgres } from '../../src/stores/sql/drizzle.ts'
import { migrate } from '../../src/stores/sql/migrations.ts'
import { createSqlStores } from '../../src/stores/sql/open.ts'
import { createDatabase, hasServers } from '../support/backends.ts'
import { createClock } from '../support/service.ts'
import { type Bench, createBench, exampleClient, exampleIdentity, exampleKey, examplePasskey } from './contract.ts'

const silent = pino({ level: 'silent' })
const nothing = { create: [], reschedule: [], compromised: [], reseal: [], remove: [] }

/** Prepares a change; resolves to the subject that it makes out of date, and to what makes it. */
type Prepare = (bench: Bench) => Promise<[subject: EntityKey, change: () => Promise<unknown>]>

async function holder({ user, stores }: Bench, change: (id: string) => Promise<unknown>): ReturnType<Prepare> {
  await stores.roles.put({ name: 'editor', permissions: ['a:b'] })
  const { id } = await user({ roles: ['editor'] })
  return [`user:${id}`, () => change(id)]
}
const deletionOf = (userId: string, at: Date) => ({
  ...{ userId, provenHash: 'a hash', at },
  deletesAt: new Date(at.getTime() + 86_400_000),
})
/** Somebody who has asked for another address. */
async function moving({ user, stores, at }: Bench) {
  const { id: userId, email: fromEmail } = await user()
  const id = uuidv7(at().getTime())
  const [confirmHash, stopHash, undoHash] = ['confirm', 'stop', 'undo'].map((link) => hashSecret(`${link} ${id}`)) as [
    string,
    string,
    string,
  ]
  const asked = { id, userId, fromEmail, toEmail: `next-${id}@example.test`, requestedAt: at(), expiresAt: at(60) }
  await stores.emailChanges.open({ ...asked, confirmHash, stopHash }, 'a hash')
  const use = { confirmHash, undoHash, undoUntil: at(60), formerRecipients: [], at: at() }
  return { userId, undoHash, confirm: () => stores.emailChanges.confirm(use) }
}
/** Somebody with an account at a provider. */
async function withIdentity(bench: Bench, change: (identity: NewIdentity) => Promise<unknown>): ReturnType<Prepare> {
  const { id: userId } = await bench.user()
  const identity = exampleIdentity(userId, bench.at())
  await bench.stores.identities.link(identity, { provenHash: 'a hash' })
  return [`user:${userId}`, () => change(identity)]
}
/** Somebody who has set up an authenticator app, but for the first code. */
async function withTotp({ stores, at }: Bench, userId: string) {
  const id = uuidv7(at().getTime())
  await stores.factors.propose({ id, userId, sealedKey: 'sealed', by: userId, at: at(), expiresAt: at(60) })
  const confirmed = { id, userId, step: 1, codeHashes: [], at: at(), isFirst: true, mailboxTokenHash: undefined }
  return { confirm: () => stores.factors.confirm(confirmed) }
}
async function ofSession(bench: Bench, change: (id: string) => Promise<unknown>): ReturnType<Prepare> {
  const { id } = await bench.session((await bench.user()).id)
  return [`session:${id}`, () => change(id)]
}
async function ofClient({ stores, at }: Bench, change: (id: string) => Promise<unknown>): ReturnType<Prepare> {
  const id = uuidv7(at().getTime())
  await stores.clients.create(exampleClient(id, at()))
  return [`client:${id}`, () => change(id)]
}
async function selfRegistered({ stores, at }: Bench, change: (id: string) => Promise<unknown>): ReturnType<Prepare> {
  const id = uuidv7(at().getTime())
  await stores.clients.create({ ...exampleClient(id, at()), selfRegistered: true, registrationTokenHash: 'own' })
  return [`client:${id}`, () => change(id)]
}
/** A program that somebody has let in. */
async function letIn({ user, session, stores, at }: Bench) {
  const [id, clientId, { id: userId }] = [uuidv7(at().getTime()), uuidv7(at().getTime()), await user()]
  await stores.clients.create(exampleClient(clientId, at()))
  const { id: sessionId, level, methods } = await session(userId)
  const about = { redirectUri: 'https://a.test', challenge: null, nonce: null, scopes: ['openid'], audiences: ['a'] }
  const times = { authenticatedAt: at(), createdAt: at(), codeExpiresAt: at(60) }
  const kept = { id, codeHash: hashSecret(id), userId, clientId, sessionId, level, methods, ...about, ...times }
  await stores.authorizations.issue(kept, 'given')
  return kept
}
async function ofKey(bench: Bench, change: (kid: string) => Promise<unknown>): ReturnType<Prepare> {
  const kid = uuidv7(bench.at().getTime())
  await bench.stores.signingKeys.change(async () => ({ ...nothing, create: [exampleKey(kid, bench.at())] }))
  return [`key:${kid}`, () => change(kid)]
}

/** Every method of the stores that makes something out of date. */
const changes: Record<string, Prepare> = {
  'users.changeProfile': (bench) => holder(bench, (id) => bench.stores.users.changeProfile(id, { name: 'Ada King' })),
  'users.setUsername': (bench) =>
    holder(bench, (id) => bench.stores.users.setUsername(id, hashSecret(id).slice(0, 20).toLowerCase(), bench.at())),
  'users.addToGroup': (bench) => holder(bench, (id) => bench.stores.users.addToGroup(id, 'staff')),
  'users.removeFromGroup': (bench) => holder(bench, (id) => bench.stores.users.removeFromGroup(id, 'staff')),
  'identities.link': (bench) =>
    holder(bench, (id) => bench.stores.identities.link(exampleIdentity(id, bench.at()), { provenHash: 'a hash' })),
  'identities.note': (bench) =>
    withIdentity(bench, ({ id }) =>
      bench.stores.identities.note(
        id,
        { label: 'ada', groups: ['staff'], roles: [] },
        { at: bench.at(), isUsed: true },
      ),
    ),
  'identities.unlink': (bench) =>
    withIdentity(bench, ({ id, userId }) => bench.stores.identities.unlink(userId, id, bench.at())),
  async 'elsewhere.endSessions'(bench) {
    const { id: userId } = await bench.user()
    const identity = exampleIdentity(userId, bench.at())
    await bench.stores.identities.link(identity, { provenHash: 'a hash' })
    const { issuer, subject } = identity
    const elsewhere = { provider: 'acme', issuer, subject, sid: 'sid', sealedIdToken: null, endsAt: null }
    const session = await bench.session(userId, { elsewhere })
    const by = { provider: 'acme', issuer, sid: 'sid' }
    return [`session:${session.id}`, () => bench.stores.elsewhere.endSessions(by, { reason: 'over', at: bench.at() })]
  },
  'users.grantRole': (bench) => holder(bench, (id) => bench.stores.users.grantRole(id, 'admin')),
  'deletions.request': (bench) =>
    holder(bench, (userId) => bench.stores.deletions.request(deletionOf(userId, bench.at()))),
  'deletions.keep': (bench) =>
    holder(bench, async (userId) => {
      const request = deletionOf(userId, bench.at())
      await bench.stores.deletions.request(request)
      await bench.stores.deletions.keep(request)
    }),
  'deletions.remove': (bench) =>
    holder(bench, (userId) => bench.stores.deletions.remove({ userId, at: bench.at(), recipientsOf: () => [] })),
  'passwordResets.use': async (bench) => {
    const { id: userId, email } = await bench.user()
    const tokenHash = hashSecret(randomSecret())
    await bench.stores.passwordResets.open({ tokenHash, userId, email, at: bench.at(), expiresAt: bench.at(60) })
    const use = { tokenHash, passwordHash: 'another', at: bench.at() }
    return [`user:${userId}`, () => bench.stores.passwordResets.use(use)]
  },
  'emailChanges.confirm': async (bench) => {
    const { userId, confirm } = await moving(bench)
    return [`user:${userId}`, confirm]
  },
  'emailChanges.undo': async (bench) => {
    const { userId, undoHash, confirm } = await moving(bench)
    await confirm()
    const reset = { tokenHash: hashSecret(randomSecret()), expiresAt: bench.at(60) }
    return [`user:${userId}`, () => bench.stores.emailChanges.undo({ undoHash, at: bench.at(), reset })]
  },
  'users.revokeRole': (bench) => holder(bench, (id) => bench.stores.users.revokeRole(id, 'editor')),
  'users.setPassword': (bench) => holder(bench, (id) => bench.stores.users.setPassword(id, 'another', bench.at())),
  'users.setStatus': (bench) => holder(bench, (id) => bench.stores.users.setStatus(id, 'disabled', bench.at())),
  'roles.create': async (bench) => {
    const { id } = await bench.user({ roles: ['returns'] })
    // A role of the file goes, and its holders keep the name of it.
    const { roles } = bench.stores
    await roles.delete('returns')
    await roles.replaceFileRoles([{ name: 'returns', permissions: [] }])
    await bench.stores.users.grantRole(id, 'returns')
    await roles.replaceFileRoles([])
    return [`user:${id}`, () => roles.create({ name: 'returns', permissions: ['a:b'] })]
  },
  'roles.setPermissions': (bench) => holder(bench, () => bench.stores.roles.setPermissions('editor', ['c:d'])),
  'roles.put': (bench) => holder(bench, () => bench.stores.roles.put({ name: 'editor', permissions: ['c:d'] })),
  'roles.delete': (bench) => holder(bench, () => bench.stores.roles.delete('editor')),
  'roles.replaceFileRoles': async (bench) => {
    const { roles } = bench.stores
    await roles.replaceFileRoles([{ name: 'of-the-file', permissions: ['a:b'] }])
    const { id } = await bench.user()
    await bench.stores.users.grantRole(id, 'of-the-file')
    return [`user:${id}`, () => roles.replaceFileRoles([{ name: 'of-the-file', permissions: ['c:d'] }])]
  },
  'sessions.renew': (bench) => {
    const proof = { methods: ['pwd'], level: 'aal1' as const, authenticatedAt: bench.at() }
    const secretHash = hashSecret(randomSecret())
    return ofSession(bench, (id) => bench.stores.sessions.renew(id, { ...proof, secretHash }, 'a hash'))
  },
  'sessions.revoke': (bench) => ofSession(bench, (id) => bench.stores.sessions.revoke(id, 'test', bench.at())),
  'sessions.revokeAll': async (bench) => {
    const { id: userId } = await bench.user()
    const { id } = await bench.session(userId)
    return [`session:${id}`, () => bench.stores.sessions.revokeAll(userId, 'test', bench.at())]
  },
  'sessions.create': async (bench) => {
    const { id: userId } = await bench.user()
    const session = await bench.session(userId)
    const another = { ...session, id: uuidv7(bench.clock.now()), secretHash: hashSecret(randomSecret()) }
    return [`session:${session.id}`, () => bench.stores.sessions.create(another, undefined, 1)]
  },
  'clients.setSecret': (bench) => ofClient(bench, (id) => bench.stores.clients.setSecret(id, 'another')),
  'clients.setJwks': (bench) => ofClient(bench, (id) => bench.stores.clients.setJwks(id, { keys: [] })),
  'clients.change': (bench) => ofClient(bench, (id) => bench.stores.clients.change(id, { name: 'Another' })),
  'authorizations.end': async (bench) => {
    const { id } = await letIn(bench)
    return [`token:${id}`, () => bench.stores.authorizations.end(id, bench.at())]
  },
  'authorizations.withdraw': async (bench) => {
    const { id, userId, clientId } = await letIn(bench)
    return [`token:${id}`, () => bench.stores.authorizations.withdraw(userId, clientId, bench.at())]
  },
  'clients.replaceRegistration': async (bench) => {
    const change = { jwks: null, registrationTokenHash: 'another' }
    return selfRegistered(bench, (id) => bench.stores.clients.replaceRegistration(id, 'own', change))
  },
  'clients.keepDocument': (bench) =>
    selfRegistered(bench, async (id) => {
      const client = (await bench.stores.clients.find(id))!
      return bench.stores.clients.keepDocument({ ...client, name: 'Another' }, { most: 1, at: bench.at() })
    }),
  'clients.deleteUnused': (bench) =>
    selfRegistered(bench, () => bench.stores.clients.deleteUnused(new Date(bench.at().getTime() + 1), bench.at(), 10)),
  'clients.delete': (bench) => ofClient(bench, (id) => bench.stores.clients.delete(id)),
  'apiKeys.revoke': async (bench) => {
    const key = await apiKey(bench)
    return [`token:${key}`, () => bench.stores.apiKeys.revoke(key, bench.at())]
  },
  'apiKeys.revokeAll': async (bench) => {
    await apiKey(bench)
    return ['key:all', () => bench.stores.apiKeys.revokeAll(bench.at())]
  },
  'accessTokens.revoke': async ({ stores, at }) => {
    const id = uuidv7(at().getTime())
    return [`token:${id}`, () => stores.accessTokens.revoke(id, at(300), at())]
  },
  'factors.confirm': (bench) => holder(bench, async (userId) => (await withTotp(bench, userId)).confirm()),
  'factors.removeTotp': (bench) =>
    holder(bench, async (userId) => {
      await (await withTotp(bench, userId)).confirm()
      await bench.stores.factors.removeTotp(userId, bench.at(), {})
    }),
  'passkeys.add': (bench) => holder(bench, (userId) => bench.stores.passkeys.add(examplePasskey(userId, bench.at()))),
  'passkeys.remove': (bench) =>
    holder(bench, async (userId) => {
      const passkey = examplePasskey(userId, bench.at())
      await bench.stores.passkeys.add(passkey)
      await bench.stores.passkeys.remove(userId, passkey.id, bench.at(), {})
    }),
  'factors.reset': (bench) =>
    holder(bench, async (userId) => {
      await (await withTotp(bench, userId)).confirm()
      await bench.stores.factors.reset({ userId, tokenHash: userId, expiresAt: bench.at(60), at: bench.at() })
    }),
  'signingKeys.change': (bench) =>
    ofKey(bench, (kid) => {
      const compromised = [{ kid, at: bench.at() }]
      return bench.stores.signingKeys.change(async () => ({ ...nothing, compromised }))
    }),
}

async function apiKey({ user, stores, at }: Bench): Promise<string> {
  const [owner, id] = [await user(), uuidv7(at().getTime())]
  const times = { createdAt: at(), expiresAt: null, lastUsedAt: null }
  const key = { id, name: 'CI', owner: { kind: 'user' as const, id: owner.id }, scopes: [], ...times }
  const made = await stores.apiKeys.create({ ...key, hash: hashSecret(randomSecret()) }, { most: 10 })
  if (made !== 'created') throw new Error(made)
  return id
}

const engines: Record<string, (t: Test) => Promise<{ db: Database; run(text: string): Promise<unknown> }>> = {
  async embedded(t) {
    const { PGlite, drizzle } = loadPglite()
    const client = await PGlite.create('memory://')
    t.teardown(() => client.close())
    return { db: drizzle(client), run: (text) => client.exec(text) }
  },
  async clustered(t) {
    const database = await createDatabase()
    const { postgres, drizzle } = loadPostgres()
    const client = postgres(database.url, { max: 2, onnotice: () => {} })
    t.teardown(async () => {
      await client.end()
      await database.drop()
    })
    return { db: drizzle(client), run: (text) => client.unsafe(text) }
  },
}

for (const [name, open] of Object.entries(engines)) {
  if (name === 'clustered' && !hasServers) continue
  void test(`changes of what replicas remember, on ${name} stores`, async (t) => {
    const { db, run } = await open(t)
    await migrate(db, fileURLToPath(new URL('../../drizzle', import.meta.url)))
    const clock = createClock()
    const durable = createSqlStores({ db, feedDb: db, listen: async () => async () => {} }, clock)
    const stores = { ...durable, counters: createMemoryCounters(clock), ping: async () => {}, close: async () => {} }
    const bench = createBench({ stores, close: stores.close }, stores, clock)

    /** Only a change itself has the feed read: its polls find nothing. */
    let mayRead = false
    const revocations: RevocationStore = {
      ...stores.revocations,
      readAfter: (sequence) =>
        mayRead ? stores.revocations.readAfter(sequence) : Promise.reject(new Error('the feed is cut')),
      onChange: (read) =>
        stores.revocations.onChange(async () => {
          mayRead = isReadable
          await read().finally(() => (mayRead = false))
        }),
    }
    let isReadable = true
    const time = createClock()
    const feed = createRevocationFeed(revocations, silent, time)
    await feed.start()
    t.teardown(() => feed.stop())
    const readFeed = () => stores.users.changeProfile(uuidv7(clock.now()), { name: 'nobody' })

    await run(`
      create function lose() returns trigger language plpgsql as 'begin return null; end';
      create trigger lose before insert on revocations for each row execute function lose();
      alter table revocations disable trigger lose`)
    const loseAnnouncements = (lose: boolean) =>
      run(`alter table revocations ${lose ? 'enable' : 'disable'} trigger lose`)

    /** Whether this replica knows that the subject is out of date when the change resolves. */
    async function knows(prepare: Prepare): Promise<boolean> {
      const [subject, change] = await prepare(bench)
      const memory = { asOf: feed.position }
      await change()
      return !feed.isValid(memory, [subject])
    }
    for (const [method, prepare] of Object.entries(changes)) {
      await t.test(method, async (t) => {
        t.equal(await knows(prepare), true, 'known when the change resolves')
        await loseAnnouncements(true)
        t.equal(await knows(prepare), false, 'by its announcement alone')
        await loseAnnouncements(false)
      })
    }
    await t.test(
      'where the feed cannot be read the change is made, and nothing remembered counts until it can',
      async (t) => {
        const [, change] = await changes['sessions.revoke']!(bench)
        t.ok(feed.isCurrent())
        isReadable = false
        t.match(await change(), { clientId: 'gatehouse' })
        t.notOk(feed.isCurrent())
        t.notOk(feed.isValid({ asOf: feed.position }, []))
        isReadable = true
        time.advance(0.001)
        await readFeed()
        t.ok(feed.isCurrent())
      },
    )
  })
}
