/** What is signed for a program, by the algorithm that it takes: ID tokens, and answers of the authorization endpoint (JARM). */
import { createHash } from 'node:crypto'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { test } from 'tap'
import { backends } from '../support/backends.ts'
import {
  browserOf,
  hiddenOf,
  letIn,
  redeem,
  registerProgram,
  requestOf,
  startProvider,
  toldBy,
} from '../support/openid.ts'
import { bearer } from '../support/service.ts'

for (const backend of backends) {
  void test(`algorithms of programs on ${backend.name} stores`, async (t) => {
    const service = await startProvider(t, { backend })
    const { issuer } = service
    const ada = await service.createUser()
    const browser = browserOf(service)
    await browser.signIn(ada)
    const algorithms = async () => {
      const { keys } = (await service.call('/.well-known/jwks.json')).json<{ keys: { alg: string }[] }>()
      return [...new Set(keys.map(({ alg }) => alg))].toSorted()
    }
    const read = async (jwt: string, audience: string) => {
      const keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`))
      return jwtVerify(jwt, keys, { issuer, audience, currentDate: new Date(service.clock.now()) })
    }

    await t.test('ID tokens are signed as each program takes them, from the first one on', async (t) => {
      t.same(await algorithms(), ['ES256'])
      for (const [algorithm, known] of [
        ['ES256', ['ES256']],
        ['PS256', ['ES256', 'PS256']],
        ['EdDSA', ['ES256', 'EdDSA', 'PS256']],
        ['RS256', ['ES256', 'EdDSA', 'PS256', 'RS256']],
      ] as const) {
        const program = await registerProgram(service, { id_token_signed_response_alg: algorithm })
        t.same(await algorithms(), known, algorithm)
        const { code } = await letIn(browser, requestOf(service, program))
        const { id_token, access_token } = (await redeem(service, program, { code })).json()
        const { payload, protectedHeader } = await read(id_token, program.client_id)
        t.equal(protectedHeader.alg, algorithm)
        const digest = createHash(algorithm === 'EdDSA' ? 'sha512' : 'sha256')
          .update(access_token)
          .digest()
        t.equal(payload['at_hash'], digest.subarray(0, digest.length / 2).toString('base64url'))
        const hint = await browser.visit(requestOf(service, program, { prompt: 'none', id_token_hint: id_token }))
        t.match(toldBy(hint), { code: String }, 'it is a hint of this service')
        const changed = { id_token_signed_response_alg: algorithm === 'PS256' ? 'EdDSA' : 'PS256' }
        await service.operate('PUT', `/clients/${program.client_id}`, changed)
        const { code: another } = await letIn(browser, requestOf(service, program))
        const again = (await redeem(service, program, { code: another })).json()
        const after = await read(again.id_token, program.client_id)
        t.equal(after.protectedHeader.alg, changed.id_token_signed_response_alg, 'after a change of the setting')
        await service.operate('PUT', `/clients/${program.client_id}`, { id_token_signed_response_alg: algorithm })
      }
      for (const algorithm of ['none', 'HS256', 'ES384']) {
        await t.rejects(registerProgram(service, { id_token_signed_response_alg: algorithm }), algorithm)
      }
    })
    await t.test('answers of userinfo are signed for a program that wants it, and are nothing else', async (t) => {
      const userinfo = (token: string) => service.call('/oauth/userinfo', { headers: bearer(token) })
      for (const algorithm of ['ES256', 'RS256', 'EdDSA', 'PS256']) {
        const program = await registerProgram(service, { userinfo_signed_response_alg: algorithm })
        const { code } = await letIn(browser, requestOf(service, program))
        const { access_token } = (await redeem(service, program, { code })).json()
        const answer = await userinfo(access_token)
        t.match(answer.headers, { 'content-type': /^application\/jwt/, 'cache-control': 'no-store' })
        const { payload, protectedHeader } = await read(answer.body, program.client_id)
        t.equal(protectedHeader.alg, algorithm)
        t.match(payload, { iss: issuer, aud: program.client_id, sub: ada.id, email: ada.email, email_verified: true })
        t.equal((await userinfo(answer.body)).status, 401, 'it is no access token')
        const asHint = await browser.visit(requestOf(service, program, { id_token_hint: answer.body, prompt: 'none' }))
        t.match(toldBy(asHint), { error: 'invalid_request' }, 'nor an ID token')
        await service.operate('PUT', `/clients/${program.client_id}`, { userinfo_signed_response_alg: 'none' })
        t.match((await userinfo(access_token)).json(), { sub: ada.id, email: ada.email })
      }
      await t.rejects(registerProgram(service, { userinfo_signed_response_alg: 'HS256' }), /userinfo_signed/)
    })
    await t.test('an answer that is asked for as a JWT is one, also where it is an error', async (t) => {
      const program = await registerProgram(service, { authorization_signed_response_alg: 'EdDSA' })
      const claimsOf = async (told: Record<string, string>) => {
        t.same(Object.keys(told), ['response'], 'nothing is told beside it')
        const { payload, protectedHeader } = await read(told['response']!, program.client_id)
        t.equal(protectedHeader.alg, 'EdDSA')
        return payload
      }
      const now = () => Math.floor(service.clock.now() / 1000)
      for (const response_mode of ['jwt', 'query.jwt']) {
        const payload = await claimsOf(await letIn(browser, requestOf(service, program, { response_mode })))
        t.match(payload, { iss: issuer, aud: program.client_id, exp: now() + 300, state: 'a state', code: String })
        t.equal((await redeem(service, program, { code: payload['code'] as string })).status, 200)
        const wrong = { response_mode, scope: 'openid reports:read', state: undefined }
        const refused = await claimsOf(toldBy(await browser.visit(requestOf(service, program, wrong))))
        t.match(refused, { error: 'invalid_scope', error_description: String, state: undefined })
      }
      const { url, answer } = await browser.visit(requestOf(service, program, { response_mode: 'form_post.jwt' }))
      t.equal(new URL(url).pathname, '/oauth/authorize')
      const { response } = hiddenOf({ body: /<form[^>]*method="post"[^]*?<\/form>/.exec(answer.body)![0] })
      t.match(await claimsOf({ response: response! }), { code: String, state: 'a state' })
      const asHint = await browser.visit(requestOf(service, program, { id_token_hint: response, prompt: 'none' }))
      t.match(toldBy(asHint), { error: 'invalid_request' }, 'which is no ID token')
      const unknown = requestOf(service, program, { response_mode: 'fragment.jwt' })
      t.match(toldBy(await browser.visit(unknown)), { error: 'invalid_request' })
      const plain = await registerProgram(service, { id_token_signed_response_alg: 'PS256' })
      const told = await letIn(browser, requestOf(service, plain, { response_mode: 'jwt' }))
      t.equal((await read(told['response']!, plain.client_id)).protectedHeader.alg, 'PS256', 'as its ID tokens')
    })
  })
}
