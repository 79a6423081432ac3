/** Introspection: who may ask about which token, what is told (RFC 7662), and answers that are signed (RFC 9701). */
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import { test } from 'tap'
import { backends } from '../support/backends.ts'
import { atTheEdge, beginFamily, claimsOf, dead, grant, introspect, post, refuses, register } from '../support/oauth.ts'
import { bearer, startService } from '../support/service.ts'

const signedType = 'application/token-introspection+jwt'

for (const backend of backends) {
  void test(`introspection on ${backend.name} stores`, async (t) => {
    const service = await startService(t, { backend })
    const audiences = ['https://reports.example.test', 'https://files.example.test']
    const client = await register(service, { audiences })
    const [resource, stranger] = [await register(service, { audiences: [audiences[0]] }), await register(service)]

    await t.test('it tells whom it concerns, in JSON that nobody may keep, whatever the hint', async (t) => {
      const token = (await grant(service, client)).json().access_token
      const claims = { active: true, token_type: 'Bearer', ...claimsOf(token) }
      for (const caller of [client, resource]) {
        for (const hint of [undefined, 'access_token', 'refresh_token', 'nonsense']) {
          t.same(await introspect(service, caller, token, hint), [200, claims])
        }
      }
      const { headers } = await post(service, '/oauth/introspect', { ...client, token })
      t.match(headers, { 'content-type': /^application\/json/, 'cache-control': 'no-store' })
      const { accessToken } = await service.signIn(await service.createUser())
      t.match(await introspect(service, stranger, accessToken), [200, { active: true, client_id: 'gatehouse' }])
    })
    await t.test('it finds a refresh token whatever the hint, for its own client alone', async (t) => {
      const own = await register(service, { grants: ['refresh_token'] })
      const user = await service.createUser()
      const token = await beginFamily(service, user, own.client_id, ['reports:read'])
      const told = { active: true, token_type: 'refresh_token', sub: user.id, client_id: own.client_id }
      for (const hint of [undefined, 'access_token', 'refresh_token', 'nonsense']) {
        t.match(await introspect(service, own, token, hint), [200, told])
        t.same(await introspect(service, stranger, token, hint), dead)
      }
    })
    await t.test('of whatever is not live, or not for the caller, it says `false` and nothing else', async (t) => {
      const token = (await grant(service, client)).json().access_token as string
      t.same(await introspect(service, stranger, token), dead, 'of another audience')
      const { refreshToken } = await service.signIn(await service.createUser())
      t.same(await introspect(service, stranger, refreshToken), dead, 'a refresh token of another client')
      const [header, payload, signature] = token.split('.')
      const forged = Buffer.from(JSON.stringify({ ...claimsOf(token), sub: 'other' })).toString('base64url')
      for (const odd of ['x', 'a.b.c', '..', `${header}.${forged}.${signature}`, `${header}.${payload}.`, '\u0000']) {
        t.same(await introspect(service, client, odd), dead, odd.slice(0, 10))
      }
      const revoked = (await grant(service, client)).json().access_token as string
      await post(service, '/oauth/revoke', { ...client, token: revoked })
      t.same(await introspect(service, client, revoked), dead, 'revoked')
      const own = await register(service, { grants: ['refresh_token'] })
      const [used, idle] = await Promise.all(
        [0, 1].map(async () => beginFamily(service, await service.createUser(), own.client_id, [])),
      )
      const rotated = await grant(service, own, { grant_type: 'refresh_token', refresh_token: used! })
      t.equal(rotated.status, 200)
      t.same(await introspect(service, own, used!), dead, 'a refresh token that was used')
      t.match(await introspect(service, own, rotated.json().refresh_token), [200, { active: true }])
      service.clock.advance(299)
      t.match(await introspect(service, client, token), [200, { active: true }])
      service.clock.advance(1)
      t.same(await introspect(service, client, token), dead, 'expired')
      t.match(await introspect(service, own, idle!), [200, { active: true }])
      service.clock.advance(86_400)
      t.same(await introspect(service, own, idle!), dead, 'an expired refresh token')
    })
    await t.test('a refresh token is as dead as its session that went idle, whenever it expires itself', async (t) => {
      const own = await register(service, { grants: ['refresh_token'] })
      const user = await service.createUser()
      const json = { email: user.email, password: user.password, remember: false }
      const { access_token } = (await service.call('/api/auth/login', { method: 'POST', json })).json()
      const token = await beginFamily(service, user, own.client_id, [], claimsOf(access_token).sid)
      service.clock.advance(3_599)
      t.match(await introspect(service, own, token), [200, { active: true }])
      service.clock.advance(1)
      t.same(await introspect(service, own, token), dead)
    })
    await t.test('whoever does not prove to be a client gets 401, also by name alone', async (t) => {
      const open = await register(service, { grants: ['refresh_token'], public: true })
      const forms: Record<string, string>[] = [
        {},
        { client_id: open.client_id },
        { client_id: 'gatehouse' },
        { ...client, client_secret: 'wrong' },
        { client_id: 'unknown', client_secret: 'wrong' },
      ]
      const token = (await grant(service, client)).json().access_token
      for (const form of forms) {
        refuses(t, await post(service, '/oauth/introspect', { ...form, token }), 401, 'invalid_client')
      }
      const byToken = await post(service, '/oauth/introspect', { token }, bearer(token))
      refuses(t, byToken, 401, 'invalid_client', 'a token proves no client')
      refuses(t, await post(service, '/oauth/introspect', client), 400, 'invalid_request', 'no token')
    })
  })

  void test(`signed introspection on ${backend.name} stores`, async (t) => {
    const service = await startService(t, { backend })
    const [client, other] = [await register(service), await register(service)]
    const ask = (token: string, accept?: string, form: Record<string, string> = { ...client }) =>
      service.call('/oauth/introspect', {
        method: 'POST',
        form: { ...form, token },
        headers: accept === undefined ? {} : { accept },
      })
    const issue = async (): Promise<string> => {
      return (await grant(service, client)).json().access_token
    }
    const keys = createLocalJWKSet((await service.call('/.well-known/jwks.json')).json())
    const verify = (jwt: string, audience = client.client_id) =>
      jwtVerify(jwt, keys, { issuer: service.issuer, audience, typ: 'token-introspection+jwt' })

    await t.test('the claims of a live token stand inside, and nothing of them outside', async (t) => {
      const token = await issue()
      const answer = await ask(token, signedType)
      t.equal(answer.status, 200)
      t.equal(answer.headers['content-type'], signedType)
      t.equal(answer.headers['cache-control'], 'no-store')
      t.match(answer.headers['vary'], /\baccept\b/i)
      const { payload } = await verify(answer.body)
      const plain = (await ask(token)).json()
      t.equal(plain.active, true)
      const iat = Math.floor(service.clock.now() / 1000)
      t.same(payload, { iss: service.issuer, aud: client.client_id, iat, token_introspection: plain })
      t.equal(decodeProtectedHeader(answer.body).typ, 'token-introspection+jwt')
      await t.rejects(verify(answer.body, other.client_id), 'it is for the caller alone')
    })
    await t.test('an inactive token is signed likewise, and says nothing more', async (t) => {
      const token = await issue()
      await post(service, '/oauth/revoke', { ...client, token })
      for (const dead of [token, 'unknown', 'a.b.c']) {
        const { payload } = await verify((await ask(dead, signedType)).body)
        t.same(payload['token_introspection'], { active: false })
      }
    })
    await t.test('a role that was withdrawn is not told any more, whatever the token says', async (t) => {
      await service.operate('PUT', '/roles/writer', { permissions: ['reports:write'] })
      const user = await service.createUser({ roles: ['writer', 'reader'] })
      const { accessToken } = await service.signIn(user)
      t.match((await ask(accessToken)).json(), { roles: ['writer', 'reader'], permissions: ['reports:write'] })
      await service.operate('DELETE', `/users/${user.id}/roles/writer`)
      t.match((await ask(accessToken)).json(), { active: true, roles: ['reader'], permissions: undefined })
    })
    await t.test('it is no token: neither the edge nor the API nor introspection takes it for one', async (t) => {
      const { accessToken } = await service.signIn(await service.createUser())
      const { body } = await ask(accessToken, signedType)
      t.equal(await atTheEdge(service, body), 401)
      t.equal((await service.call('/api/users/me', { headers: bearer(body) })).status, 401)
      t.same((await ask(body)).json(), { active: false })
    })
    await t.test('who names it and likes it at least as much as JSON gets it; everybody else gets JSON', async (t) => {
      const token = await issue()
      const cases: [accept: string | undefined, signed: boolean][] = [
        [undefined, false],
        ['*/*', false],
        ['application/*', false],
        ['application/json', false],
        ['text/html', false],
        [signedType.toUpperCase(), true],
        [`${signedType}, application/json`, true],
        [`application/json, ${signedType}`, true],
        [`${signedType};q=0.5, application/json`, false],
        [`${signedType};q=0.9, application/json;q=0.8`, true],
        [`${signedType};q=0.5, */*`, false],
        [`${signedType}, */*;q=0.1`, true],
        [`${signedType};q=0.5, application/*;q=0.9, */*;q=0.1`, false],
        [`${signedType};q=0`, false],
        [`${signedType};q=high`, false],
        [`${signedType}; q=1.000 , application/json;q=0`, true],
      ]
      for (const [accept, signed] of cases) {
        const answer = await ask(token, accept)
        t.equal(answer.headers['content-type'] === signedType, signed, String(accept))
        if (!signed) t.match(answer.json(), { active: true }, String(accept))
      }
    })
    await t.test('whoever fails to authenticate gets the error in JSON', async (t) => {
      const answer = await ask('x', signedType, { ...client, client_secret: 'wrong' })
      t.equal(answer.status, 401)
      t.match(answer.headers['content-type'], /^application\/json/)
      t.match(answer.json(), { error: 'invalid_client' })
    })
  })
}
