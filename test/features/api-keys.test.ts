/** API keys of people and programs: what they open, what they never do, and how they end. */
import { test } from 'tap'
import { isApiKey, makeApiKey } from '../../src/core/api-key.ts'
import { auditRows } from '../support/audit.ts'
import { backends } from '../support/backends.ts'
import { asks, bearer, type Service, type SignedIn, startService, newClient } from '../support/service.ts'

const path = '/api/users/me/api-keys'
const rules = [
  { paths: ['/reports/**'], allow: { permissions: ['reports:read'] } },
  { paths: ['/scoped/**'], allow: { scopes: ['reports:read'] } },
  { paths: ['/admin/**'], allow: { roles: ['reader'] } },
  { paths: ['/vault/**'], allow: { level: 'aal2' } },
  { paths: ['/users/{id}/**'], allow: { owner: 'id' } },
  { allow: 'signed-in' },
]
const yaml = {
  hosts: { 'app.example.test': { rules }, 'files.example.test': { audience: 'files', rules } },
  proxies: { basic: true },
}

const make = (service: Service, { accessToken }: SignedIn, body: object = {}) =>
  service.call(path, { method: 'POST', headers: bearer(accessToken), json: { name: 'Job', scopes: [], ...body } })
const edge = (service: Service, headers: Record<string, string | string[]>, path = '/', host = 'app.example.test') =>
  service.call('/forward-auth', { headers: { ...asks({ path, host }), ...headers } })
const status = async (...given: Parameters<typeof edge>) => (await edge(...given)).status
const basic = (id: string, secret: string) => ({
  authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
})
const inDays = (service: Service, days: number) => new Date(service.clock.now() + days * 86_400_000).toISOString()
const register = (service: Service, change: object = {}) =>
  service.operate('POST', '/clients', {
    ...newClient,
    name: 'Reports',
    scopes: ['reports:read', 'reports:write'],
    ...change,
  })

void test('the form of an API key lets scanners find it, and a typo costs no look-up', async (t) => {
  const key = makeApiKey()
  t.match(key, /^ghk_[A-Za-z0-9_-]{49}$/)
  t.ok(isApiKey(key))
  t.notOk(isApiKey(`${key} `))
  t.notOk(isApiKey(''))
  for (let at = 0; at < key.length; at++) {
    const other = key[at] === 'A' ? 'B' : 'A'
    if (isApiKey(key.slice(0, at) + other + key.slice(at + 1))) t.fail(`a mistake at ${at}`)
  }
  const service = await startService(t)
  let looks = 0
  const find = service.stores.apiKeys.findLive
  service.stores.apiKeys.findLive = (...given) => (looks++, find(...given))
  for (const odd of [key.slice(0, -1), `${key}x`, 'ghk_', `${key}, ${key}`, key.toUpperCase(), 'another-product-key']) {
    t.equal(await status(service, { 'x-api-key': odd }), 401, odd)
    t.equal(await status(service, bearer(odd)), 401, odd)
  }
  t.equal(await status(service, { 'x-api-key': [key, key] }), 401, 'two at once')
  t.equal(looks, 0)
  t.equal(await status(service, { 'x-api-key': key }), 401, 'well-formed, but nobody’s')
  t.equal(looks, 1)
})

for (const backend of backends) {
  void test(`API keys on ${backend.name} stores`, async (t) => {
    const service = await startService(t, { backend, yaml })
    await service.operate('PUT', '/roles/reader', { permissions: ['reports:read', 'files:read'] })
    const ada = await service.createUser({ roles: ['reader'], name: 'Ada Lovelace' })
    const signedIn = await service.signIn(ada)
    const caller = await register(service)
    const introspect = async (token: string, client = caller) => {
      const form = { token, client_id: client.client_id, client_secret: client.client_secret }
      return (await service.call('/oauth/introspect', { method: 'POST', form })).json()
    }

    await t.test('a key is shown once, when it is made; the list tells everything else', async (t) => {
      const expires = new Date(service.clock.now() + 86_400_000).toISOString()
      const answer = await make(service, signedIn, { name: 'Nightly', scopes: ['reports:read'], expires_at: expires })
      t.equal(answer.status, 201)
      t.equal(answer.headers['cache-control'], 'no-store')
      const { key, ...shown } = answer.json()
      t.ok(isApiKey(key))
      t.match(shown, { name: 'Nightly', scopes: ['reports:read'], expires_at: expires, last_used_at: null })
      const list = await service.call(path, { headers: bearer(signedIn.accessToken) })
      t.same(list.json(), [shown])
      t.equal(list.headers['cache-control'], 'no-store')
      t.notMatch(list.body, key)
      const other = await service.signIn(await service.createUser())
      t.same((await service.call(path, { headers: bearer(other.accessToken) })).json(), [], 'one’s own alone')
      const remove = (who: SignedIn) =>
        service.call(`${path}/${shown.id}`, { method: 'DELETE', headers: bearer(who.accessToken) })
      t.match((await remove(other)).json(), { status: 404, code: 'not_found' }, 'nobody ends another’s key')
      t.equal((await remove(signedIn)).status, 204)
      t.equal((await remove(signedIn)).status, 404)
      t.same((await service.call(path, { headers: bearer(signedIn.accessToken) })).json(), [])
    })
    await t.test('what is wrong with a request for a key is named', async (t) => {
      const cases: [body: object, path: string][] = [
        [{ scopes: ['reports:read', 'reports:write'] }, '/body/scopes'],
        [{ scopes: ['reader'] }, '/body/scopes'],
        [{ expires_at: new Date(service.clock.now()).toISOString() }, '/body/expires_at'],
        [{ expires_at: '2099-13-01T00:00:00Z' }, '/body/expires_at'],
        [{ expires_at: '2098-12-31T23:59:60Z' }, '/body/expires_at'],
        [{ expires_at: '9999-12-31T23:59:59-01:00' }, '/body/expires_at'],
        [{ expires_at: '0000-01-01T00:00:00+01:00' }, '/body/expires_at'],
        [{ expires_at: 4_000_000_000 }, '/body/expires_at'],
        [{ name: '' }, '/body/name'],
        [{ name: 'a\u0000b' }, '/body/name'],
        [{ scopes: 'reports:read' }, '/body/scopes'],
        [{ roles: ['admin'] }, '/body/roles'],
      ]
      for (const [body, at] of cases) {
        const answer = await make(service, signedIn, body)
        t.match([answer.status, answer.json()], [400, { code: 'invalid_request', errors: [{ path: at }] }], at)
      }
      t.match((await service.call(path, { method: 'POST', json: {} })).json(), { status: 401 })
      const odd = await service.call(`${path}/x`, { method: 'DELETE', headers: bearer(signedIn.accessToken) })
      t.equal(odd.status, 404)
    })
    await t.test('forward-auth takes a key as bearer token and as X-API-Key, for its owner', async (t) => {
      const { key } = (await make(service, signedIn, { scopes: ['reports:read'] })).json()
      for (const headers of [bearer(key), { authorization: `bearer ${key}` }, { 'x-api-key': key }]) {
        const answer = await edge(service, headers)
        t.equal(answer.status, 200)
        t.match(answer.headers, {
          'x-auth-subject': ada.id,
          'x-auth-kind': 'user',
          'x-auth-email': ada.email,
          'x-auth-roles': '',
          'x-auth-scopes': 'reports:read',
          'x-auth-client': 'gatehouse',
          'x-auth-session': '',
          'x-auth-level': 'aal1',
        })
        const assertion = String(answer.headers['x-auth-assertion']).split('.')[1]!
        const claims = JSON.parse(Buffer.from(assertion, 'base64url').toString())
        t.match(claims, { sub: ada.id, acr: 'aal1', amr: ['key'], permissions: ['reports:read'], roles: undefined })
        t.notOk('sid' in claims)
      }
    })
    await t.test('a key passes by its scopes alone: no role, no second factor, nothing its owner lost', async (t) => {
      const { key } = (await make(service, signedIn, { scopes: ['reports:read'] })).json()
      const bare = (await make(service, signedIn)).json().key
      const passes = (key: string, path: string) => status(service, { 'x-api-key': key }, path)
      t.same([await passes(key, '/reports/1'), await passes(bare, '/reports/1')], [200, 403])
      t.same([await passes(key, '/scoped/1'), await passes(bare, '/scoped/1')], [200, 403])
      t.equal(await status(service, bearer(signedIn.accessToken), '/admin/'), 200, 'the person holds the role')
      t.equal(await passes(key, '/admin/'), 403)
      const vault = await edge(service, { 'x-api-key': key }, '/vault/')
      t.match([vault.status, vault.json().code], [401, 'insufficient_user_authentication'])
      t.same([await passes(bare, `/users/${ada.id}/x`), await passes(bare, '/users/another/x')], [200, 403])
      await service.operate('PUT', '/roles/reader', { permissions: ['files:read'] })
      t.equal(await passes(key, '/reports/1'), 403, 'withdrawn: at once')
      await service.operate('PUT', '/roles/reader', { permissions: ['reports:read', 'files:read'] })
      t.equal(await passes(key, '/reports/1'), 200)
    })
    await t.test(
      'the first credential decides: Bearer, Basic, X-API-Key, cookie; none makes up for another',
      async (t) => {
        const { key } = (await make(service, signedIn)).json()
        const { client_id: id, client_secret: secret } = caller
        const cookie = { cookie: signedIn.cookie }
        const who = async (headers: Record<string, string>) => (await edge(service, headers)).headers['x-auth-subject']
        t.equal(await who({ ...bearer(key), 'x-api-key': 'bad', cookie: 'gatehouse=bad' }), ada.id)
        t.equal(await who({ ...basic(id, secret), 'x-api-key': key, ...cookie }), id)
        t.equal(await who({ 'x-api-key': key, cookie: 'gatehouse=bad' }), ada.id)
        t.equal(await status(service, { ...bearer('ghk_bad'), 'x-api-key': key, ...cookie }), 401)
        t.equal(await status(service, { ...bearer(makeApiKey()), 'x-api-key': key, ...cookie }), 401)
        t.equal(await status(service, { ...basic(id, 'bad'), 'x-api-key': key, ...cookie }), 401)
        for (const bad of ['ghk_', 'ghk_bad', makeApiKey()]) {
          t.equal(await status(service, { 'x-api-key': bad, ...cookie }), 401, `X-API-Key ${bad.slice(0, 4)}`)
        }
      },
    )
    await t.test('the service’s own API takes a key to say who it is, and for nothing that changes', async (t) => {
      const { key, id } = (await make(service, signedIn, { scopes: ['reports:read'] })).json()
      for (const headers of [bearer(key), { 'x-api-key': key }] as Record<string, string>[]) {
        t.match((await service.call('/api/users/me', { headers })).json(), { id: ada.id })
        const calls: [method: string, path: string, json?: object][] = [
          ['PATCH', '/api/users/me', { name: 'Mallory' }],
          ['GET', path],
          ['POST', path, { name: 'More', scopes: [] }],
          ['DELETE', `${path}/${id}`],
        ]
        for (const [method, path, json] of calls) {
          const answer = await service.call(path, { method, headers, ...(json && { json }) })
          t.match([answer.status, answer.json().code], [403, 'forbidden'], `${method} ${path}`)
          t.match(answer.json().detail, /^A program cannot do this/, 'and why')
        }
        t.equal((await service.call('/api/auth/logout', { method: 'POST', headers })).status, 204)
      }
      const told = (await auditRows(service)).filter(({ event }) => event === 'administration.refused')
      t.same(told, [], 'none of it is administration, and none is told of as that')
      t.equal((await service.call('/api/users/me', { headers: bearer(signedIn.accessToken) })).status, 200)
      for (const bad of [makeApiKey(), 'ghk_x', '']) {
        const headers = { 'x-api-key': bad, cookie: signedIn.cookie }
        const answer = await service.call('/api/users/me', { headers })
        t.match([answer.status, answer.json().code], [401, 'invalid_access_token'])
      }
    })
    await t.test('revoked, expired, or its owner disabled: refused by every door on the next request', async (t) => {
      const doors = async (key: string) => [
        await status(service, { 'x-api-key': key }),
        await status(service, bearer(key)),
        (await service.call('/api/users/me', { headers: bearer(key) })).status,
        (await introspect(key)).active,
      ]
      const [open, closed] = [
        [200, 200, 200, true],
        [401, 401, 401, false],
      ]
      const bob = await service.createUser()
      const asBob = await service.signIn(bob)
      const revoked = (await make(service, asBob)).json()
      t.same(await doors(revoked.key), open)
      await service.call(`${path}/${revoked.id}`, {
        method: 'DELETE',
        headers: { cookie: asBob.cookie, origin: service.issuer },
      })
      t.same(await doors(revoked.key), closed, 'revoked')
      const byOperator = (await make(service, asBob)).json()
      t.same(await doors(byOperator.key), open)
      await service.operate('DELETE', `/api-keys/${byOperator.id}`)
      t.same(await doors(byOperator.key), closed, 'revoked by the operator')
      const leaked = (await make(service, asBob)).json().key
      t.same(await doors(leaked), open)
      const form = { client_id: 'gatehouse', token: leaked, token_type_hint: 'refresh_token' }
      for (let i = 0; i < 2; i++) t.equal((await service.call('/oauth/revoke', { method: 'POST', form })).status, 200)
      t.same(await doors(leaked), closed, 'revoked by whoever found it')
      const expires_at = new Date(service.clock.now() + 30_000).toISOString()
      const brief = (await make(service, asBob, { expires_at })).json().key
      t.same(await doors(brief), open)
      service.clock.advance(30)
      t.same(await doors(brief), closed, 'expired')
      const last = (await make(service, asBob)).json().key
      t.same(await doors(last), open)
      await service.operate('PUT', `/users/${bob.id}/status`, { status: 'disabled' })
      t.same(await doors(last), closed, 'the owner is disabled')
      await service.operate('PUT', `/users/${bob.id}/status`, { status: 'active' })
      t.same(await doors(last), open, 'and nothing else ended it')
      const [password, end_api_keys] = ['seven quiet otters juggle lanterns', true]
      const change = (body: object) => service.operate('PUT', `/users/${bob.id}/password`, body)
      t.match(await change({ password }), { ended_api_keys: 0, api_keys_left: 1 })
      t.same(await doors(last), open, 'nor does a new password, unless it is asked to')
      t.match(await change({ password: `${password} twice`, end_api_keys }), { ended_api_keys: 1, api_keys_left: 0 })
      t.same(await doors(last), closed)
      const told = { event: 'api_keys.ended', subject: bob.id, details: { reason: 'password_changed', ended: 1 } }
      t.match(
        (await auditRows(service)).findLast(({ event }) => event === told.event),
        told,
      )
    })
    await t.test('a client’s key has its scopes and audiences, and dies with it', async (t) => {
      const client = await register(service, { audiences: ['files'] })
      const wanted = { client: client.client_id, name: 'Edge', scopes: ['reports:read'] }
      const { key, id, ...shown } = await service.operate('POST', '/api-keys', wanted)
      const expires_at = inDays(service, 90)
      t.match(shown, { owner: client.client_id, name: 'Edge', scopes: ['reports:read'], expires_at })
      await t.rejects(service.operate('POST', '/api-keys', { ...wanted, expires_at: null }), /400.*allow_unlimited/)
      await t.rejects(service.operate('POST', '/api-keys', { ...wanted, scopes: ['admin'] }), /400.*scopes/)
      await t.rejects(service.operate('POST', '/api-keys', { ...wanted, client: 'unknown' }), /404/)
      const answer = await edge(service, { 'x-api-key': key }, '/', 'files.example.test')
      t.equal(answer.status, 200)
      t.match(answer.headers, {
        'x-auth-kind': 'client',
        'x-auth-subject': client.client_id,
        'x-auth-scopes': 'reports:read',
      })
      t.equal(await status(service, { 'x-api-key': key }), 401, 'of another audience')
      t.equal((await service.call('/api/users/me', { headers: bearer(key) })).status, 403, 'a program is no person')
      const stranger = await register(service)
      const told = {
        active: true,
        sub: client.client_id,
        aud: 'files',
        scope: 'reports:read',
        jti: id,
        iss: service.issuer,
      }
      t.match(await introspect(key, client), { ...told, token_type: 'Bearer' })
      t.same(await introspect(key, stranger), { active: false }, 'not for this caller')
      const foreign = { client_id: stranger.client_id, client_secret: stranger.client_secret, token: key }
      t.equal((await service.call('/oauth/revoke', { method: 'POST', form: foreign })).status, 200)
      t.match(await introspect(key, client), { active: true }, 'nor revoked by another')
      await service.operate('DELETE', `/clients/${client.client_id}`)
      t.equal(await status(service, { 'x-api-key': key }, '/', 'files.example.test'), 401)
      await t.rejects(service.operate('GET', `/api-keys?client=${client.client_id}`), /404/)
    })
    await t.test('one look-up cold and none warm, and the last use is noted beside it, once a minute', async (t) => {
      const { key, id } = (await make(service, signedIn)).json()
      let looks = 0
      const marks: Promise<void>[] = []
      const { findLive, markUsed } = service.stores.apiKeys
      service.stores.apiKeys.findLive = (...given) => (looks++, findLive(...given))
      service.stores.apiKeys.markUsed = (...given) => {
        const mark = markUsed(...given)
        marks.push(mark)
        return mark
      }
      t.teardown(() => Object.assign(service.stores.apiKeys, { findLive, markUsed }))
      const used = async () => {
        await Promise.all(marks)
        const list = (await service.call(path, { headers: { cookie: signedIn.cookie } })).json()
        return list.find((one: { id: string }) => one.id === id).last_used_at
      }
      for (let i = 0; i < 20; i++) await edge(service, { 'x-api-key': key })
      t.same([looks, marks.length], [1, 1])
      const first = new Date(service.clock.now()).toISOString()
      t.equal(await used(), first)
      service.clock.advance(59)
      await edge(service, { 'x-api-key': key })
      t.same([looks, await used()], [1, first])
      service.clock.advance(2)
      await edge(service, bearer(key))
      t.same([looks, marks.length, await used()], [2, 2, new Date(service.clock.now()).toISOString()])
      for (const [seconds, seen] of [
        [59.999, 2],
        [0.001, 3],
      ] as const) {
        service.clock.advance(seconds)
        await edge(service, bearer(key))
        t.equal(looks, seen, 'it is looked up once a minute')
      }
      service.stores.apiKeys.markUsed = () => Promise.reject(new Error('the store is gone'))
      service.clock.advance(61)
      t.equal(await status(service, { 'x-api-key': key }), 200, 'no request waits or fails for it')
    })
    await t.test(
      'Basic: a client’s secret counts at once or not, is known warm, and stops when it is rotated',
      async (t) => {
        const client = await register(service)
        const headers = basic(client.client_id, client.client_secret)
        const answer = await edge(service, headers)
        t.equal(answer.status, 200)
        t.match(answer.headers, { 'x-auth-kind': 'client', 'x-auth-scopes': 'reports:read reports:write' })
        const { find } = service.stores.clients
        service.stores.clients.find = () => Promise.reject(new Error('not warm'))
        t.equal(await status(service, headers), 200, 'without a look-up')
        service.stores.clients.find = find
        const { client_secret } = await service.operate('POST', `/clients/${client.client_id}/secret`)
        t.equal(await status(service, headers), 401, 'rotated')
        t.equal(await status(service, basic(client.client_id, client_secret)), 200)
        for (const [id, secret] of [
          ['gatehouse', ''],
          ['unknown', 'x'],
          [client.client_id, ''],
        ] as const) {
          t.equal(await status(service, basic(id, secret)), 401, id)
        }
        for (let i = 0; i < 30; i++) await edge(service, basic(caller.client_id, `guess-${i}`))
        t.equal(await status(service, basic(caller.client_id, 'guess')), 429)
        const asked = {
          ...asks({ path: '/' }),
          'x-original-method': 'GET',
          'x-original-url': 'http://app.example.test/reports',
        }
        const throughNginx = { headers: { ...asked, ...basic(caller.client_id, 'guess') } }
        t.equal((await service.call('/forward-auth/nginx', throughNginx)).status, 403, 'which nginx could not digest')
        t.notMatch(service.logged(), /forward_auth\.(failed|outage)/, 'a limit is no fault')
        t.equal(await status(service, basic(client.client_id, client_secret)), 200, 'others are not locked out')
      },
    )
  })
}

void test('Basic is refused unless it is switched on', async (t) => {
  const service = await startService(t)
  const { client_id, client_secret } = await register(service)
  t.equal(await status(service, basic(client_id, client_secret)), 401)
})
