/** Requests that programs sign (RFC 9101): what is signed counts, and nothing beside it. */
import { SignJWT } from 'jose'
import { test } from 'tap'
import { makeKey, post, refuses } from '../support/oauth.ts'
import {
  browserOf,
  callback,
  challenge,
  letIn,
  type Program,
  redeem,
  registerProgram,
  requestOf,
  startProvider,
  toldBy,
} from '../support/openid.ts'

void test('request objects', async (t) => {
  const service = await startProvider(t)
  const { issuer } = service
  const ada = await service.createUser()
  const browser = browserOf(service)
  await browser.signIn(ada)
  const [key, foreign] = [await makeKey('ES256', 'mine'), await makeKey('ES256', 'mine')]
  const [ed, rsa] = [await makeKey('EdDSA', 'ed'), await makeKey('PS256', 'rsa')]
  const keys = [key.jwk, ed.jwk, rsa.jwk]
  const wiki = await registerProgram(service, { jwks: { keys } })
  const now = () => Math.floor(service.clock.now() / 1000)

  const claimsOf = ({ client_id }: Program, change: object = {}) => ({
    ...{ iss: client_id, aud: issuer, client_id, iat: now(), nbf: now(), exp: now() + 300, jti: crypto.randomUUID() },
    ...{ response_type: 'code', redirect_uri: callback, scope: 'openid email', state: 'signed', nonce: 'a nonce' },
    ...{ code_challenge: challenge, code_challenge_method: 'S256', max_age: 3_600 },
    ...change,
  })
  const sign = (claims: object, { by = key, header = {} } = {}) =>
    new SignJWT({ ...claims })
      .setProtectedHeader({ alg: by.algorithm, kid: by.jwk.kid!, typ: 'oauth-authz-req+jwt', ...header })
      .sign(by.privateKey)
  const addressOf = (request: string, { client_id } = wiki, change: Record<string, string> = {}) =>
    `${issuer}/oauth/authorize?${String(new URLSearchParams({ client_id, request, ...change }))}`
  const assertionOf = ({ client_id }: Program) =>
    sign(
      { iss: client_id, sub: client_id, aud: issuer, exp: now() + 60, jti: crypto.randomUUID() },
      { header: { typ: 'JWT' } },
    )
  const push = async (form: Record<string, string>, program = wiki) =>
    post(service, '/oauth/par', {
      ...form,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: await assertionOf(program),
    })

  await t.test('what a program has signed counts, and nothing that stands beside it', async (t) => {
    const beside = { scope: 'openid groups', state: 'unsigned', redirect_uri: 'https://evil.example.test/' }
    for (const by of [key, ed, rsa]) {
      const told = await letIn(browser, addressOf(await sign(claimsOf(wiki), { by }), wiki, beside))
      t.match(told, { code: String, state: 'signed', iss: issuer }, by.algorithm)
    }
    for (const typ of [undefined, 'JWT', 'application/oauth-authz-req+jwt']) {
      const told = await letIn(browser, addressOf(await sign(claimsOf(wiki), { header: { typ } })))
      t.match(told, { code: String }, typ ?? 'none')
    }
    const metadata = (await service.call('/.well-known/openid-configuration')).json()
    t.equal(metadata.request_parameter_supported, true)
    t.same(metadata.request_object_signing_alg_values_supported.includes('none'), false)
  })
  await t.test('one that is pushed is checked at once, and its parameters are those that count', async (t) => {
    const answer = await push({ request: await sign(claimsOf(wiki)), scope: 'openid groups', state: 'unsigned' })
    t.equal(answer.status, 201, answer.body)
    service.clock.advance(60)
    const { request_uri } = answer.json()
    const query = String(new URLSearchParams({ client_id: wiki.client_id, request_uri }))
    const told = await letIn(browser, `${issuer}/oauth/authorize?${query}`)
    t.match(told, { code: String, state: 'signed' })
    const assertion = {
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: await assertionOf(wiki),
    }
    const tokens = await redeem(service, wiki, { code: told['code'], client_id: undefined, ...assertion })
    t.equal(tokens.json().scope, 'openid email')
    const wrong = await sign(claimsOf(wiki, { scope: 'openid reports:read' }))
    refuses(t, await push({ request: wrong }), 400, 'invalid_scope')
  })
  await t.test('alg none, foreign keys, secrets, nested and damaged ones are refused', async (t) => {
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const good = await sign(claimsOf(wiki))
    const [header, payload, signature] = good.split('.') as [string, string, string]
    const hmac = await new SignJWT(claimsOf(wiki))
      .setProtectedHeader({ alg: 'HS256', kid: 'mine' })
      .sign(Buffer.from(JSON.stringify(key.jwk)))
    const wrong = {
      none: `${encode({ alg: 'none' })}.${payload}.`,
      unsigned: `${header}.${payload}.`,
      foreign: await sign(claimsOf(wiki), { by: foreign }),
      hmac,
      encrypted: `${encode({ alg: 'RSA-OAEP', enc: 'A256GCM' })}.a.b.c.d`,
      nested: await sign({ request: good }),
      'another inside': await sign(claimsOf(wiki, { request: good })),
      'a name inside': await sign(claimsOf(wiki, { request_uri: 'urn:ietf:params:oauth:request_uri:x' })),
      changed: `${header}.${encode(claimsOf(wiki, { scope: 'openid groups' }))}.${signature}`,
      'another spelling': `${good.slice(0, -1)}${good.endsWith('A') ? 'B' : 'A'}`,
      crit: await sign(claimsOf(wiki), { header: { crit: ['b64'], b64: true } }),
      assertion: await assertionOf(wiki),
      'an access token': await sign(claimsOf(wiki), { header: { typ: 'at+jwt' } }),
      text: 'text',
      empty: '..',
    }
    for (const [what, request] of Object.entries(wrong)) {
      const told = toldBy(await browser.visit(addressOf(request, wiki, { state: 'beside' })))
      t.match(told, { error: 'invalid_request_object', state: 'beside', iss: issuer }, what)
      refuses(t, await push({ request }), 400, 'invalid_request_object', what)
    }
  })
  await t.test('who wrote it, for whom and when must be right', async (t) => {
    const wrong = [
      ...[{ iss: 'somebody' }, { iss: undefined }, { client_id: 'somebody' }, { client_id: undefined }],
      ...[{ aud: 'https://elsewhere.example.test' }, { aud: undefined }, { aud: `${issuer}/oauth/token` }],
      ...[{ exp: undefined }, { exp: now() - 60 }, { exp: now() + 4_000 }, { exp: '9999999999' }],
      ...[{ nbf: now() - 3_700, exp: now() + 60 }, { nbf: now() + 60 }, { nbf: 'x' }, { iat: now() + 60 }],
      ...[{ sub: wiki.client_id }, { state: null }],
    ]
    for (const change of wrong) {
      const told = toldBy(await browser.visit(addressOf(await sign(claimsOf(wiki, change)))))
      t.match(told, { error: 'invalid_request_object' }, JSON.stringify(change))
    }
    const told = await letIn(browser, addressOf(await sign(claimsOf(wiki, { aud: [issuer, 'x'], nbf: undefined }))))
    t.match(told, { code: String }, 'an audience among others')
    const twice = `${addressOf(await sign(claimsOf(wiki)))}&request=x`
    t.match(toldBy(await browser.visit(twice)), { error: 'invalid_request' })
    const both = addressOf(await sign(claimsOf(wiki)), wiki, { request_uri: 'https://wiki.example.test/request' })
    t.match(toldBy(await browser.visit(both)), { error: 'invalid_request' })
  })
  await t.test('statement 44: an address that only the object names is proven too', async (t) => {
    const evil = await sign(claimsOf(wiki, { redirect_uri: 'https://evil.example.test/callback' }))
    t.match([(await browser.ask(addressOf(evil))).status, (await push({ request: evil })).status], [400, 400])
    const other = await registerProgram(service)
    const told = toldBy(await browser.visit(addressOf(await sign(claimsOf(wiki)), other)))
    t.match(told, { error: 'invalid_request_object' }, 'another program has no such key')
    t.equal((await browser.ask(addressOf(evil, { client_id: 'nobody' }))).status, 400)
  })
  await t.test('who takes long to sign in does not make it older', async (t) => {
    const late = browserOf(service)
    const form = await late.visit(addressOf(await sign(claimsOf(wiki, { exp: now() + 60, max_age: undefined }))))
    service.clock.advance(1_000)
    const told = toldBy(await late.submit(form, { email: ada.email, password: ada.password }))
    t.match(told, { code: String, state: 'signed' })
  })
  await t.test('a program that must sign its requests is let in by no other one, and by its algorithm', async (t) => {
    await browser.signIn(ada)
    const strict = await registerProgram(service, {
      ...{ jwks: { keys }, require_signed_request_object: true, request_object_signing_alg: 'EdDSA' },
    })
    t.match(toldBy(await browser.visit(requestOf(service, strict))), { error: 'invalid_request' })
    const { searchParams } = new URL(requestOf(service, strict))
    refuses(t, await push(Object.fromEntries(searchParams), strict), 400, 'invalid_request')
    t.match(toldBy(await browser.visit(addressOf(await sign(claimsOf(strict)), strict))), {
      error: 'invalid_request_object',
    })
    t.match(await letIn(browser, addressOf(await sign(claimsOf(strict), { by: ed }), strict)), { code: String })
    const none = { require_signed_request_object: true }
    await t.rejects(registerProgram(service, none), /jwks/, 'a program without keys can sign nothing')
  })
})
