/** The revocation endpoint (RFC 7009): what it ends, what it leaves alone, and that it never says more than it did. */
import postgres from 'postgres'
import { test } from 'tap'
import { unavailable } from '../../src/core/errors.ts'
import { auditRows } from '../support/audit.ts'
import { backends } from '../support/backends.ts'
import { atTheEdge, beginFamily, dead, grant, introspect, post, refuses, register } from '../support/oauth.ts'
import { bearer, type Service, startService } from '../support/service.ts'

const own = { client_id: 'gatehouse' }
const revoke = (service: Service, form: Record<string, string>) => post(service, '/oauth/revoke', form)

/** A token of each kind, by whom it may be revoked, and whether it still works: for everybody who asks, and by each door. */
async function makeTokens(service: Service) {
  const resource = await register(service)
  const isActive = async (token: string, caller = resource) => (await introspect(service, caller, token))[1].active
  const isOwner = async (headers: Record<string, string>) =>
    (await service.call('/api/users/me', { headers })).status === 200
  const user = await service.createUser()
  const { accessToken, refreshToken, cookie } = await service.signIn(user)
  const app = await register(service, { grants: ['refresh_token'] })
  const ofApp = await beginFamily(service, user, app.client_id, [])
  const ofClient: string = (await grant(service, resource)).json().access_token
  const headers = bearer(accessToken)
  const json = { name: 'Job', scopes: [] }
  const { key } = (await service.call('/api/users/me/api-keys', { method: 'POST', headers, json })).json()
  const session = await service.signIn(user)
  const wanted = { client: resource.client_id, name: 'Edge', scopes: [] }
  const keyOfClient: string = (await service.operate('POST', '/api-keys', wanted)).key
  const known = async (token: string) => [await isActive(token), (await atTheEdge(service, token)) === 200]
  return [
    {
      what: 'a refresh token',
      form: { ...own, token: refreshToken },
      works: async () => [...(await known(accessToken)), await isOwner({ cookie })],
    },
    {
      what: 'a client’s refresh token',
      form: { ...app, token: ofApp },
      works: async () => [await isActive(ofApp, app)],
    },
    {
      what: 'a user’s access token',
      form: { ...own, token: session.accessToken },
      works: async () => [...(await known(session.accessToken)), await isOwner(bearer(session.accessToken))],
    },
    { what: 'a client’s access token', form: { ...resource, token: ofClient }, works: () => known(ofClient) },
    {
      what: 'an API key',
      form: { ...own, token: key as string },
      works: async () => [...(await known(key)), await isOwner({ 'x-api-key': key })],
    },
    { what: 'a client’s API key', form: { ...resource, token: keyOfClient }, works: () => known(keyOfClient) },
  ]
}

for (const backend of backends) {
  void test(`revoking tokens on ${backend.name} stores`, async (t) => {
    const service = await startService(t, { backend })

    await t.test('every kind is dead at once, everywhere, whatever the hint; revoking again is 200 too', async (t) => {
      for (const token_type_hint of ['access_token', 'refresh_token', 'nonsense']) {
        for (const { what, form, works } of await makeTokens(service)) {
          t.notOk((await works()).includes(false), `${what} works`)
          for (let i = 0; i < 2; i++) {
            const answer = await revoke(service, { ...form, token_type_hint })
            t.match([answer.status, answer.body, answer.headers['cache-control']], [200, '', 'no-store'], what)
          }
          t.notOk((await works()).includes(true), `${what} is dead`)
        }
      }
    })
    await t.test('of parallel and repeated revocations the trail tells once', async (t) => {
      const before = (await auditRows(service)).length
      const tokens = await makeTokens(service)
      for (const { form } of tokens) {
        const answers = await Promise.all(Array.from({ length: 10 }, () => revoke(service, form)))
        t.same(new Set(answers.map(({ status }) => status)), new Set([200]))
        t.equal((await revoke(service, form)).status, 200)
      }
      const events = (await auditRows(service)).slice(before).map(({ event }) => event)
      const told = (name: string) => events.filter((event) => event === name).length
      t.same([told('session.revoked'), told('token.revoked'), told('api_key.revoked')], [2, 2, 2])
    })
    await t.test('a key that was revoked while its owner was disabled stays dead when they are back', async (t) => {
      const user = await service.createUser()
      const { accessToken } = await service.signIn(user)
      const json = { name: 'Lost', scopes: [] }
      const made = await service.call('/api/users/me/api-keys', { method: 'POST', headers: bearer(accessToken), json })
      const { key } = made.json()
      const become = (status: string) => service.operate('PUT', `/users/${user.id}/status`, { status })
      await become('disabled')
      t.equal((await revoke(service, { ...own, token: key })).status, 200)
      await become('active')
      t.equal(await atTheEdge(service, key), 401)
    })
    await t.test('one token of a client ends, and its others live', async (t) => {
      const client = await register(service)
      const [token, kept] = [(await grant(service, client)).json(), (await grant(service, client)).json()]
      await revoke(service, { ...client, token: token.access_token })
      t.same([await atTheEdge(service, token.access_token), await atTheEdge(service, kept.access_token)], [401, 200])
    })
    await t.test('a refresh token takes its session and every access token of it along', async (t) => {
      const caller = await register(service)
      const user = await service.createUser()
      const { accessToken, refreshToken, cookie } = await service.signIn(user)
      const other = await service.signIn(user)
      const refreshed = (await grant(service, own, refreshing(refreshToken))).json()
      const tokens = [accessToken, refreshed.access_token]
      for (const token of tokens) t.equal(await atTheEdge(service, token), 200)
      t.equal((await revoke(service, { ...own, token: refreshed.refresh_token })).status, 200)
      for (const token of tokens) {
        t.equal(await atTheEdge(service, token), 401)
        t.same(await introspect(service, caller, token), dead)
      }
      t.equal((await service.call('/api/users/me', { headers: { cookie } })).status, 401)
      for (const token of [refreshToken, refreshed.refresh_token]) {
        refuses(t, await grant(service, own, refreshing(token)), 400, 'invalid_grant')
      }
      t.equal(await atTheEdge(service, other.accessToken), 200, 'another sign-in of the same person goes on')
    })
    await t.test('200 for unknown and foreign tokens of every kind, and those live on', async (t) => {
      const stranger = await register(service)
      for (const token of ['unknown', 'a.b.c', 'ghk_x', '\u0000']) {
        t.equal((await revoke(service, { ...stranger, token })).status, 200, token)
      }
      for (const { what, form, works } of await makeTokens(service)) {
        const answer = await revoke(service, { ...stranger, token: form.token })
        t.match([answer.status, answer.body], [200, ''], what)
        t.notOk((await works()).includes(false), `${what} lives`)
        refuses(t, await revoke(service, { token: form.token }), 401, 'invalid_client', `${what}, by nobody`)
        t.notOk((await works()).includes(false), `${what} lives`)
      }
      refuses(t, await revoke(service, stranger), 400, 'invalid_request', 'no token')
    })
    await t.test('while any store that it needs fails the answer is 503, never 200, and a retry ends it', async (t) => {
      const gone = () => Promise.reject(unavailable(new Error('gone')))
      const { clients, refreshTokens, sessions, accessTokens, apiKeys } = service.stores
      const steps: Record<string, [store: object, method: string][]> = {
        'a refresh token': [
          [refreshTokens, 'find'],
          [sessions, 'revoke'],
        ],
        'a client’s refresh token': [
          [clients, 'find'],
          [refreshTokens, 'find'],
          [sessions, 'revoke'],
        ],
        'a user’s access token': [[accessTokens, 'revoke']],
        'a client’s access token': [[accessTokens, 'revoke']],
        'an API key': [
          [apiKeys, 'find'],
          [apiKeys, 'revoke'],
        ],
        'a client’s API key': [
          [apiKeys, 'find'],
          [apiKeys, 'revoke'],
        ],
      }
      for (const { what, form, works } of await makeTokens(service)) {
        for (const [store, method] of steps[what]!) {
          const methods = store as Record<string, unknown>
          const kept = methods[method]
          methods[method] = gone
          const answer = await revoke(service, form)
          methods[method] = kept
          refuses(t, answer, 503, 'temporarily_unavailable', `${what}: ${method} fails`)
          t.notOk((await works()).includes(false), `${what} is as it was`)
        }
        t.equal((await revoke(service, form)).status, 200, what)
        t.notOk((await works()).includes(true), `${what} is dead`)
      }
    })
    await t.test('while the feed cannot be read a token is dead at once all the same', async (t) => {
      const { revocations } = service.stores
      const { readAfter } = revocations
      for (const { what, form, works } of await makeTokens(service)) {
        t.notOk((await works()).includes(false), `${what} lives, and is remembered`)
        revocations.readAfter = () => Promise.reject(unavailable(new Error('gone')))
        t.equal((await revoke(service, form)).status, 200, what)
        t.notOk((await works()).includes(true), `${what} is dead`)
        revocations.readAfter = readAfter
      }
    })
  })
}

for (const backend of backends) {
  void test(`a token that lives long and was revoked, on ${backend.name} stores`, async (t) => {
    const day = 86_400
    const yaml = { tokens: { access_ttl_seconds: day } }
    const service = await startService(t, { backend, yaml })
    const client = await register(service)
    const tokens = [
      { form: own, token: (await service.signIn(await service.createUser())).accessToken },
      { form: client, token: (await grant(service, client)).json().access_token as string },
    ]
    const kept = (await grant(service, client)).json().access_token
    for (const { form, token } of tokens) t.equal((await revoke(service, { ...form, token })).status, 200)
    for (const passes of [600, 6 * 3_600, day - 601 - 6 * 3_600]) {
      service.clock.advance(passes)
      await service.gatehouse.maintain()
      // Whoever starts now remembers nothing.
      const others = service.backend.replica === undefined ? [] : [await startService(t, { beside: service, yaml })]
      for (const one of [service, ...others]) {
        for (const { token } of tokens) {
          t.equal(await atTheEdge(one, token), 401)
          t.same(await introspect(one, client, token), dead)
        }
        t.equal(await atTheEdge(one, kept), 200, 'as if it had not lived so long')
      }
    }
  })
}

const refreshing = (refresh_token: string) => ({ grant_type: 'refresh_token', refresh_token })

if (backends[1] !== undefined) {
  void test('a database that fails in the middle of a revocation', async (t) => {
    const service = await startService(t, { backend: backends[1]! })
    const sql = postgres(service.backend.databaseUrl!, { max: 1, onnotice: () => {} })
    t.teardown(() => sql.end())
    await sql.unsafe(`create function fail() returns trigger language plpgsql as
      $$ begin raise exception using errcode = 'disk_full'; end $$`)
    const tokens = await makeTokens(service)

    await t.test('is answered with 503, and nothing is half done: the token works by every door', async (t) => {
      // The row by which replicas learn of it is written last, in the same transaction.
      await sql.unsafe('create trigger fail before insert on revocations execute function fail()')
      for (const { what, form, works } of tokens) {
        refuses(t, await revoke(service, form), 503, 'temporarily_unavailable', what)
        t.notOk((await works()).includes(false), what)
      }
      t.notOk(
        (await auditRows(service)).some(({ event }) => /revoked/.test(event)),
        'and nothing is told of it',
      )
      t.same(await sql`select 1 from revoked_access_tokens`, [])
      t.same(await sql`select 1 from sessions where revoked_at is not null`, [])
      t.same(await sql`select 1 from refresh_families where revoked_at is not null`, [])
      t.same(await sql`select 1 from api_keys where revoked_at is not null`, [])
    })
    await t.test('and a retry ends it, as soon as the database can', async (t) => {
      await sql.unsafe('drop trigger fail on revocations')
      for (const { what, form, works } of tokens) {
        t.equal((await revoke(service, form)).status, 200, what)
        t.notOk((await works()).includes(true), what)
      }
    })
  })
}
