import tap, { test } from 'tap'
import { backends } from '../support/backends.ts'
import { type Answer, asks, bearer, type Service, startService, newClient } from '../support/service.ts'

type Assertions = Pick<typeof tap, 'equal' | 'match'>
interface Registered {
  client_id: string
  client_secret: string
}
/** RFC 6749 §5.2: neither quotes nor backslashes, and nothing that the client sent. */
const describable = /^[\x20\x21\x23-\x5b\x5d-\x7e]+$/

function register(service: Service, change: object = {}): Promise<Registered> {
  return service.operate('POST', '/clients', {
    ...newClient,
    name: 'Reports',
    scopes: ['reports:read', 'reports:write'],
    ...change,
  })
}
const basic = (id: string, secret: string) => ({
  authorization: `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`,
})
const only = ({ client_id, client_secret }: Registered) => ({ client_id, client_secret })

function post(service: Service, path: string, form: Record<string, string> | string, headers = {}): Promise<Answer> {
  return service.call(path, { method: 'POST', form, headers })
}
function grant(service: Service, client: Registered, change: Record<string, string> = {}): Promise<Answer> {
  return post(service, '/oauth/token', { grant_type: 'client_credentials', ...only(client), ...change })
}
async function introspect(service: Service, caller: Registered, token: string, hint?: string) {
  const form = { ...only(caller), token, ...(hint && { token_type_hint: hint }) }
  const answer = await post(service, '/oauth/introspect', form)
  return [answer.status, answer.json()]
}
async function atTheEdge(service: Service, token: string): Promise<number> {
  const headers = { ...asks({ path: '/reports' }), ...bearer(token) }
  return (await service.call('/forward-auth', { headers })).status
}
const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString())
const dead = [200, { active: false }]

void test('how clients authenticate and ask', async (t) => {
  const service = await startService(t)
  const client = await register(service)
  /** Asserts an error in the words of RFC 6749. */
  const refuses = (t: Assertions, answer: Answer, status: number, error: string, what = error) => {
    t.equal(answer.status, status, what)
    t.match(answer.headers['content-type'], /^application\/json/, what)
    t.equal(answer.headers['cache-control'], 'no-store', what)
    t.match(answer.json(), { error, error_description: describable }, what)
    if (status === 401) t.match(answer.headers['www-authenticate'], /^Basic /, what)
  }
  const form = { grant_type: 'client_credentials' }

  await t.test('by Basic or in the form, one at a time', async (t) => {
    const credentials = basic(client.client_id, client.client_secret)
    const answer = await post(service, '/oauth/token', form, credentials)
    t.equal(answer.status, 200)
    t.equal(answer.headers['cache-control'], 'no-store')
    t.match(answer.headers['content-type'], /^application\/json/)
    t.equal((await grant(service, client)).status, 200)
    t.equal((await post(service, '/oauth/token', { ...form, client_id: client.client_id }, credentials)).status, 200)
    const both = { ...form, ...only(client) }
    refuses(t, await post(service, '/oauth/token', both, credentials), 400, 'invalid_request')
    const other = { ...form, client_id: 'another' }
    refuses(t, await post(service, '/oauth/token', other, credentials), 400, 'invalid_request')
    refuses(t, await post(service, '/oauth/token', form), 401, 'invalid_client', 'none')
  })
  await t.test('a secret may hold any character, form-encoded inside Basic', async (t) => {
    const [id, secret] = ['odd/client:1', 'a+b%: ü&"=']
    const { createHash } = await import('node:crypto')
    await service.stores.clients.create({
      id,
      name: 'Odd',
      authMethod: 'client_secret',
      secretHash: createHash('sha256').update(secret).digest('base64url'),
      grants: ['client_credentials'],
      redirectUris: [],
      scopes: [],
      audiences: [],
      jwks: null,
      createdAt: new Date(service.clock.now()),
    })
    t.equal((await post(service, '/oauth/token', form, basic(id, secret))).status, 200)
    const plus = `${encodeURIComponent(id)}:${encodeURIComponent(secret).replaceAll('%20', '+')}`
    const authorization = `Basic ${Buffer.from(plus).toString('base64')}`
    t.equal((await post(service, '/oauth/token', form, { authorization })).status, 200, 'a space as plus')
    t.equal((await post(service, '/oauth/token', { ...form, client_id: id, client_secret: secret })).status, 200)
  })
  await t.test('an unknown client and a wrong secret get the same answer', async (t) => {
    const answers: Answer[] = []
    for (const headers of [
      basic(client.client_id, 'wrong'),
      basic('unknown', 'wrong'),
      basic('\u0000', 'wrong'),
      { authorization: 'Basic !' },
      { authorization: 'Basic bm8tY29sb24=' },
      { authorization: `Basic ${Buffer.from('%zz:x').toString('base64')}` },
      bearer('token'),
    ]) {
      const answer = await post(service, '/oauth/token', form, headers)
      refuses(t, answer, 401, 'invalid_client', headers.authorization)
      answers.push(answer)
    }
    for (const id of [client.client_id, 'unknown']) {
      answers.push(await post(service, '/oauth/token', { ...form, client_id: id, client_secret: 'wrong' }))
    }
    answers.push(await post(service, '/oauth/token', { ...form, client_id: client.client_id }))
    for (const answer of answers) t.equal(answer.body, answers[0]!.body)
  })
  await t.test('only by a form, sent with POST', async (t) => {
    for (const path of ['/oauth/token', '/oauth/introspect', '/oauth/revoke']) {
      const asJson = await service.call(path, { method: 'POST', json: { ...form, ...only(client), token: 'x' } })
      refuses(t, asJson, 400, 'invalid_request', `${path} as JSON`)
      const broken = await service.call(path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"grant_type":',
      })
      refuses(t, broken, 400, 'invalid_request', `${path} as broken JSON`)
      const plain = { method: 'POST', headers: { 'content-type': 'text/plain' }, body: 'token=x' }
      refuses(t, await service.call(path, plain), 400, 'invalid_request', `${path} as text`)
      refuses(t, await post(service, path, `${'x'.repeat(65_537)}=1`), 413, 'invalid_request', `${path} too large`)
      for (const method of ['GET', 'PUT', 'DELETE']) {
        const answer = await service.call(path, { method })
        t.equal(answer.status, 405, `${method} ${path}`)
        t.match(answer.headers['allow'], /\bPOST\b/)
        t.equal(answer.headers['cache-control'], 'no-store')
      }
    }
    const query = await service.call(`/oauth/token?grant_type=client_credentials`, {
      method: 'POST',
      headers: basic(client.client_id, client.client_secret),
    })
    refuses(t, query, 400, 'invalid_request', 'parameters in the address are not read')
  })
  await t.test('a wrong method is answered in the words of RFC 6749 too', async (t) => {
    t.match((await service.call('/oauth/token')).json(), { error: 'invalid_request', error_description: describable })
  })
  await t.test('a repeated parameter is refused, an empty one absent, an unknown one ignored', async (t) => {
    const sent = new URLSearchParams({ ...form, ...only(client) }).toString()
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
  await t.test('what is wrong with a grant is named, and nothing sent is repeated', async (t) => {
    const marker = 'evil"<script>'
    const cases: [change: Record<string, string>, error: string][] = [
      [{ grant_type: '' }, 'invalid_request'],
      [{ grant_type: marker }, 'unsupported_grant_type'],
      [{ grant_type: 'password' }, 'unsupported_grant_type'],
      [{ grant_type: 'toString' }, 'unsupported_grant_type'],
      [{ grant_type: 'refresh_token', refresh_token: 'x' }, 'unauthorized_client'],
      [{ scope: 'admin' }, 'invalid_scope'],
      [{ scope: marker }, 'invalid_scope'],
      [{ scope: ' reports:read' }, 'invalid_scope'],
      [{ scope: 'x'.repeat(2_049) }, 'invalid_request'],
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
  await t.test('a client can neither be named like a user nor like the service itself', async (t) => {
    const { id } = await service.createUser()
    for (const taken of [id, id.toUpperCase(), 'gatehouse']) await t.rejects(register(service, { id: taken }), /400/)
    await t.rejects(register(service, { public: true }), /400/, 'nor use its own credentials without having any')
  })
  await t.test('30 failures of one client from one address are the most, and others are not locked out', async (t) => {
    const [victim, other] = [await register(service), await register(service)]
    for (let i = 0; i < 30; i++) {
      const answer = await grant(service, { ...victim, client_secret: `guess-${i}` })
      if (answer.status !== 401) t.fail(`guess ${i}: ${answer.status}`)
    }
    const refused = await grant(service, { ...victim, client_secret: 'guess' })
    refuses(t, refused, 429, 'temporarily_unavailable')
    t.match(refused.headers['retry-after'], /^[1-9]\d*$/)
    t.match(refused.headers, { 'ratelimit-limit': '30', 'ratelimit-remaining': '0', 'ratelimit-reset': /^\d+$/ })
    for (const path of ['/oauth/introspect', '/oauth/revoke']) {
      t.equal((await post(service, path, { ...only(victim), token: 'x' })).status, 429, `${path} counts alike`)
    }
    t.equal((await grant(service, other)).status, 200)
    service.clock.advance(300)
    t.equal((await grant(service, victim)).status, 200)
  })
})

for (const backend of backends) {
  void test(`what tokens are good for and how they end, on ${backend.name} stores`, async (t) => {
    const service = await startService(t, { backend })
    const audiences = ['https://reports.example.test', 'https://files.example.test']
    const client = await register(service, { audiences })
    const wide = await register(service)
    const [resource, stranger] = [await register(service, { audiences: [audiences[0]] }), await register(service)]

    await t.test('a client’s token is its own: no session, no refresh token, the scope always named', async (t) => {
      const answer = await grant(service, wide, { scope: 'reports:read reports:read' })
      const { access_token, ...rest } = answer.json()
      t.same(rest, { token_type: 'Bearer', expires_in: 300, scope: 'reports:read' })
      const { jti, ...claims } = claimsOf(access_token)
      t.type(jti, 'string')
      const iat = Math.floor(service.clock.now() / 1000)
      const subject = { sub: wide.client_id, client_id: wide.client_id, scope: 'reports:read' }
      t.same(claims, { iss: service.issuer, aud: service.issuer, iat, exp: iat + 300, ...subject })
      t.equal((await grant(service, wide)).json().scope, 'reports:read reports:write')
      t.equal(await atTheEdge(service, access_token), 200)
      const profile = await service.call('/api/users/me', { headers: bearer(access_token) })
      t.equal(profile.status, 403, 'a program is no person')
    })
    await t.test('its audiences are those of the client, or the one resource that was asked for', async (t) => {
      const all = (await grant(service, client)).json().access_token
      t.same(claimsOf(all).aud, audiences)
      const one = (await grant(service, client, { resource: audiences[1]! })).json().access_token
      t.equal(claimsOf(one).aud, audiences[1])
      t.equal(await atTheEdge(service, one), 401, 'and it is worth nothing elsewhere')
      for (const beyond of [service.issuer, `${audiences[0]}/`, 'https://elsewhere.test']) {
        t.equal((await grant(service, client, { resource: beyond })).json().error, 'invalid_target', beyond)
      }
    })
    await t.test('introspection tells whom it concerns, whatever the hint', async (t) => {
      const token = (await grant(service, client)).json().access_token
      const claims = { active: true, token_type: 'Bearer', ...claimsOf(token) }
      for (const caller of [client, resource]) {
        t.same(await introspect(service, caller, token), [200, claims])
        t.same(await introspect(service, caller, token, 'refresh_token'), [200, claims])
        t.same(await introspect(service, caller, token, 'nonsense'), [200, claims])
      }
      t.same(await introspect(service, stranger, token), dead, 'not for this caller')
      const { accessToken, refreshToken } = await service.signIn(await service.createUser())
      t.match(await introspect(service, stranger, accessToken), [200, { active: true, client_id: 'gatehouse' }])
      t.same(await introspect(service, stranger, refreshToken), dead, 'a refresh token is its client’s business')
    })
    await t.test('introspection says `false`, and nothing else, of everything that is not live', async (t) => {
      const token = (await grant(service, client)).json().access_token as string
      const [header, payload, signature] = token.split('.')
      const forged = Buffer.from(JSON.stringify({ ...claimsOf(token), sub: 'other' })).toString('base64url')
      for (const odd of ['x', 'a.b.c', '..', `${header}.${forged}.${signature}`, `${header}.${payload}.`, '\u0000']) {
        t.same(await introspect(service, client, odd), dead, odd.slice(0, 10))
      }
      service.clock.advance(300)
      t.same(await introspect(service, client, token), dead, 'expired')
    })
    await t.test('introspection needs a client that can prove who it is', async (t) => {
      const open = await register(service, { grants: ['refresh_token'], public: true })
      for (const form of [{}, { client_id: open.client_id }, { client_id: 'gatehouse' }] as Record<string, string>[]) {
        const answer = await post(service, '/oauth/introspect', { ...form, token: 'x' })
        t.equal(answer.status, 401)
        t.equal(answer.json().error, 'invalid_client')
        t.match(answer.headers['www-authenticate'], /^Basic /)
      }
      const bare = await post(service, '/oauth/introspect', only(client))
      t.match([bare.status, bare.json()], [400, { error: 'invalid_request' }])
      t.equal(bare.headers['cache-control'], 'no-store')
    })
    await t.test('a revoked access token is dead at once, everywhere, and revoking again is fine', async (t) => {
      const [token, kept] = [
        (await grant(service, wide)).json().access_token,
        (await grant(service, wide)).json().access_token,
      ]
      t.same([await atTheEdge(service, token), await atTheEdge(service, kept)], [200, 200])
      for (let i = 0; i < 2; i++) {
        const answer = await post(service, '/oauth/revoke', { ...only(wide), token, token_type_hint: 'refresh_token' })
        t.match([answer.status, answer.body], [200, ''])
        t.equal(answer.headers['cache-control'], 'no-store')
      }
      t.same([await atTheEdge(service, token), await atTheEdge(service, kept)], [401, 200])
      t.same(await introspect(service, wide, token), dead)
      const { accessToken } = await service.signIn(await service.createUser())
      await post(service, '/oauth/revoke', { client_id: 'gatehouse', token: accessToken })
      t.equal((await service.call('/api/users/me', { headers: bearer(accessToken) })).status, 401)
    })
    await t.test('revoking says 200 of unknown and foreign tokens, and leaves those alone', async (t) => {
      const token = (await grant(service, wide)).json().access_token
      const { accessToken, refreshToken } = await service.signIn(await service.createUser())
      for (const foreign of [token, accessToken, refreshToken, 'unknown', 'a.b.c']) {
        t.equal((await post(service, '/oauth/revoke', { ...only(stranger), token: foreign })).status, 200)
      }
      for (const alive of [token, accessToken]) t.equal(await atTheEdge(service, alive), 200)
      const missing = await post(service, '/oauth/revoke', only(stranger))
      t.match([missing.status, missing.json()], [400, { error: 'invalid_request' }])
      const anonymous = await post(service, '/oauth/revoke', { token })
      t.match([anonymous.status, anonymous.json()], [401, { error: 'invalid_client' }])
    })
    await t.test('a revoked refresh token takes its session and every token of it along', async (t) => {
      const { accessToken, refreshToken, cookie } = await service.signIn(await service.createUser())
      t.equal(await atTheEdge(service, accessToken), 200)
      const form = { client_id: 'gatehouse', token: refreshToken, token_type_hint: 'access_token' }
      t.equal((await post(service, '/oauth/revoke', form)).status, 200)
      t.equal(await atTheEdge(service, accessToken), 401)
      t.same(await introspect(service, wide, accessToken), dead)
      t.equal((await service.call('/api/users/me', { headers: { cookie } })).status, 401)
      const again = { grant_type: 'refresh_token', client_id: 'gatehouse', refresh_token: refreshToken }
      t.match((await post(service, '/oauth/token', again)).json(), { error: 'invalid_grant' })
    })
    await t.test('a deleted client’s tokens die at once; a rotated secret ends the old one', async (t) => {
      const gone = await register(service)
      const token = (await grant(service, gone)).json().access_token
      t.equal(await atTheEdge(service, token), 200)
      const { client_secret } = await service.operate('POST', `/clients/${gone.client_id}/secret`)
      t.equal((await grant(service, gone)).json().error, 'invalid_client')
      t.equal((await grant(service, { ...gone, client_secret })).status, 200)
      await service.operate('DELETE', `/clients/${gone.client_id}`)
      t.equal(await atTheEdge(service, token), 401)
      t.same(await introspect(service, wide, token), dead)
      t.equal((await grant(service, { ...gone, client_secret })).json().error, 'invalid_client')
    })
  })
}
