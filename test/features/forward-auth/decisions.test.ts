import { test } from 'tap'
import { identityHeaderNames } from '../../../src/features/forward-auth/header-presets.ts'
import { backends } from '../../support/backends.ts'
import { asks, bearer, type Service, startService } from '../../support/service.ts'

const names = identityHeaderNames.map((name) => name.toLowerCase())

for (const backend of backends) {
  void test(`forward-auth on ${backend.name} stores`, async (t) => {
    const service = await startService(t, { backend })
    const ada = await service.createUser({ roles: ['admin', 'editor'], name: 'Ada Lovelace' })
    const bob = await service.createUser()
    const [adaIn, bobIn] = [await service.signIn(ada), await service.signIn(bob)]
    const question = (path: string, headers = {}, host?: string) =>
      service.call('/forward-auth/traefik', { headers: { ...asks({ path, ...(host && { host }) }), ...headers } })

    await t.test('a bearer token yields 200, an empty body and every identity header', async (t) => {
      const answer = await question('/reports', bearer(adaIn.accessToken))
      t.equal(answer.status, 200)
      t.equal(answer.body, '')
      t.equal(answer.headers['content-length'], '0')
      t.match(answer.headers, {
        'x-auth-subject': ada.id,
        'x-auth-kind': 'user',
        'x-auth-email': ada.email,
        'x-auth-name': 'Ada Lovelace',
        'x-auth-roles': 'admin,editor',
        'x-auth-client': 'gatehouse',
        'x-auth-level': 'aal1',
      })
      for (const name of names) t.ok(name in answer.headers, name)
    })
    await t.test('a session cookie yields the same identity', async (t) => {
      const answer = await question('/reports', { cookie: `theme=dark; ${adaIn.cookie}; lang=en` })
      t.equal(answer.status, 200)
      t.equal(answer.headers['x-auth-subject'], ada.id)
    })
    await t.test('anyone passes an open path, with every identity header empty', async (t) => {
      const answer = await question('/public/logo.png')
      t.equal(answer.status, 200)
      for (const name of names) t.equal(answer.headers[name], '', name)
    })
    await t.test('a role is required where the rule says so, and names the denial', async (t) => {
      t.equal((await question('/admin/users', bearer(adaIn.accessToken))).status, 200)
      const denied = await question('/admin/users', bearer(bobIn.accessToken))
      t.equal(denied.status, 403)
      t.equal(denied.json().code, 'forbidden')
    })
    await t.test('the first rule that matches method and path decides', async (t) => {
      const write = { ...bearer(bobIn.accessToken), 'x-forwarded-method': 'POST' }
      t.equal((await question('/read-only/x', bearer(bobIn.accessToken))).status, 200)
      t.equal((await question('/read-only/x', write)).status, 403)
      t.equal((await question('/read-only/x', { ...write, ...bearer(adaIn.accessToken) })).status, 200)
    })
    await t.test('where no rule matches, and on an unknown host, nobody passes', async (t) => {
      t.equal((await question('/elsewhere', bearer(adaIn.accessToken), 'other.example.test')).status, 403)
      t.equal((await question('/public/x', bearer(adaIn.accessToken), 'unknown.example.test')).status, 403)
    })
    await t.test('a page leads to the sign-in page and back, anything else gets 401', async (t) => {
      const page = await question('/reports?year=2026', { accept: 'text/html' })
      t.equal(page.status, 302)
      const location = new URL(String(page.headers['location']))
      t.equal(location.origin + location.pathname, `${service.issuer}/login`)
      t.equal(location.searchParams.get('return_to'), 'http://app.example.test/reports?year=2026')
      const api = await question('/reports', { accept: 'application/json' })
      t.equal(api.status, 401)
      t.match(api.headers['www-authenticate'], /^Bearer /)
      const post = await question('/reports', { accept: 'text/html', 'x-forwarded-method': 'POST' })
      t.equal(post.status, 401)
    })
    await t.test('an invalid credential never falls back to the next one', async (t) => {
      const answer = await question('/reports', { ...bearer(`${adaIn.accessToken}x`), cookie: adaIn.cookie })
      t.equal(answer.status, 401)
      t.match(answer.headers['www-authenticate'], /error="invalid_token"/)
    })
    await t.test('only a trusted peer may ask', async (t) => {
      const stranger = await startService(t, { backend, yaml: { proxies: { trusted: ['192.0.2.1/32'] } } })
      const answer = await stranger.call('/forward-auth/traefik', { headers: asks({ path: '/public/x' }) })
      t.equal(answer.status, 403)
      t.equal(answer.json().code, 'untrusted_peer')
    })
    await t.test('revocation, a withdrawn role and a disabled user act on the next request', async (t) => {
      const admin = async (headers: Record<string, string>) => (await question('/admin/', headers)).status
      const [token, cookie] = [bearer(adaIn.accessToken), { cookie: adaIn.cookie }]
      t.same([await admin(token), await admin(cookie)], [200, 200])
      await service.operate('DELETE', `/users/${ada.id}/roles/admin`)
      t.same([await admin(token), await admin(cookie)], [403, 403])
      await service.operate('PUT', `/users/${ada.id}/roles/admin`)
      t.same([await admin(token), await admin(cookie)], [200, 200])
      t.equal((await service.call('/api/auth/logout', { method: 'POST', headers: cookie })).status, 204)
      t.same([await admin(token), await admin(cookie)], [401, 401])

      const again = await service.signIn(ada)
      t.equal(await admin(bearer(again.accessToken)), 200)
      await service.operate('PUT', `/users/${ada.id}/status`, { status: 'disabled' })
      t.same([await admin(bearer(again.accessToken)), await admin({ cookie: again.cookie })], [401, 401])
    })
    await t.test('a client’s token passes as a client', async (t) => {
      const token = await clientToken(service)
      const answer = await question('/reports', bearer(token))
      t.equal(answer.status, 200)
      t.match(answer.headers, { 'x-auth-kind': 'client', 'x-auth-scopes': 'reports:read', 'x-auth-session': '' })
    })
  })
}

async function clientToken(service: Service): Promise<string> {
  const client = await service.operate('POST', '/clients', {
    name: 'Reports',
    grants: ['client_credentials'],
    redirect_uris: [],
    scopes: ['reports:read'],
    audiences: [],
    public: false,
  })
  const answer = await service.call('/oauth/token', {
    method: 'POST',
    form: {
      grant_type: 'client_credentials',
      client_id: client.client_id,
      client_secret: client.client_secret,
    },
  })
  return answer.json().access_token
}
