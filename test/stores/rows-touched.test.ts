/**
 * No statement of the stores grows with what strangers store: PGlite gives no statement up, and while one runs nothing else does.
 * Counted are the rows that a statement reads, as EXPLAIN tells them, with tables full of other people's rows.
 */
import { fileURLToPath } from 'node:url'
import { type Test, test } from 'tap'
import { uuidv7 } from '../../src/core/ids.ts'
import { hashSecret } from '../../src/core/secrets.ts'
import { codeOfDevice } from '../../src/core/records/device-code.ts'
import type { Database } from '../../src/stores/sql/database.ts'
import { loadPglite, loadPostgres } from '../../src/stores/sql/drizzle.ts'
import { migrate } from '../../src/stores/sql/migrations.ts'
import { createSqlStores } from '../../src/stores/sql/open.ts'
import { createDatabase, hasServers, migratedCluster } from '../support/backends.ts'
import { createClock } from '../support/service.ts'
import {
  exampleClient,
  exampleIdentity,
  exampleKey,
  exampleMail,
  examplePasskey,
  exampleWishes as wishes,
} from './contract.ts'

/** Enough for a look-up to be cheaper than to read everything. */
const strangers = 60_000
/** What one statement may read, of the hundreds of thousands that there are: a batch of housekeeping, several times over. */
const maxRows = 1_000
const batch = 50
/** Whose account everybody tries. */
const victim = '01932c07-20a5-7e9c-8f5e-2b1d3a4c5e61'

interface Asked {
  text: string
  parameters: unknown[]
}
interface Engine {
  db: Database
  asked: Asked[]
  /** Runs SQL of the test. */
  run(text: string): Promise<unknown>
  explain(asked: Asked): Promise<PlanNode>
}
interface PlanNode {
  'Node Type': string
  'Relation Name'?: string
  'Actual Rows': number
  'Actual Loops': number
  Plans?: PlanNode[]
  [name: string]: unknown
}

const folder = fileURLToPath(new URL('../../drizzle', import.meta.url))
const plan = (rows: unknown) => (rows as { 'QUERY PLAN': { Plan: PlanNode }[] }[])[0]!['QUERY PLAN'][0]!.Plan

/** Notes each statement that goes through a database. */
function listen() {
  const asked: Asked[] = []
  return { asked, logger: { logQuery: (text: string, parameters: unknown[]) => void asked.push({ text, parameters }) } }
}

const engines: Record<string, (t: Test) => Promise<Engine>> = {
  async embedded(t) {
    const { PGlite, drizzle } = loadPglite()
    const content = migratedCluster()
    const client = await PGlite.create('memory://', content && { loadDataDir: content })
    t.teardown(() => client.close())
    const { asked, logger } = listen()
    return {
      db: drizzle(client, { logger }),
      asked,
      run: (text) => client.exec(text),
      explain: async ({ text, parameters }) =>
        plan((await client.query(`explain (analyze, format json) ${text}`, parameters)).rows),
    }
  },
  async clustered(t) {
    const database = await createDatabase()
    const { postgres, drizzle } = loadPostgres()
    const client = postgres(database.url, { max: 1, onnotice: () => {} })
    t.teardown(async () => {
      await client.end()
      await database.drop()
    })
    const { asked, logger } = listen()
    return {
      db: drizzle(client, { logger }),
      asked,
      run: (text) => client.unsafe(text),
      explain: async ({ text, parameters }) =>
        plan(await client.unsafe(`explain (analyze, format json) ${text}`, parameters as never)),
    }
  },
}

/** Rows that strangers and other people's programs leave, a quarter of them ended. */
function fill(now: string): string {
  const id = (table: string, n = 'n') => `md5('${table}' || ${n})::uuid`
  const ends = `case when n % 4 = 0 then ${now} - interval '3 days' else ${now} + interval '30 days' end`
  const each = `from generate_series(1, ${strangers}) as n`
  // Of what has an index to itself, so many are enough; they count faster.
  const few = `from generate_series(1, ${strangers / 3}) as n`
  // Tokens leave before their sessions, so that few sessions that ended have any.
  const holdsTokens = 'n % 2 = 0 and n % 4 <> 0 and n % 5 <> 0 or n % 40 = 0'
  return `
    insert into users (id, email, username, name, password_hash, created_at)
      select ${id('users')}, n || '@strangers.test', 's' || n, 'S', 'h', ${now} ${each};
    insert into username_claims (username_hash, user_id, released_at)
      select 'u' || n, ${id('users')}, case when n % 5 = 0 then ${now} - interval '1 day' * (n % 800) end ${few};
    insert into registrations (token_hash, email, name, password_hash, expires_at)
      select 'r' || n, n || '@waiting.test', 'S', 'h', ${ends} ${few};
    insert into sessions (id, user_id, client_id, secret_hash, level, authenticated_at, last_seen_at, idle_expires_at, expires_at,
        revoked_at, ip, user_agent)
      select ${id('sessions')}, ${id('users')}, 'gatehouse', 's' || n, 'aal1', ${now}, ${now}, ${ends}, ${ends},
        case when n % 5 = 0 then ${now} - interval '2 days' end, '', '' ${each};
    insert into refresh_families (id, session_id, user_id, client_id, expires_at)
      select ${id('families')}, ${id('sessions')}, ${id('users')}, 'gatehouse', ${now} + interval '30 days' ${each} where ${holdsTokens};
    insert into refresh_tokens (hash, family_id, created_at, expires_at, used_at, replay)
      select 't' || n, ${id('families')}, ${now}, case when n % 3 = 0 then ${now} - interval '3 days' else ${now} + interval '30 days' end,
        ${now} - interval '2 hours', 'sealed' ${each} where ${holdsTokens};
    insert into refresh_tokens (hash, family_id, created_at, expires_at)
      select 'u' || n, ${id('families')}, ${now}, ${now} + interval '30 days' ${each} where ${holdsTokens};
    insert into known_devices (secret_hash, user_id, created_at, seen_at, expires_at)
      select 'd' || n, ${id('users')}, ${now}, ${now}, ${ends} ${few};
    insert into interactions (id, secret_hash, user_id, proofs, wishes, expires_at)
      select ${id('interactions')}, 'n' || n, ${id('users')}, '[]', '{}', ${ends} ${few};
    insert into provider_trips (id, state_hash, browser_hash, provider, purpose, sealed, started_at, expires_at)
      select ${id('trips')}, 'st' || n, 'b' || n, 'acme', 'sign_in', 'sealed', ${now}, ${ends} ${few};
    insert into provider_arrivals (id, browser_hash, provider, sealed, token_hash, expires_at)
      select ${id('arrivals')}, 'b' || n, 'acme', 'sealed', 'at' || n, ${ends} ${few};
    insert into provider_sessions (session_id, provider, issuer, subject, sid)
      select ${id('sessions')}, 'acme', 'https://acme.test', 's' || n, 'sid' || n ${few};
    insert into factors (id, user_id, kind, sealed_key, proposed_by, created_at, confirmed_at, expires_at)
      select ${id('factors')}, ${id('users')}, 'totp', 'sealed', ${id('users')}, ${now}, case when n % 2 = 0 then ${now} end,
        case when n % 2 = 1 then ${ends} end ${few};
    insert into identities (id, user_id, source, issuer, subject, label, created_at, last_used_at, checked_at)
      select ${id('identities')}, ${id('users')}, 'provider:acme', 'https://acme.test', 's' || n, 'n', ${now}, ${now}, ${now} ${few};
    insert into host_tickets (ticket_hash, session_id, origin, return_to, nonce_hash, expires_at)
      select 'k' || n, ${id('sessions')}, 'https://shop.test', '/', 'n', ${ends} ${few};
    insert into host_sessions (secret_hash, session_id, origin, created_at)
      select 'w' || n, ${id('sessions')}, 'https://shop.test', ${now} ${few};
    insert into passkeys (id, name, credential_id, public_key, counter, backup_eligible, backed_up)
      select ${id('factors')}, 'Phone', 'k' || n, 'key', 0, true, true ${few};
    insert into passkey_challenges (challenge_hash, purpose, user_id, expires_at)
      select 'h' || n, 'step_up', ${id('users')}, ${ends} ${few};
    insert into clients (id, name, auth_method, created_at) values ('strange', 'S', 'none', ${now});
    insert into authorizations (id, code_hash, user_id, client_id, session_id, redirect_uri, authenticated_at, level, created_at,
        code_expires_at, expires_at)
      select ${id('authorizations')}, 'a' || n, ${id('users')}, 'strange', ${id('sessions')}, 'https://a.test', ${now}, 'aal1', ${now},
        ${ends}, ${ends} ${few};
    insert into pushed_requests (request_hash, client_id, parameters, usable_until, expires_at)
      select 'q' || n, 'strange', 'p', ${ends}, ${ends} ${few};
    insert into consents (user_id, client_id, scopes, granted_at)
      select ${id('users')}, 'strange', '{openid}', ${now} ${few};
    insert into device_codes (id, code_hash, user_code_hash, client_id, ip, user_agent, created_at, expires_at, interval_seconds)
      select ${id('device_codes')}, 'dc' || n, 'du' || n, 'strange', '', '', ${now}, ${ends}, 5 ${few};
    insert into recovery_codes (user_id, code_hash) select ${id('users')}, 'c' || n ${few};
    insert into factor_resets (user_id, token_hash, expires_at, reset_at) select ${id('users')}, 'f' || n, ${ends}, ${now} ${few};
    insert into password_resets (token_hash, user_id, expires_at) select 'p' || n, ${id('users')}, ${ends} ${few};
    insert into invitations (id, token_hash, email, username, language, created_at, expires_at)
      select ${id('invitations')}, 'i' || n, n || '@invited.test', 'i' || n, 'en', ${now}, ${ends} ${few};
    insert into email_changes (id, user_id, from_email, to_email, confirm_hash, stop_hash, undo_hash, requested_at, confirmed_at, expires_at)
      select ${id('changes')}, ${id('users')}, n || '@before.test', n || '@strangers.test', 'c' || n, 's' || n, 'u' || n, ${now},
        case when n % 2 = 0 then ${now} end, ${ends} ${few};
    insert into mails (id, kind, language, user_id, recipient, sealed, created_at, queued_at, state, due_at, ended_at)
      select ${id('mails')}, 'verify-email', 'en', ${id('users')}, case when n % 4 < 2 then 'r' || n end, 'sealed', ${now}, ${now},
        case n % 4 when 0 then 'queued' when 1 then 'dead' else 'sent' end,
        case when n % 4 = 0 then ${now} - interval '1 second' * n end,
        case when n % 4 <> 0 then ${now} - interval '1 hour' * (n % 1000) end ${few};
    insert into mail_requests (id, sealed, recipient, created_at, due_at)
      select ${id('requests')}, 'sealed', 'r' || n, ${now} - interval '1 minute' * (n % 5000), ${now} - interval '1 second' * n ${few};
    insert into used_assertions (client_id, token_id, expires_at) select 'job', 'a' || n, ${ends} ${few};
    insert into revoked_access_tokens (token_id, expires_at) select 'x' || n, ${ends} ${few};
    insert into revocations (kind, id, at) select 'session', ${id('sessions')}::text,
        ${now} - interval '4 days' * (${strangers} - n) / ${strangers} - interval '1 hour' ${each};
    insert into audit_events (id, at, event, subject, details)
      select ('0000' || substr(md5('audit' || n), 5))::uuid, ${now} - interval '1 day' * (n % 800), 'sign_in.failed', ${id('users')}::text, '{}' ${each};
    insert into audit_events (id, at, event, subject, details)
      select ('0001' || substr(md5('audit' || n), 5))::uuid, ${now}, 'sign_in.failed', '${victim}', '{}' ${each};
    insert into api_keys (id, hash, name, user_id, created_at, expires_at, revoked_at)
      select ${id('keys')}, 'k' || n, 'S', ${id('users')}, ${now}, ${ends}, case when n % 5 = 0 then ${now} - interval '2 days' end ${few};
    insert into budgets (key, slices, expires_at) select 'b' || n, '{"1": 1}', ${ends} ${few};
    analyze;`
}

/** Rows that scans read, those included that a filter removed. */
function rowsRead(node: PlanNode): number {
  const removed = ['Rows Removed by Filter', 'Rows Removed by Index Recheck', 'Rows Removed by Join Filter']
  const own = removed.reduce((sum, name) => sum + Number(node[name] ?? 0), node['Actual Rows']) * node['Actual Loops']
  return (
    (node['Node Type'].endsWith('Scan') ? own : 0) + (node.Plans ?? []).reduce((sum, part) => sum + rowsRead(part), 0)
  )
}

for (const [name, open] of Object.entries(engines)) {
  if (name === 'clustered' && !hasServers) continue
  void test(`no statement of the ${name} stores grows with what strangers store`, async (t) => {
    const engine = await open(t)
    const { db } = engine
    await migrate(db, folder)
    const clock = createClock()
    const at = (seconds = 0) => new Date(clock.now() + seconds * 1_000)
    await engine.run(fill(`'${at().toISOString()}'::timestamptz`))

    const stores = createSqlStores({ db, feedDb: db, listen: async () => async () => {} }, clock)
    const userId = uuidv7(clock.now())
    const email = 'ada@example.test'
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
      secretHash: hashSecret('session'),
    }
    const proof = { ...session, id: undefined }
    const family = {
      id: uuidv7(clock.now()),
      sessionId: session.id,
      userId,
      clientId: 'job',
      audiences: [],
      scopes: [],
      expiresAt: at(1_000),
    }
    const authorization = {
      ...{ id: family.id, codeHash: 'code', userId, clientId: 'job', sessionId: session.id, scopes: ['openid'] },
      ...{ redirectUri: 'https://a.test', challenge: null, nonce: null, audiences: ['a'], authenticatedAt: at() },
      ...{ level: 'aal1' as const, methods: ['pwd'], createdAt: at(), codeExpiresAt: at(60) },
    }
    const pushed = {
      ...{ requestHash: 'pushed', clientId: 'job', parameters: 'p', usableUntil: at(60), expiresAt: at(3_660) },
    }
    const deviceCode = {
      ...{ id: uuidv7(clock.now()), codeHash: 'device', userCodeHash: 'user', clientId: 'job', scopes: ['openid'] },
      ...{ audiences: ['a'], ip: '', userAgent: '', createdAt: at(), expiresAt: at(600), intervalSeconds: 5 },
    }
    const another = { ...deviceCode, id: uuidv7(clock.now()), codeHash: 'another', userCodeHash: 'other' }
    const ownSession = { ...session, id: uuidv7(clock.now()), clientId: 'job', secretHash: 'of the device' }
    const onDevice = {
      session: ownSession,
      family: { ...family, id: uuidv7(clock.now()), sessionId: ownSession.id },
      token: { hash: 'token of the device', createdAt: at(), expiresAt: at(100) },
    }
    const key = { id: uuidv7(clock.now()), name: 'K', scopes: [], createdAt: at(), expiresAt: at(100), hash: 'key' }
    const owner = { kind: 'user', id: userId } as const
    const registration = {
      tokenHash: 'reg',
      email: 'eve@example.test',
      name: 'Eve',
      passwordHash: 'h',
      expiresAt: at(60),
    }
    const request = { id: uuidv7(clock.now()), createdAt: at() }
    const reset = { tokenHash: 'reset', userId, expiresAt: at(60) }
    const moving = {
      ...{ id: uuidv7(clock.now()), userId, toEmail: 'elsewhere@example.test' },
      ...{ confirmHash: 'confirm', stopHash: 'stop' },
    }
    const invitation = {
      ...{ id: uuidv7(clock.now()), email: 'guest@example.test', username: 'guest', roles: ['editor'] },
      ...{ language: 'en' as const, createdAt: at(), expiresAt: at(60), tokenHash: 'invitation' },
    }
    const device = { shownHash: undefined, secretHash: 'device', userId, at: at(), expiresAt: at(100), userAgent: '' }
    const interaction = {
      ...{ id: uuidv7(clock.now()), userId, secretHash: 'interaction', expiresAt: at(600) },
      ...{ proofs: [{ method: 'pwd', at: clock.now() }], wishes },
    }
    const hostTicket = {
      ...{ ticketHash: 'ticket', sessionId: session.id, origin: 'https://shop.test', returnTo: '/' },
      ...{ nonceHash: 'nonce', expiresAt: at(30) },
    }
    const identity = exampleIdentity(userId, at(), { source: 'directory:corp' })
    const [colleague, made] = [uuidv7(clock.now()), { emailVerifiedAt: at(), createdAt: at() }]
    const trip = {
      ...{ id: uuidv7(clock.now()), provider: 'acme', purpose: 'sign_in' as const, sessionId: null, sealed: 'sealed' },
      ...{ stateHash: 'state', browserHash: 'browser', startedAt: at(), expiresAt: at(60) },
    }
    const arrival = {
      ...{ id: uuidv7(clock.now()), provider: 'acme', sealed: 'sealed', browserHash: 'browser', expiresAt: at(60) },
    }
    const arrivalKey = { id: arrival.id, browserHash: 'browser' }
    const totp = { id: uuidv7(clock.now()), userId, sealedKey: 'sealed' }
    const challenge = { challengeHash: 'asked', purpose: 'step_up' as const, userId, holder: null }
    const passkey = examplePasskey(userId, at(), { isFirst: false })
    const budgets = ['pair', 'account'].map((key) => ({ key, most: 5, windowSeconds: 60 }))
    const perishable = stores.housekeeping.sweeps.map(({ name }) => name)
    t.equal(perishable.length, 30)

    const calls: Record<string, () => Promise<unknown>> = {
      'roles.put': () => stores.roles.put({ name: 'editor', permissions: ['a:b'] }),
      'users.create': () =>
        stores.users.create({
          id: userId,
          email,
          name: 'Ada',
          passwordHash: 'h',
          roles: ['editor'],
          emailVerifiedAt: at(),
          createdAt: at(),
        }),
      'users.findByLogin': () => stores.users.findByLogin(email),
      'users.findById': () => stores.users.findById(userId),
      'users.anyHolds': () => stores.users.anyHolds('admin'),
      'users.grantRole': () => stores.users.grantRole(userId, 'editor'),
      'users.revokeRole': () => stores.users.revokeRole(userId, 'editor'),
      'users.addToGroup': () => stores.users.addToGroup(userId, 'staff'),
      'users.removeFromGroup': () => stores.users.removeFromGroup(userId, 'staff'),
      'roles.create': () => stores.roles.create({ name: 'another', permissions: [] }),
      'users.changeProfile': () => stores.users.changeProfile(userId, { name: 'Eve' }),
      'users.setUsername': () => stores.users.setUsername(userId, 'eve', at()),
      'users.findByLogin by user name': () => stores.users.findByLogin('eve'),
      'users.renewPasswordHash': () => stores.users.renewPasswordHash(userId, 'h', '{bcrypt 12}$2b$12$'),
      'users.passwordKinds': () => stores.users.passwordKinds('$argon2id$v=19$m=19456,t=2,p=1'),
      'users.renewPasswordHash back': () => stores.users.renewPasswordHash(userId, '{bcrypt 12}$2b$12$', 'h'),
      'users.unlock': () => stores.users.unlock(userId),
      'roles.setPermissions': () => stores.roles.setPermissions('editor', ['c:d']),
      'roles.replaceFileRoles': () => stores.roles.replaceFileRoles([{ name: 'from-file', permissions: [] }]),
      'roles.delete': () => stores.roles.delete('nobody-holds-it'),
      'registrations.open': () => stores.registrations.open(registration),
      'registrations.find': () => stores.registrations.find('reg', at()),
      'registrations.confirm': () =>
        stores.registrations.confirm({ tokenHash: 'reg', userId: uuidv7(clock.now()), passwordHash: 'h', at: at() }),
      'sessions.create': () => stores.sessions.create(session, 'h'),
      'hostSessions.issue': () => stores.hostSessions.issue(hostTicket, at()),
      'hostSessions.redeem': () => stores.hostSessions.redeem({ ...hostTicket, secretHash: 'host', at: at() }),
      'hostSessions.findLive': () => stores.hostSessions.findLive('host', at()),
      'sessions.create beyond the most': () =>
        stores.sessions.create({ ...session, id: uuidv7(clock.now()), secretHash: 'another' }, 'h', 2),
      'sessions.list': () => stores.sessions.list({ limit: 50, at: at() }),
      'sessions.list of one': () => stores.sessions.list({ userId, before: session.id, limit: 50, at: at() }),
      'sessions.listOf': () => stores.sessions.listOf(userId, at()),
      'sessions.renew': () => stores.sessions.renew(session.id, proof, 'h'),
      'sessions.findLive by id': () => stores.sessions.findLive({ id: session.id, tokenIds: ['x', 'y'] }, at()),
      'sessions.findLive by secret': () => stores.sessions.findLive({ secretHash: session.secretHash }, at()),
      'sessions.touch': () => stores.sessions.touch(session.id, at(), at(50)),
      'users.noteLockout': () => stores.users.noteLockout(userId, { at: at(), until: at(60) }, []),
      'knownDevices.remember': () => stores.knownDevices.remember(device, 'h'),
      'knownDevices.isKnown': () => stores.knownDevices.isKnown({ secretHash: 'device', email, at: at() }),
      'knownDevices.isRemembered': () => stores.knownDevices.isRemembered({ secretHash: 'device', userId, at: at() }),
      'knownDevices.listRemembered': () => stores.knownDevices.listRemembered(userId, at()),
      'knownDevices.forgetRemembered': () => stores.knownDevices.forgetRemembered(userId, at()),
      'identities.link': () => stores.identities.link(identity, { provenHash: 'h' }),
      'identities.create': () =>
        stores.identities.create(
          { ...{ id: colleague, email: 'colleague@example.test', name: 'C', passwordHash: null, roles: [] }, ...made },
          exampleIdentity(colleague, at()),
        ),
      'identities.find': () => stores.identities.find(identity.issuer, identity.subject),
      'identities.of': () => stores.identities.of(userId),
      'identities.note': () =>
        stores.identities.note(identity.id, { label: 'e', groups: ['g'], roles: [] }, { at: at(), isUsed: true }),
      'identities.dueForCheck': () =>
        stores.identities.dueForCheck(identity.source, { checkedBefore: at(1), at: at(), limit: batch }),
      'identities.unlink': () => stores.identities.unlink(userId, identity.id, at()),
      'interactions.open': () => stores.interactions.open(interaction, 'h'),
      'interactions.find': () => stores.interactions.find('interaction', at()),
      'interactions.countTry': () => stores.interactions.countTry('interaction', at(), 10),
      'interactions.consume': () => stores.interactions.consume('interaction', at()),
      'elsewhere.beginTrip': () => stores.elsewhere.beginTrip(trip),
      'elsewhere.consumeTrip': () =>
        stores.elsewhere.consumeTrip({ provider: 'acme', stateHash: 'state', browserHash: 'browser' }, at()),
      'elsewhere.keepArrival': () => stores.elsewhere.keepArrival(arrival),
      'elsewhere.findArrival': () => stores.elsewhere.findArrival(arrivalKey, at()),
      'elsewhere.mailArrival': () =>
        stores.elsewhere.mailArrival(arrivalKey, { email, tokenHash: 'token', at: at(), expiresAt: at(60), mails: [] }),
      'elsewhere.consumeArrival': () =>
        stores.elsewhere.consumeArrival({ tokenHash: 'token', browserHash: 'browser' }, at()),
      'elsewhere.ofSession': () => stores.elsewhere.ofSession(session.id),
      'elsewhere.endSessions': () =>
        stores.elsewhere.endSessions(
          { provider: 'acme', issuer: 'https://acme.test', sid: 'sid' },
          { reason: 'over', at: at(), once: { provider: 'acme', tokenId: 'jti', expiresAt: at(60) } },
        ),
      'elsewhere.endSessions of an account': () =>
        stores.elsewhere.endSessions(
          { provider: 'acme', issuer: 'https://acme.test', subject: 'nobody' },
          { reason: 'over', at: at() },
        ),
      'factors.propose': () => stores.factors.propose({ ...totp, by: userId, at: at(), expiresAt: at(60) }),
      'factors.findProposed': () => stores.factors.findProposed(userId, userId, at()),
      'factors.confirm': () =>
        stores.factors.confirm({
          ...{ id: totp.id, userId, step: 1, codeHashes: ['one', 'two'], at: at() },
          ...{ isFirst: true, mailboxTokenHash: 'mailbox' },
        }),
      'factors.of': () => stores.factors.of(userId),
      'factors.findTotp': () => stores.factors.findTotp(userId),
      'factors.useStep': () => stores.factors.useStep(totp.id, 2, at()),
      'factors.useRecoveryCode': () => stores.factors.useRecoveryCode(userId, 'one', () => []),
      'factors.replaceRecoveryCodes': () => stores.factors.replaceRecoveryCodes(userId, ['three'], {}),
      'factors.reset': () => stores.factors.reset({ userId, tokenHash: 'mailbox', expiresAt: at(60), at: at() }),
      'factors.renewMailboxLink': () =>
        stores.factors.renewMailboxLink({ userId, tokenHash: 'again', expiresAt: at(60) }),
      'factors.isMailboxLink': () => stores.factors.isMailboxLink(userId, 'again', at()),
      'factors.removeTotp': () => stores.factors.removeTotp(userId, at(), {}),
      'passkeys.openChallenge': () => stores.passkeys.openChallenge({ ...challenge, expiresAt: at(60) }),
      'passkeys.useChallenge': () => stores.passkeys.useChallenge(challenge, at()),
      'passkeys.add': () => stores.passkeys.add(passkey),
      'passkeys.find': () => stores.passkeys.find(passkey.credentialId),
      'passkeys.listOf': () => stores.passkeys.listOf(userId),
      'passkeys.use': () => stores.passkeys.use(passkey.id, { counter: 1, backedUp: true, at: at() }),
      'passkeys.counts': () => stores.passkeys.counts(passkey.id),
      'passkeys.rename': () => stores.passkeys.rename(userId, passkey.id, 'Key'),
      'passkeys.remove': () => stores.passkeys.remove(userId, passkey.id, at(), {}),
      'factors.noteAsked': () => stores.factors.noteAsked(userId, at()),
      'budgets.spend': () => stores.budgets.spend(budgets),
      'budgets.look': () => stores.budgets.look(budgets),
      'budgets.forgive': () => stores.budgets.forgive(budgets),
      'clients.create': () => stores.clients.create(exampleClient('job', at())),
      'refreshTokens.createFamily': () =>
        stores.refreshTokens.createFamily(family, { hash: 'token', createdAt: at(), expiresAt: at(100) }),
      'authorizations.issue': () => stores.authorizations.issue(authorization, 'given'),
      'authorizations.issue again': () =>
        stores.authorizations.issue({ ...authorization, id: uuidv7(clock.now()), codeHash: 'other' }, 'before'),
      'pushedRequests.keep': () => stores.pushedRequests.keep(pushed),
      'pushedRequests.find': () => stores.pushedRequests.find(pushed.requestHash, 'job', at()),
      'authorizations.issue for a pushed request': () =>
        stores.authorizations.issue(
          { ...authorization, id: uuidv7(clock.now()), codeHash: 'pushed' },
          'given',
          pushed.requestHash,
        ),
      'pushedRequests.use': () => stores.pushedRequests.use(pushed.requestHash),
      'authorizations.find': () => stores.authorizations.find(authorization.id),
      'authorizations.findByCode': () => stores.authorizations.findByCode('code'),
      'authorizations.consentOf': () => stores.authorizations.consentOf(userId, 'job'),
      'authorizations.consentsOf': () => stores.authorizations.consentsOf(userId),
      'authorizations.redeem': () =>
        stores.authorizations.redeem('other', at(), {
          family: () => ({
            family: { ...family, id: uuidv7(clock.now()) },
            token: { hash: 'of a code', createdAt: at(), expiresAt: at(100) },
          }),
          isToldOfEnd: true,
        }),
      'logouts.claim': () => stores.logouts.claim(at(), at(60)),
      'logouts.settle': async () => {
        const id = uuidv7(clock.now())
        await stores.logouts.settle({ id, attempts: 1 }, { state: 'queued', dueAt: at(10), isTry: true })
        await stores.logouts.settle({ id, attempts: 1 }, { state: 'done' })
      },
      'deviceCodes.create': async () => {
        await stores.deviceCodes.create(deviceCode)
        await stores.deviceCodes.create(another)
      },
      'deviceCodes.findPending': () => stores.deviceCodes.findPending({ userCodeHashes: ['user', 'former'] }, at()),
      'deviceCodes.findPending by id': () => stores.deviceCodes.findPending({ id: deviceCode.id }, at()),
      'deviceCodes.poll': () =>
        stores.deviceCodes.poll('device', 'job', at(), { slowerSeconds: 5, slackMilliseconds: 500 }),
      'deviceCodes.deny': () => stores.deviceCodes.deny(another.id, at()),
      'deviceCodes.approve': () =>
        stores.deviceCodes.approve(deviceCode.id, { ...authorization, id: onDevice.family.id }, {}),
      'authorizations.redeemForDevice': () =>
        stores.authorizations.redeemForDevice(codeOfDevice('device'), at(), () => onDevice, {
          most: 5,
          isToldOfEnd: true,
        }),
      'authorizations.end': () => stores.authorizations.end(authorization.id, at()),
      'authorizations.withdraw': () => stores.authorizations.withdraw(userId, 'job', at()),
      'refreshTokens.find': () => stores.refreshTokens.find('token'),
      'refreshTokens.newestOf': () => stores.refreshTokens.newestOf(family.id),
      'refreshTokens.renew': async () =>
        stores.refreshTokens.renew({
          hash: 'token',
          successorExpiresAt: at(100),
          sessionIdleExpiresAt: at(100),
          at: at(),
          whileFeedStandsAt: await stores.revocations.latest(),
        }),
      'refreshTokens.rotate': async () =>
        stores.refreshTokens.rotate({
          hash: 'token',
          successorHash: 'successor',
          successorExpiresAt: at(100),
          sessionIdleExpiresAt: at(100),
          replay: 'sealed',
          at: at(),
          whileFeedStandsAt: await stores.revocations.latest(),
        }),
      'apiKeys.create': () => stores.apiKeys.create({ ...key, owner, lastUsedAt: null }, { most: 10 }),
      'apiKeys.findLive': () => stores.apiKeys.findLive('key', at()),
      'apiKeys.find': () => stores.apiKeys.find('key'),
      'apiKeys.list': () => stores.apiKeys.list({ owner: undefined, before: undefined, limit: 50 }),
      'apiKeys.list of an owner': () => stores.apiKeys.list({ owner, before: undefined, limit: 50 }),
      'users.list': () => stores.users.list({ before: undefined, limit: 50 }),
      'clients.page': () => stores.clients.page({ after: undefined, limit: 50 }),
      'apiKeys.listOf': () => stores.apiKeys.listOf(owner),
      'apiKeys.markUsed': () => stores.apiKeys.markUsed(key.id, at(), at(-60)),
      'apiKeys.revoke': () => stores.apiKeys.revoke(key.id, at(), owner),
      'usedJtis.use': () => stores.usedJtis.use('job', 'once', at(60)),
      'accessTokens.revoke': () => stores.accessTokens.revoke('jti', at(60), at()),
      'accessTokens.isRevoked': () => stores.accessTokens.isRevoked('jti', 'other'),
      'signingKeys.change': () =>
        stores.signingKeys.change(async () => ({
          create: [exampleKey('k1', at())],
          reschedule: [],
          compromised: [],
          remove: [],
          reseal: [],
        })),
      'mailRequests.add': () => stores.mailRequests.add({ ...request, sealed: 'sealed', recipient: 'recipient' }),
      'mailRequests.claim': () => stores.mailRequests.claim(at(), at(60)),
      'mailRequests.answer': () =>
        stores.mailRequests.answer(request, { mails: [], link: { kind: 'reset', reset: { ...reset, email } } }),
      'mailRequests.answer of a registration': async () => {
        await stores.mailRequests.add({ ...request, sealed: 'sealed', recipient: 'recipient' })
        const link = {
          kind: 'registration_again',
          email: '2@waiting.test',
          tokenHash: 'again',
          expiresAt: at(60),
        } as const
        await stores.mailRequests.answer(request, { mails: [], link })
      },
      'mails.queue': () => stores.mails.queue([exampleMail({ createdAt: at() })]),
      'mails.claim': () => stores.mails.claim(at(), at(60)),
      'mails.list': () => stores.mails.list({ state: 'dead', before: undefined, limit: 50 }),
      'mails.retry': () => stores.mails.retry(victim, at()),
      'mails.settle': () => stores.mails.settle({ id: victim, attempts: 1 }, { state: 'sent' }, at()),
      'signingKeys.list': () => stores.signingKeys.list(),
      'revocations.latest': () => stores.revocations.latest(),
      'revocations.readAfter': async () => stores.revocations.readAfter(await stores.revocations.latest()),
      'revocations.readLatest': () => stores.revocations.readLatest(25 * 60_000),
      'audit.append': () =>
        stores.audit.append([{ id: uuidv7(clock.now()), at: at(), event: 'sign_in.failed', details: {} } as never]),
      'audit.list': () => stores.audit.list({ limit: 50 }),
      'audit.list of a subject': () => stores.audit.list({ subject: victim, limit: 50 }),
      'audit.list of an event': () => stores.audit.list({ event: 'key.rotated', limit: 50 }),
      'audit.list since': () => stores.audit.list({ since: at(-60), limit: 50 }),
      'passwordResets.open': () => stores.passwordResets.open({ ...reset, tokenHash: 'later', email, at: at() }),
      'passwordResets.find': () => stores.passwordResets.find('later', at()),
      'passwordResets.use': () => stores.passwordResets.use({ tokenHash: 'later', passwordHash: 'h', at: at() }),
      'emailChanges.open': () =>
        stores.emailChanges.open({ ...moving, fromEmail: email, requestedAt: at(), expiresAt: at(60) }, 'h'),
      'emailChanges.findPending': () => stores.emailChanges.findPending('confirm', at()),
      'emailChanges.confirm': () =>
        stores.emailChanges.confirm({
          ...{ confirmHash: 'confirm', undoHash: 'undo', undoUntil: at(60) },
          ...{ formerRecipients: ['recipient'], at: at() },
        }),
      'emailChanges.findUndoable': () => stores.emailChanges.findUndoable('undo', at()),
      'emailChanges.undo': () =>
        stores.emailChanges.undo({ undoHash: 'undo', at: at(), reset: { tokenHash: 'back', expiresAt: at(60) } }),
      'invitations.open': () => stores.invitations.open(invitation),
      'invitations.find': () => stores.invitations.find('invitation', at()),
      'invitations.accept': () =>
        stores.invitations.accept('invitation', { id: invitation.id, name: 'G', passwordHash: 'h', createdAt: at() }),
      'invitations.withdraw': () => stores.invitations.withdraw(invitation.id),
      'personalData.read': () => stores.personalData.read(userId, ['recipient', 'by another secret']),
      'personalData.trail': () => stores.personalData.trail(victim, { before: undefined, limit: 50 }),
      'users.setPassword': () => stores.users.setPassword(userId, 'h2', at(), { endApiKeys: true }),
      'sessions.revoke': () => stores.sessions.revoke(session.id, 'test', at()),
      'clients.find': () => stores.clients.find('job'),
      'clients.subjectSalt': () => stores.clients.subjectSalt('salt'),
      'clients.change': () => stores.clients.change('job', { name: 'J' }),
      'clients.signingSettings': () => stores.clients.signingSettings(['authorization_code']),
      'clients.withOrigins': () => stores.clients.withOrigins(),
      'clients.setJwks': () => stores.clients.setJwks('job', { keys: [] }),
      'clients.register': () =>
        stores.clients.register(
          { ...exampleClient('registered', at()), selfRegistered: true, registrationTokenHash: 'own' },
          { most: 1_000_000, initialTokenHash: 'initial', at: at() },
        ),
      'clients.replaceRegistration': () =>
        stores.clients.replaceRegistration('registered', 'own', {
          name: 'R',
          jwks: null,
          registrationTokenHash: 'own',
        }),
      'clients.addInitialToken': () =>
        stores.clients.addInitialToken({ hash: 'another', usesLeft: 1, expiresAt: at(100) }),
      'clients.keepDocument': () =>
        stores.clients.keepDocument(
          { ...exampleClient('https://agent.example.com/id', at()), selfRegistered: true },
          { most: 1_000_000, at: at() },
        ),
      'clients.deleteUnused': () => stores.clients.deleteUnused(at(), at(), batch),
      'clients.setSecret': () => stores.clients.setSecret('job', 'h'),
      'clients.delete': () => stores.clients.delete('job'),
      'sessions.revokeAll': () => stores.sessions.revokeAll(userId, 'test', at()),
      'users.setStatus': () => stores.users.setStatus(userId, 'disabled', at(), { keepsAdministrator: true }),
      'users.setStatus again': () => stores.users.setStatus(userId, 'active', at()),
      'deletions.request': () => stores.deletions.request({ userId, provenHash: 'h2', deletesAt: at(60), at: at() }),
      'deletions.due': () => stores.deletions.due(at(), batch),
      'deletions.keep': () => stores.deletions.keep({ userId, deletesAt: at(60), at: at() }),
      'deletions.remove': () => stores.deletions.remove({ userId, at: at(), recipientsOf: () => ['recipient'] }),
      ...Object.fromEntries(
        perishable.map((kind) => [
          `housekeeping.sweep ${kind}`,
          () => stores.housekeeping.sweep(kind, at(-86_400), batch),
        ]),
      ),
    }
    const asksAll = new Set(Object.keys(calls).map((call) => call.split(/[ ]/)[0]))
    // What an operator asks for, and gets whole; what an emergency ends is all there is.
    const whole = new Set([
      'roles.list',
      'clients.list',
      'apiKeys.revokeAll',
      'logouts.onQueued',
      'mails.onQueued',
      'invitations.list',
      'mails.count',
      'revocations.onWake',
      'revocations.onChange',
    ])
    for (const [store, methods] of Object.entries(stores)) {
      for (const method of Object.keys(methods as object).filter((name) => name !== 'sweeps'))
        t.ok(asksAll.has(`${store}.${method}`) || whole.has(`${store}.${method}`), `${store}.${method} is counted`)
    }

    for (const [call, ask] of Object.entries(calls)) {
      engine.asked.length = 0
      await ask()
      const statements = engine.asked
        .splice(0)
        .filter(({ text }) => /^\s*(select|with|update|delete|insert)/i.test(text))
      t.ok(statements.length > 0, call)
      for (const statement of statements) {
        await engine.run('begin')
        // What was inserted cannot be inserted again.
        const read = await engine
          .explain(statement)
          .then(rowsRead, () => (/^\s*insert/i.test(statement.text) ? 0 : Infinity))
        await engine.run('rollback')
        t.ok(read <= maxRows, `${call} reads ${read} rows: ${statement.text.replaceAll(/\s+/g, ' ').slice(0, 120)}`)
      }
    }
  })
}
