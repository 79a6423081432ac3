/** Authorization server metadata (RFC 8414): what it says is true, whole and usable as it stands. */
import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify, SignJWT, UnsecuredJWT } from 'jose'
import { test } from 'tap'
import { backends } from '../support/backends.ts'
import { basic, claimsOf, introspect, post, register } from '../support/oauth.ts'
import { browserOf } from '../support/openid.ts'
import { freePort } from '../support/servers.ts'
import { asks, bearer, metadataOf, type Service, startService, withoutContent } from '../support/service.ts'

const path = '/.well-known/oauth-authorization-server'
const clientAssertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code'
const exchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange'
const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token'
const signedType = 'application/token-introspection+jwt'
const callback = 'https://app.example.test/callback'
const everyGrant = {
  grants: ['client_credentials', 'authorization_code', 'refresh_token', deviceGrant, exchangeGrant],
  redirect_uris: [callback],
}

const told = async (service: Service) => (await service.call(path)).json()

/** Asks an address that the metadata names, as it stands there. */
async function ask(url: string, form?: Record<string, string>, headers: Record<string, string> = {}) {
  const answer = await fetch(url, { headers, ...(form && { method: 'POST', body: new URLSearchParams(form) }) })
  const text = await answer.text()
  return { status: answer.status, text, json: () => JSON.parse(text) }
}

/** Keys for signatures, by the name of an algorithm that they are registered for. */
const kinds = {
  RS256: generateKeyPairSync('rsa', { modulusLength: 2_048 }),
  PS256: generateKeyPairSync('rsa', { modulusLength: 2_048 }),
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  ES384: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  EdDSA: generateKeyPairSync('ed25519'),
  Ed25519: generateKeyPairSync('ed25519'),
}
type Kind = keyof typeof kinds
const jwks = {
  keys: Object.entries(kinds).map(([kid, { publicKey }]) =>
    Object.assign(publicKey.export({ format: 'jwk' }), { kid }),
  ),
}
const sign = (claims: Record<string, unknown>, kid: Kind, alg: string = kid, key = kinds[kid].privateKey) =>
  new SignJWT(claims).setProtectedHeader({ alg, kid }).sign(key)

for (const backend of backends) {
  void test(`authorization server metadata on ${backend.name} stores`, async (t) => {
    const port = await freePort()
    const environment = { GATEHOUSE_ISSUER: `http://localhost:${port}` }
    const service = await startService(t, { backend, port, environment })
    const { issuer } = service
    const answer = await service.call(path)
    const metadata = answer.json()
    const endpoints = {
      token: metadata.token_endpoint,
      introspection: metadata.introspection_endpoint,
      revocation: metadata.revocation_endpoint,
    } as const
    const pushing: string = metadata.pushed_authorization_request_endpoint
    const claims = (id: string, change = {}) => {
      const now = Math.floor(service.clock.now() / 1000)
      return { iss: id, sub: id, aud: issuer, iat: now, exp: now + 60, jti: randomUUID(), ...change }
    }
    const asserted = (client_assertion: string) => ({ client_assertion, client_assertion_type: clientAssertionType })
    const form = { grant_type: 'client_credentials', token: 'unknown' }

    await t.test('it says what there is, and nothing else', (t) => {
      const methods = ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none']
      const algorithms = ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA', 'Ed25519']
      t.same(metadata, {
        issuer,
        token_endpoint: `${issuer}/oauth/token`,
        token_endpoint_auth_methods_supported: methods,
        token_endpoint_auth_signing_alg_values_supported: algorithms,
        grant_types_supported: everyGrant.grants,
        authorization_endpoint: `${issuer}/oauth/authorize`,
        userinfo_endpoint: `${issuer}/oauth/userinfo`,
        end_session_endpoint: `${issuer}/oauth/logout`,
        backchannel_logout_supported: true,
        backchannel_logout_session_supported: true,
        response_types_supported: ['code'],
        response_modes_supported: ['query', 'form_post', 'jwt', 'query.jwt', 'form_post.jwt'],
        code_challenge_methods_supported: ['S256'],
        authorization_response_iss_parameter_supported: true,
        scopes_supported: ['openid', 'profile', 'email', 'groups', 'offline_access'],
        subject_types_supported: ['public', 'pairwise'],
        id_token_signing_alg_values_supported: ['RS256', 'ES256', 'PS256', 'EdDSA'],
        userinfo_signing_alg_values_supported: ['RS256', 'ES256', 'PS256', 'EdDSA'],
        authorization_signing_alg_values_supported: ['RS256', 'ES256', 'PS256', 'EdDSA'],
        claims_supported: [
          ...['sub', 'name', 'preferred_username', 'locale', 'email', 'email_verified', 'groups', 'iss', 'aud', 'azp'],
          ...['exp', 'iat', 'auth_time', 'nonce', 'acr', 'amr', 'sid', 'at_hash'],
        ],
        acr_values_supported: ['aal1', 'aal2'],
        prompt_values_supported: ['none', 'login', 'consent', 'select_account', 'create'],
        claims_parameter_supported: true,
        request_parameter_supported: true,
        request_object_signing_alg_values_supported: algorithms,
        require_signed_request_object: false,
        request_uri_parameter_supported: false,
        jwks_uri: `${issuer}/.well-known/jwks.json`,
        introspection_endpoint: `${issuer}/oauth/introspect`,
        introspection_endpoint_auth_methods_supported: methods.slice(0, 3),
        introspection_endpoint_auth_signing_alg_values_supported: algorithms,
        introspection_signing_alg_values_supported: ['ES256'],
        pushed_authorization_request_endpoint: `${issuer}/oauth/par`,
        require_pushed_authorization_requests: false,
        device_authorization_endpoint: `${issuer}/oauth/device_authorization`,
        revocation_endpoint: `${issuer}/oauth/revoke`,
        revocation_endpoint_auth_methods_supported: methods,
        revocation_endpoint_auth_signing_alg_values_supported: algorithms,
        dpop_signing_alg_values_supported: algorithms,
        service_documentation: `${issuer}/docs`,
      })
      t.end()
    })
    await t.test('clients may keep it, any web page may read it, and a current copy is confirmed', async (t) => {
      const { etag, ...headers } = answer.headers
      t.equal(answer.status, 200)
      t.match(headers, {
        'content-type': /^application\/json/,
        'cache-control': 'public, max-age=300',
        'access-control-allow-origin': '*',
      })
      t.equal(headers['set-cookie'], undefined)
      const again = await service.call(path, { headers: { 'if-none-match': String(etag) } })
      t.match([again.status, again.body, again.headers['etag']], [304, '', etag])
      t.same(metadataOf(again), withoutContent(answer))
      t.equal((await service.call(path, { headers: { 'if-none-match': '"older"' } })).status, 200)
      const head = await service.call(path, { method: 'HEAD' })
      t.match([head.status, head.body, head.headers['etag']], [200, '', etag])
      t.equal((await service.call(path, { method: 'POST' })).status, 405)
    })
    await t.test('the issuer is, byte for byte, the iss of everything that is signed or introspected', async (t) => {
      const client = await register(service, everyGrant)
      const user = await service.signIn(await service.createUser())
      const own = (await ask(endpoints.token, { ...form, ...client })).json().access_token
      const subject = { subject_token: user.accessToken, subject_token_type: accessTokenType }
      const exchanged = await ask(endpoints.token, { grant_type: exchangeGrant, ...client, ...subject })
      const edge = await service.call('/forward-auth', { headers: { ...asks({ path: '/' }), ...bearer(own) } })
      const signed = await ask(endpoints.introspection, { ...client, token: own }, { accept: signedType })
      const all: Record<string, string> = {
        'a person’s token': user.accessToken,
        'a client’s': own,
        'an exchanged one': exchanged.json().access_token,
        'an identity assertion': String(edge.headers['x-auth-assertion']),
        'a signed introspection': signed.text,
      }
      for (const [what, token] of Object.entries(all)) t.equal(claimsOf(token).iss, metadata.issuer, what)
      const [, introspection] = await introspect(service, client, own)
      t.equal(introspection.iss, metadata.issuer)
    })
    await t.test(
      'a client that knows the issuer alone gets a token, and its resource server verifies it',
      async (t) => {
        const { client_id, client_secret } = await register(service)
        const found = (await ask(`${issuer}${path}`)).json()
        t.equal(found.issuer, issuer, 'RFC 8414 §3.3')
        const credentials = basic(client_id, client_secret)
        const got = await ask(found.token_endpoint, { grant_type: 'client_credentials' }, credentials)
        const { payload } = await jwtVerify(got.json().access_token, createRemoteJWKSet(new URL(found.jwks_uri)), {
          ...{ issuer: found.issuer, typ: 'at+jwt', currentDate: new Date(service.clock.now()) },
        })
        t.equal(payload['client_id'], client_id)
      },
    )
    await t.test('every address in it answers its method, and no other one', async (t) => {
      const client = await register(service, { grants: [...everyGrant.grants], redirect_uris: [callback] })
      const devices = metadata.device_authorization_endpoint
      for (const url of [...Object.values(endpoints), devices]) {
        t.equal((await ask(url, { ...form, ...client })).status, 200, `POST ${url}`)
        t.equal((await ask(url)).status, 405, `GET ${url}`)
      }
      const documents: Record<string, RegExp> = {
        [metadata.jwks_uri]: /^\{"keys":\[\{/,
        [metadata.service_documentation]: /<html/i,
      }
      for (const [url, content] of Object.entries(documents)) {
        const got = await ask(url)
        t.equal(got.status, 200, url)
        t.match(got.text, content)
        t.not((await ask(url, {})).status, 200, `POST ${url}`)
      }
      // Those of browsers and of people have tests of their own (openid.test.ts).
      const others = [
        metadata.authorization_endpoint,
        metadata.userinfo_endpoint,
        metadata.end_session_endpoint,
        pushing,
      ]
      for (const url of others) t.not((await ask(url)).status, 404, url)
      const asked = new Set([issuer, devices, ...Object.values(endpoints), ...Object.keys(documents), ...others])
      const named = Object.values(metadata).filter((value) => typeof value === 'string')
      t.same(new Set(named), asked, 'there is none that was not asked')
    })
    await t.test('OpenID Connect’s discovery finds the same', async (t) => {
      const found = await service.call('/.well-known/openid-configuration')
      t.same([found.status, found.json()], [200, metadata])
    })
    await t.test('endpoints that it does not name do not exist', async (t) => {
      for (const method of ['GET', 'POST']) t.equal((await service.call('/oauth/bc-authorize', { method })).status, 404)
    })
    await t.test('nor does one that is off take anything', async (t) => {
      const registration = await service.call('/oauth/register', { method: 'POST', json: { redirect_uris: [] } })
      t.match([registration.status, registration.json().error], [400, 'access_denied'])
    })
    await t.test('each grant that it names gives tokens, any other is refused', async (t) => {
      const client = await register(service, everyGrant)
      const ada = await service.createUser()
      const user = await service.signIn(ada)
      const deviceCode = async () => {
        const asked = (await ask(metadata.device_authorization_endpoint, client)).json()
        const browser = browserOf(service)
        await browser.signIn(ada)
        const page = await browser.visit(asked.verification_uri_complete)
        await browser.fillIn(await browser.fillIn(page, {}), { answer: 'allow' })
        return asked.device_code as string
      }
      const codeOf = async (client_id: string) => {
        await service.operate('PUT', `/clients/${client_id}`, { first_party: true })
        const asked = new URLSearchParams({ client_id, response_type: 'code', scope: 'reports:read' })
        const headers = { cookie: user.cookie }
        const { headers: led } = await service.call(`/oauth/authorize?${String(asked)}`, { headers })
        return new URL(String(led['location'])).searchParams.get('code')!
      }
      const requests: Record<string, Record<string, string>> = {
        client_credentials: client,
        authorization_code: { ...client, redirect_uri: callback, code: await codeOf(client.client_id) },
        refresh_token: { client_id: 'gatehouse', refresh_token: user.refreshToken },
        [deviceGrant]: { ...client, device_code: await deviceCode() },
        [exchangeGrant]: { ...client, subject_token: user.accessToken, subject_token_type: accessTokenType },
      }
      t.same(Object.keys(requests), metadata.grant_types_supported)
      for (const [grant_type, request] of Object.entries(requests)) {
        const got = await ask(endpoints.token, { grant_type, ...request })
        t.match([got.status, got.json()], [200, { access_token: String, token_type: 'Bearer' }], grant_type)
      }
      const urn = 'urn:ietf:params:oauth:grant-type'
      const unnamed = ['password', 'implicit', 'Client_Credentials', 'constructor', '__proto__']
      const more = ['jwt-bearer', 'saml2-bearer', 'pre-authorized_code'].map((name) => `${urn}:${name}`)
      const given = { code: 'x', username: 'x', password: 'x', device_code: 'x', assertion: 'x' }
      for (const grant_type of [...unnamed, ...more, 'urn:openid:params:grant-type:ciba']) {
        const refused = await ask(endpoints.token, { grant_type, ...client, ...given })
        t.match([refused.status, refused.json()], [400, { error: 'unsupported_grant_type' }], grant_type)
      }
    })
    await t.test('each way to authenticate that it names works where it is named, and nowhere else', async (t) => {
      const [secret, keyed] = [await register(service), await register(service, { jwks })]
      const byName = async () => {
        const { refreshToken } = await service.signIn(await service.createUser())
        return { client_id: 'gatehouse', grant_type: 'refresh_token', refresh_token: refreshToken }
      }
      type Sent = [form: Record<string, string>, headers?: Record<string, string>]
      const ways: Record<string, () => Promise<Sent>> = {
        client_secret_basic: async () => [{}, basic(secret.client_id, secret.client_secret)],
        client_secret_post: async () => [{ ...secret }],
        private_key_jwt: async () => [asserted(await sign(claims(keyed.client_id), 'ES256'))],
        none: async () => [await byName()],
        client_secret_jwt: async () => {
          const by = new TextEncoder().encode(secret.client_secret)
          const jwt = new SignJWT(claims(secret.client_id)).setProtectedHeader({ alg: 'HS256' })
          return [asserted(await jwt.sign(by))]
        },
        tls_client_auth: async () => [{ client_id: secret.client_id }],
        self_signed_tls_client_auth: async () => [{ client_id: keyed.client_id }],
        'a bearer token': async () => [
          {},
          bearer((await ask(endpoints.token, { ...form, ...secret })).json().access_token),
        ],
      }
      for (const [name, url] of Object.entries(endpoints)) {
        const named: string[] = metadata[`${name}_endpoint_auth_methods_supported`]
        for (const [way, send] of Object.entries(ways)) {
          const [given, headers] = await send()
          const got = await ask(url, { ...form, ...given }, headers)
          if (named.includes(way)) t.equal(got.status, 200, `${way} at ${name}`)
          else t.match([got.status, got.json()], [401, { error: 'invalid_client' }], `${way} at ${name}`)
        }
        t.notOk(
          named.some((way) => !(way in ways)),
          'each one was tried',
        )
        const query = new URLSearchParams({ ...secret })
        t.equal((await ask(`${url}?${query.toString()}`, form)).status, 401, `a secret in the address of ${name}`)
      }
    })
    await t.test('assertions count by each algorithm that it names, and by no other', async (t) => {
      for (const [name, url] of Object.entries(endpoints)) {
        const named: string[] = metadata[`${name}_endpoint_auth_signing_alg_values_supported`]
        t.same(named.toSorted(), Object.keys(kinds).toSorted(), 'each one is tried')
        const { client_id: id } = await register(service, { jwks })
        for (const kind of Object.keys(kinds) as Kind[]) {
          const got = await ask(url, { ...form, ...asserted(await sign(claims(id), kind)) })
          t.equal(got.status, 200, `${kind} at ${name}`)
        }
        const p521 = generateKeyPairSync('ec', { namedCurve: 'P-521' }).privateKey
        const publicKey = new TextEncoder().encode(JSON.stringify(jwks.keys[0]))
        const hmac = (alg: string) => new SignJWT(claims(id)).setProtectedHeader({ alg, kid: 'RS256' }).sign(publicKey)
        const others: Record<string, string> = {
          none: new UnsecuredJWT(claims(id)).encode(),
          ES512: await sign(claims(id), 'ES384', 'ES512', p521),
        }
        for (const alg of ['RS384', 'RS512', 'PS384', 'PS512']) others[alg] = await sign(claims(id), 'RS256', alg)
        for (const alg of ['HS256', 'HS384', 'HS512']) others[alg] = await hmac(alg)
        for (const [alg, assertion] of Object.entries(others)) {
          const got = await ask(url, { ...form, ...asserted(assertion) })
          t.match([got.status, got.json()], [401, { error: 'invalid_client' }], `${alg} at ${name}`)
        }
      }
    })
    const signs = async (at: Service) => {
      const sent = { accept: signedType }
      const { body } = await post(at, '/oauth/introspect', { ...(await register(at)), token: 'unknown' }, sent)
      return decodeProtectedHeader(body).alg
    }
    const named = async (at: Service) => (await told(at)).introspection_signing_alg_values_supported
    const keys = (access_tokens: string) => ({ keys: { access_tokens } })
    await t.test('introspection is signed as it says', async (t) => {
      t.same([await signs(service), await named(service)], ['ES256', ['ES256']])
      for (const algorithm of ['RS256', 'EdDSA']) {
        const other = await startService(t, { backend, yaml: keys(algorithm) })
        t.same([await signs(other), await named(other)], [algorithm, [algorithm]])
      }
    })
    if (service.backend.replica !== undefined) {
      await t.test('also while a changed algorithm waits for its key', async (t) => {
        const changed = await startService(t, { beside: service, yaml: keys('EdDSA'), environment })
        t.same([await signs(changed), await named(changed)], ['ES256', ['ES256', 'EdDSA']])
        const { etag } = (await changed.call(path)).headers
        service.clock.advance(3_600)
        t.same([await signs(changed), await named(changed)], ['EdDSA', ['EdDSA']])
        t.not((await changed.call(path)).headers['etag'], etag)
      })
    }
  })
}
