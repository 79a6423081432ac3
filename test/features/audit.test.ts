/** The audit trail: each security event is one row and one log line, and neither costs a request its time. */
import { generateKeyPairSync } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import postgres from 'postgres'
import { test } from 'tap'
import { createRulesLook } from '../../src/cli/watch-rules.ts'
import { makeApiKey } from '../../src/core/api-key.ts'
import { auditEvents } from '../../src/audit-events.ts'
import { unavailable } from '../../src/core/errors.ts'
import type { AuditRow } from '../../src/core/records/audit-event.ts'
import { createAuditTrail } from '../../src/features/audit-log/trail.ts'
import {
  addedRows,
  auditLinesOf,
  auditRows,
  eventsOfAccounts,
  eventsOfDirectories,
  eventsOfFactors,
  eventsOfOtherDomains,
  eventsOfLogoutTokens,
  eventsOfDevices,
  eventsOfPrograms,
  eventsOfRegistrations,
  eventsOfProviders,
} from '../support/audit.ts'
import { backends, hasServers } from '../support/backends.ts'
import { scratchFolder } from '../support/servers.ts'
import { asks, bearer, createClock, type Service, startService } from '../support/service.ts'
import { startStopwatch, until } from '../support/patience.ts'

const post = (service: Service, path: string, json: object, headers = {}) =>
  service.call(path, { method: 'POST', json, headers })
const told = (rows: AuditRow[]) => rows.map(({ event, subject }) => `${event} ${subject ?? '-'}`)

for (const backend of backends) {
  void test(`the audit trail on ${backend.name} stores`, async (t) => {
    const yaml = {
      limits: {
        requests_per_minute: 100_000,
        secret_tests_per_minute: 100_000,
        failures_per_account: 2,
        refreshes_per_minute: 20,
      },
      proxies: { basic: true },
    }
    const service = await startService(t, { backend, yaml })
    const adds = (act: () => Promise<unknown>) => addedRows(service, act)

    await t.test('the first start tells of its keys, by the service itself', async (t) => {
      const rows = await auditRows(service)
      t.ok(rows.length > 0)
      for (const row of rows)
        t.match(row, { event: 'key.created', actor: 'system', ip: null, details: { kid: String } })
    })
    await t.test('sign-in, failures, the limit and sign-out: who, from where, in which request', async (t) => {
      const ada = await service.createUser()
      const wrong = { email: ada.email, password: 'a wrong guess' }
      let requestId = ''
      const rows = await adds(async () => {
        const { cookie } = await service.signIn(ada)
        const failed = await post(service, '/api/auth/login', wrong)
        requestId = String(failed.headers['x-request-id'])
        for (let i = 0; i < 4; i++) await post(service, '/api/auth/login', wrong)
        await post(service, '/api/auth/login', { email: 'nobody@example.test', password: 'nothing' })
        await service.call('/api/auth/logout', { method: 'POST', headers: { cookie } })
      })
      t.same(told(rows), [
        `sign_in.succeeded ${ada.id}`,
        `sign_in.failed ${ada.id}`,
        `sign_in.failed ${ada.id}`,
        `sign_in.limited ${ada.id}`,
        'sign_in.failed -',
        `session.revoked ${ada.id}`,
      ])
      const [succeeded, failed, , limited, unknown, revoked] = rows
      t.match(succeeded, { ip: '127.0.0.1', requestId: String, sessionId: String, details: { methods: ['pwd'] } })
      t.match(failed, { ip: '127.0.0.1', requestId, actor: null, details: { reason: 'wrong_password' } })
      t.same(limited!.details, { scope: 'account', limit: 2 })
      t.same(unknown!.details, { reason: 'unknown_account' })
      t.notMatch(JSON.stringify(rows), 'nobody@example.test', 'what was typed for an unknown account is kept nowhere')
      t.match(revoked, { sessionId: succeeded!.sessionId, clientId: 'gatehouse', details: { reason: 'logged_out' } })
    })
    await t.test('a right password of a disabled account: whose, and that it was that', async (t) => {
      const ada = await service.createUser()
      await service.operate('PUT', `/users/${ada.id}/status`, { status: 'disabled' })
      const { email, password } = ada
      const rows = await adds(() => post(service, '/api/auth/login', { email, password }))
      t.same(told(rows), [`sign_in.failed ${ada.id}`])
      t.match(rows, [{ subject: ada.id, actor: null, details: { reason: 'user_disabled' } }])
    })
    await t.test('a refresh, its retry and its reuse', async (t) => {
      const ada = await service.createUser()
      const { refreshToken } = await service.signIn(ada)
      const refresh = () => post(service, '/api/auth/refresh', { refresh_token: refreshToken })
      const rows = await adds(async () => {
        await refresh()
        await refresh()
        service.clock.advance(11)
        await Promise.all([refresh(), refresh(), refresh()])
        await refresh()
      })
      t.same(told(rows).toSorted(), [
        `refresh.replayed ${ada.id}`,
        `refresh.reused ${ada.id}`,
        `refresh.rotated ${ada.id}`,
        `session.revoked ${ada.id}`,
      ])
      const reused = rows.find(({ event }) => event === 'refresh.reused')
      t.match(reused, { clientId: 'gatehouse', sessionId: String, details: { subtype: 'previous', age_seconds: 11 } })
    })
    await t.test('what operators do to roles, clients and keys', async (t) => {
      await service.createUser({ roles: ['reader'] })
      const client = { name: 'Job', grants: ['client_credentials'], redirect_uris: [], scopes: ['a:b'], audiences: [] }
      let [id, signs] = ['', '']
      const rows = await adds(async () => {
        await service.operate('PUT', '/roles/reader', { permissions: ['reports:read'] })
        await service.operate('DELETE', '/roles/reader')
        await t.rejects(service.operate('DELETE', '/roles/reader'), /404 .*There is no such role\. There are: admin/)
        id = (await service.operate('POST', '/clients', { ...client, public: false })).client_id
        await service.operate('POST', `/clients/${id}/secret`)
        await service.operate('DELETE', `/clients/${id}`)
        await service.operate('POST', '/keys/rewrap')
        const jwk = () => generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' })
        const signer = { ...client, public: false, jwks: { keys: [jwk()] } }
        signs = (await service.operate('POST', '/clients', signer)).client_id
        await service.operate('PUT', `/clients/${signs}/jwks`, { jwks: { keys: [jwk()] } })
      })
      t.same(
        rows.map(({ event, clientId }) => [event, clientId]),
        [
          ['role.defined', null],
          ['role.deleted', null],
          ['client.created', id],
          ['client.secret_rotated', id],
          ['client.deleted', id],
          ['key.rewrapped', null],
          ['client.created', signs],
          ['client.keys_replaced', signs],
        ],
      )
      for (const row of rows) t.match(row, { actor: 'operator', ip: null, requestId: String })
      t.same(rows[0]!.details, { role: 'reader', permissions: ['reports:read'] })
      t.same(rows[1]!.details, { role: 'reader', users: 1 })
      t.same(rows[2]!.details, { grants: ['client_credentials'], scopes: ['a:b'] })
    })
    await t.test('rotated keys, and compromised ones', async (t) => {
      const rows = await adds(async () => {
        await service.operate('POST', '/keys/rotate', { compromised: false })
        await service.operate('POST', '/keys/rotate', { compromised: true })
      })
      const events = new Set(rows.map(({ event }) => event))
      t.same([...events].toSorted(), ['key.compromised', 'key.created', 'key.promoted', 'key.rotated'])
    })
    await t.test('a client that fails to authenticate, and a token that it revokes', async (t) => {
      const client = { name: 'Job', grants: ['client_credentials'], redirect_uris: [], scopes: [], audiences: [] }
      const { client_id, client_secret } = await service.operate('POST', '/clients', { ...client, public: false })
      const ask = (path: string, form: Record<string, string>) => service.call(path, { method: 'POST', form })
      const grant = { grant_type: 'client_credentials' }
      const rows = await adds(async () => {
        await ask('/oauth/token', { ...grant, client_id, client_secret: 'a wrong one' })
        await ask('/oauth/token', { ...grant, client_id: 'nobody-knows-this', client_secret: 'x' })
        const { access_token } = (await ask('/oauth/token', { ...grant, client_id, client_secret })).json()
        await ask('/oauth/revoke', { token: access_token, client_id, client_secret })
      })
      t.match(rows, [
        {
          event: 'client_auth.failed',
          ...{ clientId: client_id, ip: '127.0.0.1', requestId: String, details: { reason: 'secret' } },
        },
        { event: 'client_auth.failed', clientId: null, details: { reason: 'unknown_client' } },
        { event: 'token.revoked', clientId: client_id, subject: client_id, details: { token_id: String } },
      ])
    })
    await t.test('an API key, made and revoked; and a failure at introspection', async (t) => {
      const client = { name: 'Job', grants: ['client_credentials'], redirect_uris: [], scopes: ['a:b'], audiences: [] }
      const { client_id } = await service.operate('POST', '/clients', { ...client, public: false })
      let made = { id: '', key: '' }
      const rows = await adds(async () => {
        made = await service.operate('POST', '/api-keys', { client: client_id, name: 'Scanner', scopes: ['a:b'] })
        await service.operate('DELETE', `/api-keys/${made.id}`)
        const form = { token: made.key, client_id, client_secret: 'a wrong one' }
        await service.call('/oauth/introspect', { method: 'POST', form })
      })
      t.match(rows, [
        {
          event: 'api_key.created',
          clientId: client_id,
          actor: 'operator',
          details: { key_id: made.id, scopes: ['a:b'] },
        },
        { event: 'api_key.revoked', details: { key_id: made.id } },
        { event: 'client_auth.failed', clientId: client_id, actor: null, ip: '127.0.0.1', requestId: String },
      ])
      t.notMatch(JSON.stringify(rows), made.key)
    })
    await t.test(
      'secrets that fail at the edge and at the API: from whose address, and never what was shown',
      async (t) => {
        const client = { name: 'Job', grants: ['client_credentials'], redirect_uris: [], scopes: [], audiences: [] }
        const { client_id } = await service.operate('POST', '/clients', { ...client, public: false })
        const key = makeApiKey()
        const basic = `Basic ${Buffer.from(`${client_id}:a wrong one`).toString('base64')}`
        const from = (ip: string) => ({ 'x-forwarded-for': ip })
        const rows = await adds(async () => {
          const question = asks({ path: '/' })
          await service.call('/forward-auth', { headers: { ...question, authorization: basic } })
          await service.call('/forward-auth', { headers: { ...question, 'x-api-key': key } })
          await service.call('/api/users/me', { headers: { ...bearer(key), ...from('2001:db8::7') } })
          await service.call('/api/users/me', { headers: bearer('ghk_mistyped') })
        })
        const nobody = { actor: null, subject: null, details: {} }
        t.match(rows, [
          {
            event: 'client_auth.failed',
            clientId: client_id,
            ip: '203.0.113.7',
            ...nobody,
            details: { reason: 'secret' },
          },
          { event: 'api_key.failed', ip: '203.0.113.7', ...nobody },
          { event: 'api_key.failed', ip: '2001:db8::7', ...nobody },
        ])
        t.equal(rows.length, 3)
        t.notMatch(service.logged(), key)
      },
    )
    await t.test(
      'each token exchange: for whom, by whom, and for what; a client’s own tokens leave no row',
      async (t) => {
        const grant = 'urn:ietf:params:oauth:grant-type:token-exchange'
        const calendar = await service.operate('POST', '/clients', {
          ...{ name: 'Calendar', grants: [grant, 'client_credentials'], redirect_uris: [], public: false },
          ...{ scopes: ['a:b'], audiences: ['calendar', 'mail'] },
        })
        const { client_id, client_secret } = calendar
        const ask = async (form: Record<string, string>) =>
          (await service.call('/oauth/token', { method: 'POST', form: { client_id, client_secret, ...form } })).json()
        const ada = await service.createUser()
        const { accessToken } = await service.signIn(ada)
        const claims = JSON.parse(Buffer.from(accessToken.split('.')[1]!, 'base64url').toString())
        const exchange = { grant_type: grant, subject_token_type: 'urn:ietf:params:oauth:token-type:access_token' }
        const rows = await adds(async () => {
          await ask({ ...exchange, subject_token: accessToken, audience: 'mail' })
          await ask({ ...exchange, subject_token: accessToken, audience: 'elsewhere' })
          const { access_token: subject_token } = await ask({ grant_type: 'client_credentials' })
          await ask({ ...exchange, subject_token })
        })
        const whole = { audiences: ['calendar', 'mail'], scopes: ['a:b'] }
        const byWhom = {
          event: 'token.exchanged',
          clientId: client_id,
          ip: '127.0.0.1',
          requestId: String,
          actor: null,
        }
        t.match(rows, [
          {
            ...byWhom,
            ...{ subject: ada.id, sessionId: claims.sid },
            details: { subject_token_id: claims.jti, audiences: ['mail'], scopes: [] },
          },
          { ...byWhom, subject: client_id, sessionId: null, details: whole },
        ])
        t.equal(rows.length, 2)
      },
    )
    await t.test(
      'access rules that are replaced, and a file that is refused with its faults, by the service itself',
      async (t) => {
        const file = join(scratchFolder(t), 'gatehouse.yaml')
        const startedWith = { unreadable: 'ENOENT' }
        const { audit } = service.gatehouse
        const look = createRulesLook({
          path: file,
          issuer: service.issuer,
          startedWith,
          apply: async () => {},
          audit,
          log: pino({ level: 'silent' }),
        })
        const rows = await adds(async () => {
          writeFileSync(file, 'hosts:\n  app.example.test:\n    rules:\n      - allow: signed-in\n')
          t.same([await look(), await look()], ['settling', 'applied'])
          writeFileSync(file, 'hosts: nonsense\n')
          t.same([await look(), await look()], ['settling', 'refused'])
        })
        t.match(rows, [
          { event: 'rules.replaced', actor: 'system', ip: null },
          { event: 'rules.refused', actor: 'system', details: { faults: [/^gatehouse\.yaml:1:/] } },
        ])
      },
    )
    await t.test('a person’s own change has that person as its actor', async (t) => {
      const ada = await service.createUser()
      const { accessToken } = await service.signIn(ada)
      const json = { name: 'Job', scopes: [] }
      const rows = await adds(() => post(service, '/api/users/me/api-keys', json, bearer(accessToken)))
      t.match(rows, [{ event: 'api_key.created', subject: ada.id, actor: ada.id, ip: '127.0.0.1' }])
    })
    await t.test('a proof within a session, and refreshes beyond the pace', async (t) => {
      const ada = await service.createUser()
      const { accessToken, refreshToken } = await service.signIn(ada)
      const rows = await adds(async () => {
        for (const password of ['not the password', ada.password]) {
          await post(service, '/api/auth/step-up', { password }, bearer(accessToken))
        }
        for (let i = 0, refresh_token = refreshToken; i <= 20; i++) {
          const answer = await post(service, '/api/auth/refresh', { refresh_token })
          refresh_token = answer.json().refresh_token
        }
      })
      const told = rows.filter(({ event }) => event !== 'refresh.rotated')
      t.match(told, [
        { event: 'step_up.failed', sessionId: String, details: { reason: 'wrong_password' } },
        { event: 'step_up.succeeded', sessionId: String, details: { methods: ['pwd'] } },
        { event: 'refresh.limited', sessionId: String, details: { limit: 20 } },
      ])
      t.equal(rows.length - told.length, 20)
      for (const row of rows) t.equal(row.subject, ada.id)
    })
    await t.test('whoever asks for administration and may not', async (t) => {
      const eve = await service.createUser()
      const { accessToken } = await service.signIn(eve)
      const rows = await adds(() => service.call('/api/admin/users', { headers: bearer(accessToken) }))
      t.match(rows, [
        {
          event: 'administration.refused',
          subject: eve.id,
          ip: '127.0.0.1',
          details: { permission: 'gatehouse:users:read' },
        },
      ])
    })
    await t.test('no event is left out here, nor in the operator’s guide', async (t) => {
      const told = new Set((await auditRows(service)).map(({ event }) => event))
      const ofWaysIn = { ...eventsOfFactors, ...eventsOfProviders, ...eventsOfDirectories, ...eventsOfOtherDomains }
      const elsewhere = {
        ...eventsOfAccounts,
        ...ofWaysIn,
        ...eventsOfPrograms,
        ...eventsOfLogoutTokens,
        ...eventsOfRegistrations,
      }
      const others = Object.keys(auditEvents).filter(
        (event) => !Object.hasOwn(elsewhere, event) && !eventsOfDevices.includes(event),
      )
      t.same(
        others.filter((event) => !told.has(event)),
        [],
      )
      const guide = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8')
      const table = guide.split('\n').filter((line) => line.startsWith('| `'))
      for (const event of Object.keys(auditEvents))
        t.ok(
          table.some((line) => line.split(' | ')[0]!.includes(`\`${event}\``)),
          event,
        )
    })
    await t.test('every row has its log line, with the same name and fields', async (t) => {
      const rows = await auditRows(service)
      const lines = auditLinesOf(service)
      const inLine = ['event', 'sub', 'client_id', 'sid', 'ip', 'request_id']
      t.same(
        rows.map((row) => [row.event, row.subject, row.clientId, row.sessionId, row.ip, row.requestId]),
        lines.map((line) => inLine.map((name) => line[name] ?? null)),
      )
      t.equal(new Set(rows.map(({ id }) => id)).size, rows.length)
    })
    await t.test('what happened just before the stop is written by it', async (t) => {
      const last = await startService(t, { backend })
      const ada = await last.createUser()
      await last.signIn(ada)
      await last.gatehouse.close()
      const stores = last.backend.replica === undefined ? last.stores : await last.backend.replica()
      const [newest] = await stores.audit.list({ limit: 1 })
      if (stores !== last.stores) await stores.close()
      t.match(newest, { event: 'sign_in.succeeded', subject: ada.id })
    })
  })
}

if (hasServers) {
  void test('no row of the audit trail is ever changed', async (t) => {
    const service = await startService(t, { backend: backends[1]! })
    await auditRows(service)
    const sql = postgres(service.backend.databaseUrl!, { max: 1 })
    t.teardown(() => sql.end())
    await t.rejects(sql`update audit_events set actor = 'nobody'`, { message: 'audit events are never changed' })
  })
  void test('while rows cannot be written requests are answered as always, and each row is there afterwards, once', async (t) => {
    const service = await startService(t, { backend: backends[1]! })
    const ada = await service.createUser()
    await auditRows(service)
    const sql = postgres(service.backend.databaseUrl!, { max: 1 })
    t.teardown(() => sql.end())
    const { promise: released, resolve: release } = Promise.withResolvers<void>()
    const held = Promise.withResolvers<void>()
    const lock = sql.begin(async (tx) => {
      await tx`lock table audit_events in access exclusive mode`
      held.resolve()
      await released
    })
    await held.promise
    const times: number[] = []
    for (let i = 0; i < 20; i++) {
      const stopwatch = startStopwatch()
      await service.signIn(ada)
      times.push(stopwatch.milliseconds())
      await new Promise((later) => setTimeout(later, 20))
    }
    t.ok(Math.max(...times) < 2_000, `the slowest sign-in took ${Math.round(Math.max(...times))} ms`)
    await until('the log tells of it', () => service.logged().includes('"event":"audit.unwritable"'))
    release()
    await lock
    const rows = await auditRows(service)
    t.equal(rows.filter(({ event }) => event === 'sign_in.succeeded').length, 20)
    await until('its end is told', () => service.logged().includes('"event":"audit.recovered","lost":0'))
  })
}

void test('in a long outage rows wait up to a bound; how many were lost is told once', async (t) => {
  const written: string[] = []
  let down = true
  const lines: string[] = []
  const log = pino({}, { write: (line: string) => void lines.push(line) })
  const trail = createAuditTrail({
    events: auditEvents,
    store: {
      async append(rows) {
        if (down) throw unavailable(new Error('down'))
        written.push(...rows.map(({ subject }) => subject!))
      },
    },
    clock: createClock(),
    log,
    tell: (level, fields, message) => log[level](fields, message),
    origin: () => undefined,
    bound: 10,
  })
  for (let i = 0; i < 25; i++) trail.record({ event: 'user.enabled', subject: `user-${i}` })
  await until('the first try failed', () => lines.some((line) => line.includes('audit.unwritable')))
  t.equal(lines.filter((line) => line.includes('audit.overflow')).length, 1)
  t.equal(lines.filter((line) => line.includes('"user.enabled"')).length, 25, 'the log has all of them')
  down = false
  await until('it has recovered', () => lines.some((line) => line.includes('audit.recovered')))
  t.match(lines.at(-1), /"lost":15/)
  t.same(
    written,
    Array.from({ length: 10 }, (_, i) => `user-${i}`),
  )
  trail.record({ event: 'user.enabled', subject: 'later\0\ud800' })
  await trail.close()
  t.equal(written.at(-1), 'later\ufffd', 'in a form that every store can hold')
})
