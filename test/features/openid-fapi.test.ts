/** Clients of the FAPI 2.0 Security Profile: what it demands holds for them, and what contradicts it is refused. */
import { decodeProtectedHeader, SignJWT } from 'jose'
import { test } from 'tap'
import { createProver } from '../support/dpop.ts'
import { clientAssertionType, makeKey, post, refuses } from '../support/oauth.ts'
import {
  browserOf,
  callback,
  letIn,
  type Program,
  redeem,
  registerProgram,
  requestOf,
  startProvider,
  toldBy,
  verifier,
} from '../support/openid.ts'

void test('the profile fapi2', async (t) => {
  const service = await startProvider(t)
  const { issuer } = service
  const ada = await service.createUser()
  const browser = browserOf(service)
  await browser.signIn(ada)
  const [rsa, ec] = [await makeKey('PS256', 'rsa'), await makeKey('ES256', 'ec')]
  const rs256 = await makeKey('RS256', 'old')
  const keys = [rsa.jwk, ec.jwk, rs256.jwk]
  const profile = { profile: 'fapi2', jwks: { keys } }
  const bank = await registerProgram(service, profile)
  const now = () => Math.floor(service.clock.now() / 1000)
  const assertion = async (
    { client_id }: Program,
    { by = ec, alg = by.algorithm, aud = issuer }: { by?: typeof ec; alg?: string; aud?: unknown } = {},
  ) => ({
    client_assertion_type: clientAssertionType,
    client_assertion: await new SignJWT({ aud: aud as string })
      .setProtectedHeader({ alg, kid: by.jwk.kid! })
      .setIssuer(client_id)
      .setSubject(client_id)
      .setJti(crypto.randomUUID())
      .setExpirationTime(now() + 60)
      .sign(by.privateKey),
  })
  const push = async (change: Record<string, string | undefined> = {}, by: Parameters<typeof assertion>[1] = {}) => {
    const { searchParams } = new URL(requestOf(service, bank, change))
    return post(service, '/oauth/par', { ...Object.fromEntries(searchParams), ...(await assertion(bank, by)) })
  }

  await t.test('a client is let in by a pushed request, and gets an ID token by ES256', async (t) => {
    const answer = await push()
    t.equal(answer.status, 201, answer.body)
    const query = String(new URLSearchParams({ client_id: bank.client_id, ...answer.json<object>() }))
    const told = await letIn(browser, `${issuer}/oauth/authorize?${query}`)
    t.match(told, { code: String, iss: issuer })
    const proof = { client_id: undefined, ...(await assertion(bank)) }
    const without = await redeem(service, bank, { code: told['code'], ...proof })
    refuses(t, without, 400, 'invalid_dpop_proof', 'tokens are bound to a key')
    const { prove } = await createProver(service.clock)
    const form = {
      ...{ grant_type: 'authorization_code', code: told['code']!, redirect_uri: callback, code_verifier: verifier },
      ...(await assertion(bank)),
    }
    const tokens = await post(service, '/oauth/token', form, { dpop: await prove({ url: `${issuer}/oauth/token` }) })
    t.equal(tokens.json().token_type, 'DPoP', tokens.body)
    t.equal(decodeProtectedHeader(tokens.json().id_token).alg, 'ES256')
    const { keys: known } = (await service.call('/.well-known/jwks.json')).json()
    t.same([...new Set(known.map(({ alg }: { alg: string }) => alg))], ['ES256'], 'no RSA key is made for it')
  })
  await t.test('every other request is refused', async (t) => {
    t.match(toldBy(await browser.visit(requestOf(service, bank))), { error: 'invalid_request' }, 'not pushed')
    const none = { code_challenge: undefined, code_challenge_method: undefined }
    for (const change of [none, { redirect_uri: undefined }, { redirect_uri: `${callback}/` }]) {
      refuses(t, await push(change), 400, 'invalid_request', JSON.stringify(change))
    }
  })
  await t.test(
    'statement 18: its assertions name the issuer alone, as text, and are signed by what FAPI allows',
    async (t) => {
      t.equal((await push({}, { by: rsa })).status, 201)
      const others = [[issuer], `${issuer}/oauth/par`, `${issuer}/oauth/token`, [issuer, `${issuer}/oauth/par`]]
      for (const aud of others) refuses(t, await push({}, { aud }), 401, 'invalid_client', String(aud))
      refuses(t, await push({}, { by: rs256 }), 401, 'invalid_client', 'RS256')
      const usual = await registerProgram(service, { jwks: { keys } })
      const list = { ...(await assertion(usual, { aud: [issuer], by: rs256 })), response_type: 'code' }
      t.equal(
        (await post(service, '/oauth/par', { ...list, redirect_uri: callback })).status,
        201,
        'any other client may',
      )
    },
  )
  await t.test('what contradicts it is refused at registration, and later', async (t) => {
    const wrong: [string, object][] = [
      ['profile', { jwks: undefined }],
      ['profile', { jwks: undefined, public: true }],
      ['jwks', { jwks: { keys: [{ ...rs256.jwk, alg: 'RS256' }] } }],
      ['redirect_uris', { redirect_uris: [callback, 'http://localhost/cb'] }],
      ['pkce', { pkce: 'optional' }],
      ['require_pushed_authorization_requests', { require_pushed_authorization_requests: false }],
      ['dpop_bound_access_tokens', { dpop_bound_access_tokens: false }],
      ['id_token_signed_response_alg', { id_token_signed_response_alg: 'RS256' }],
      ['authorization_signed_response_alg', { authorization_signed_response_alg: 'RS256' }],
      ['request_object_signing_alg', { request_object_signing_alg: 'ES384' }],
    ]
    for (const [member, change] of wrong) {
      const given = JSON.parse(JSON.stringify({ ...profile, ...change }))
      await t.rejects(registerProgram(service, given), new RegExp(`/body/${member}`), JSON.stringify(change))
      if ('jwks' in change) continue
      await t.rejects(service.operate('PUT', `/clients/${bank.client_id}`, change), new RegExp(`/body/${member}`))
    }
    const secret = await registerProgram(service)
    await t.rejects(service.operate('PUT', `/clients/${secret.client_id}`, { profile: 'fapi2' }), /profile/)
    const jwks = { keys: [{ ...rs256.jwk, alg: 'RS256' }] }
    await t.rejects(service.operate('PUT', `/clients/${bank.client_id}/jwks`, { jwks }), /jwks/)
  })
})
