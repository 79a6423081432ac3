/** Introspection answers that are signed for the caller (RFC 9701), and who gets them. */
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import { test } from 'tap'
import { backends } from '../support/backends.ts'
import { asks, bearer, startService } from '../support/service.ts'

const signedType = 'application/token-introspection+jwt'

for (const backend of backends) {
  void test(`signed introspection on ${backend.name} stores`, async (t) => {
    const service = await startService(t, { backend })
    const register = () =>
      service.operate('POST', '/clients', {
        name: 'Resource',
        grants: ['client_credentials'],
        redirect_uris: [],
        scopes: ['reports:read'],
        audiences: [],
        public: false,
      })
    const [client, other] = [await register(), await register()]
    const credentials = { client_id: client.client_id, client_secret: client.client_secret }
    const introspect = (token: string, accept?: string, form: Record<string, string> = credentials) =>
      service.call('/oauth/introspect', {
        method: 'POST',
        form: { ...form, token },
        headers: accept === undefined ? {} : { accept },
      })
    const issue = async (): Promise<string> => {
      const form = { grant_type: 'client_credentials', ...credentials }
      return (await service.call('/oauth/token', { method: 'POST', form })).json().access_token
    }
    const keys = createLocalJWKSet((await service.call('/.well-known/jwks.json')).json())
    const verify = (jwt: string, audience = client.client_id) =>
      jwtVerify(jwt, keys, { issuer: service.issuer, audience, typ: 'token-introspection+jwt' })

    await t.test('the claims of a live token stand inside, and nothing of them outside', async (t) => {
      const token = await issue()
      const answer = await introspect(token, signedType)
      t.equal(answer.status, 200)
      t.equal(answer.headers['content-type'], signedType)
      t.equal(answer.headers['cache-control'], 'no-store')
      t.match(answer.headers['vary'], /\baccept\b/i)
      const { payload } = await verify(answer.body)
      const plain = (await introspect(token)).json()
      t.equal(plain.active, true)
      const iat = Math.floor(service.clock.now() / 1000)
      t.same(payload, { iss: service.issuer, aud: client.client_id, iat, token_introspection: plain })
      t.equal(decodeProtectedHeader(answer.body).typ, 'token-introspection+jwt')
      await t.rejects(verify(answer.body, other.client_id), 'it is for the caller alone')
    })
    await t.test('an inactive token is signed likewise, and says nothing more', async (t) => {
      const token = await issue()
      await service.call('/oauth/revoke', { method: 'POST', form: { ...credentials, token } })
      for (const dead of [token, 'unknown', 'a.b.c']) {
        const { payload } = await verify((await introspect(dead, signedType)).body)
        t.same(payload['token_introspection'], { active: false })
      }
    })
    await t.test('a role that was withdrawn is not told any more, whatever the token says', async (t) => {
      await service.operate('PUT', '/roles/writer', { permissions: ['reports:write'] })
      const user = await service.createUser({ roles: ['writer', 'reader'] })
      const { accessToken } = await service.signIn(user)
      t.match((await introspect(accessToken)).json(), { roles: ['writer', 'reader'], permissions: ['reports:write'] })
      await service.operate('DELETE', `/users/${user.id}/roles/writer`)
      t.match((await introspect(accessToken)).json(), { active: true, roles: ['reader'], permissions: [] })
    })
    await t.test('it is no token: neither the edge nor the API nor introspection takes it for one', async (t) => {
      const { accessToken } = await service.signIn(await service.createUser())
      const { body } = await introspect(accessToken, signedType)
      const edge = await service.call('/forward-auth', { headers: { ...asks({ path: '/' }), ...bearer(body) } })
      t.equal(edge.status, 401)
      t.equal((await service.call('/api/users/me', { headers: bearer(body) })).status, 401)
      t.same((await introspect(body)).json(), { active: false })
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
        const answer = await introspect(token, accept)
        t.equal(answer.headers['content-type'] === signedType, signed, String(accept))
        if (!signed) t.match(answer.json(), { active: true }, String(accept))
      }
    })
    await t.test('whoever fails to authenticate gets the error in JSON', async (t) => {
      const answer = await introspect('x', signedType, { ...credentials, client_secret: 'wrong' })
      t.equal(answer.status, 401)
      t.match(answer.headers['content-type'], /^application\/json/)
      t.match(answer.json(), { error: 'invalid_client' })
    })
  })
}
