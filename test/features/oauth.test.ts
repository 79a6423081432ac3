/** The token endpoint: how it is asked, and what it gives (RFC 6749, OAuth 2.1 §3.2). */
import { test } from 'tap'
import { backends } from '../support/backends.ts'
import { atTheEdge, basic, claimsOf, endpoints, grant, post, refuses, register } from '../support/oauth.ts'
import { bearer, startService } from '../support/service.ts'

const exchange = 'urn:ietf:params:oauth:grant-type:token-exchange'

for (const backend of backends) {
  void test(`how the OAuth endpoints are asked, on ${backend.name} stores`, async (t) => {
    const service = await startService(t, { backend })
    const client = await register(service)
    const form = { grant_type: 'client_credentials' }

    await t.test(
      'by a form sent with POST alone: JSON is invalid_request, another method 405 with Allow',
      async (t) => {
        for (const path of endpoints) {
          const asJson = await service.call(path, { method: 'POST', json: { ...form, ...client, token: 'x' } })
          refuses(t, asJson, 400, 'invalid_request', `${path} as JSON`)
          for (const method of ['GET', 'PUT', 'PATCH', 'DELETE']) {
            const answer = await service.call(path, { method })
            refuses(t, answer, 405, 'invalid_request', `${method} ${path}`)
            t.equal(answer.headers['allow'], 'OPTIONS, POST')
          }
        }
        const query = await service.call(`/oauth/token?grant_type=client_credentials`, {
          method: 'POST',
          headers: basic(client.client_id, client.client_secret),
        })
        refuses(t, query, 400, 'invalid_request', 'parameters in the address are not read')
      },
    )
    await t.test('a repeated parameter is refused, an empty one absent, an unknown one ignored', async (t) => {
      const sent = new URLSearchParams({ ...form, ...client }).toString()
      const tries = ['scope=reports%3Aread&scope=reports%3Aread', 'grant_type=refresh_token', 'x=1&x=2']
      for (const repeated of tries) {
        refuses(t, await post(service, '/oauth/token', `${sent}&${repeated}`), 400, 'invalid_request', repeated)
      }
      const answer = await post(service, '/oauth/token', `${sent}&scope=&resource=&grant_type=&unknown=1`)
      t.equal(answer.status, 200)
      t.equal(answer.json().scope, 'reports:read reports:write')
      for (const bytes of ['scope=%FF', 'scope=%zz']) {
        refuses(t, await post(service, '/oauth/token', `${sent}&${bytes}`), 400, 'invalid_request', bytes)
      }
    })
    await t.test('what is wrong with a grant is named by its code', async (t) => {
      const marker = 'evil"<script>'
      const cases: [change: Record<string, string>, error: string][] = [
        [{ grant_type: '' }, 'invalid_request'],
        [{ grant_type: marker }, 'unsupported_grant_type'],
        [{ grant_type: 'password' }, 'unsupported_grant_type'],
        [{ grant_type: 'implicit' }, 'unsupported_grant_type'],
        [{ grant_type: 'toString' }, 'unsupported_grant_type'],
        [{ grant_type: 'refresh_token', refresh_token: 'x' }, 'unauthorized_client'],
        [{ grant_type: exchange, subject_token: 'x' }, 'unauthorized_client'],
        [{ scope: 'admin' }, 'invalid_scope'],
        [{ scope: marker }, 'invalid_scope'],
        [{ scope: ' reports:read' }, 'invalid_scope'],
        [{ scope: 'x'.repeat(4_097) }, 'invalid_request'],
        [{ resource: `https://elsewhere.test/${marker}` }, 'invalid_target'],
      ]
      for (const [change, error] of cases) {
        const answer = await grant(service, client, change)
        refuses(t, answer, 400, error, JSON.stringify(change).slice(0, 60))
        t.notMatch(answer.body, 'evil')
      }
      const refresher = await register(service, { grants: ['refresh_token'] })
      refuses(t, await grant(service, refresher), 400, 'unauthorized_client')
      refuses(t, await grant(service, refresher, { grant_type: 'refresh_token' }), 400, 'invalid_request')
      const unknown = { grant_type: 'refresh_token', refresh_token: 'unknown' }
      refuses(t, await grant(service, refresher, unknown), 400, 'invalid_grant')
    })
  })

  void test(`what tokens of a client are good for, on ${backend.name} stores`, async (t) => {
    const service = await startService(t, { backend })
    const audiences = ['https://reports.example.test', 'https://files.example.test']
    const [client, wide] = [await register(service, { audiences }), await register(service)]

    await t.test('a client’s token is its own: no session, no refresh token, no ID token', async (t) => {
      const answer = await grant(service, wide, { scope: 'reports:read reports:read' })
      const { access_token, ...rest } = answer.json()
      t.same(rest, { token_type: 'Bearer', expires_in: 300, scope: 'reports:read' })
      const { jti, ...claims } = claimsOf(access_token)
      t.type(jti, 'string')
      const iat = Math.floor(service.clock.now() / 1000)
      const subject = { sub: wide.client_id, client_id: wide.client_id, scope: 'reports:read' }
      t.same(claims, { iss: service.issuer, aud: service.issuer, iat, exp: iat + 300, ...subject })
      t.equal(await atTheEdge(service, access_token), 200)
      const profile = await service.call('/api/users/me', { headers: bearer(access_token) })
      t.equal(profile.status, 403, 'a program is no person')
    })
    await t.test('the scope is named whenever there is one, also when none was asked for', async (t) => {
      const scopeOf = async (...given: Parameters<typeof grant>) => (await grant(...given)).json().scope
      t.equal(await scopeOf(service, wide), 'reports:read reports:write')
      t.equal(await scopeOf(service, wide, { scope: 'reports:write' }), 'reports:write')
      t.equal(await scopeOf(service, wide, { scope: 'reports:write reports:read' }), 'reports:write reports:read')
      const bare = (await grant(service, await register(service, { scopes: [] }))).json()
      t.same(Object.keys(bare).toSorted(), ['access_token', 'expires_in', 'token_type'])
    })
    await t.test('its audiences are those of the client, or the one resource that was asked for', async (t) => {
      const all = (await grant(service, client)).json().access_token
      t.same(claimsOf(all).aud, audiences)
      const one = (await grant(service, client, { resource: audiences[1]! })).json().access_token
      t.equal(claimsOf(one).aud, audiences[1])
      t.equal(await atTheEdge(service, one), 401, 'and it is worth nothing elsewhere')
    })
    const form = { grant_type: 'client_credentials' }
    await t.test('resource and audience may be repeated, and narrow alike', async (t) => {
      const several = await register(service, { audiences: ['mail', 'files', 'billing'] })
      const sent = new URLSearchParams({ ...form, ...several }).toString()
      const cases: [asked: string, aud: string | string[]][] = [
        ['resource=mail', 'mail'],
        ['audience=mail', 'mail'],
        ['audience=mail&audience=files', ['mail', 'files']],
        ['resource=mail&resource=files&resource=mail', ['mail', 'files']],
        ['resource=mail&audience=files', ['mail', 'files']],
        ['resource=&audience=', ['mail', 'files', 'billing']],
      ]
      for (const [asked, aud] of cases) {
        const answer = await post(service, '/oauth/token', `${sent}&${asked}`)
        t.same(claimsOf(answer.json().access_token).aud, aud, asked)
      }
      for (const asked of ['audience=other', 'audience=mail&audience=other', 'resource=mail&audience=other']) {
        refuses(t, await post(service, '/oauth/token', `${sent}&${asked}`), 400, 'invalid_target', asked)
      }
      const twenty = Array.from({ length: 21 }, () => 'resource=mail').join('&')
      refuses(t, await post(service, '/oauth/token', `${sent}&${twenty}`), 400, 'invalid_request', 'without a bound')
    })
    await t.test('an unknown grant type is told to anybody, and an answer is nobody’s to keep', async (t) => {
      const unknown = await post(service, '/oauth/token', { grant_type: 'password' })
      refuses(t, unknown, 400, 'unsupported_grant_type')
      t.equal(unknown.headers['pragma'], 'no-cache')
      t.equal((await grant(service, client)).headers['pragma'], 'no-cache')
      refuses(t, await post(service, '/oauth/token', form), 401, 'invalid_client', 'a known one is asked who it is')
    })
    await t.test('an id that many clients would send wrongly is refused when it is chosen', async (t) => {
      for (const id of ['a:b', 'a%b', 'a+b']) await t.rejects(register(service, { id }), /unencoded/, id)
      t.equal((await register(service, { id: `job.${backend.name}` })).client_id, `job.${backend.name}`)
    })
    await t.test('an unknown resource is invalid_target, by every grant', async (t) => {
      const { accessToken, refreshToken } = await service.signIn(await service.createUser())
      const exchanger = await register(service, { grants: [exchange] })
      const subject_token_type = 'urn:ietf:params:oauth:token-type:access_token'
      const exchanged = { grant_type: exchange, ...exchanger, subject_token: accessToken, subject_token_type }
      const refreshed = { grant_type: 'refresh_token', client_id: 'gatehouse', refresh_token: refreshToken }
      for (const resource of [`${service.issuer}/`, 'https://elsewhere.test', 'nonsense']) {
        refuses(t, await grant(service, client, { resource }), 400, 'invalid_target')
        refuses(t, await post(service, '/oauth/token', { ...exchanged, resource }), 400, 'invalid_target')
        refuses(t, await post(service, '/oauth/token', { ...refreshed, resource }), 400, 'invalid_target')
      }
      refuses(t, await grant(service, client, { resource: service.issuer }), 400, 'invalid_target', 'not this client’s')
      for (const good of [exchanged, refreshed]) {
        t.equal((await post(service, '/oauth/token', { ...good, resource: service.issuer })).status, 200)
      }
    })
  })
}
