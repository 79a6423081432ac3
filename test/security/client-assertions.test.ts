/** `private_key_jwt` (RFC 7523): what proves a client, what does not, and that nothing proves it twice. */
import { cryptoWorkOf } from '../support/work.ts'
import { createHmac, createPublicKey, KeyObject, randomUUID } from 'node:crypto'
import { SignJWT, UnsecuredJWT } from 'jose'
import { test } from 'tap'
import { auditRows } from '../support/audit.ts'
import { backends } from '../support/backends.ts'
import { mint } from '../support/forgery.ts'
import { clientAssertionType, forgetFailures as forget, makeKey, registerSigner as register } from '../support/oauth.ts'
import { type Answer, newClient, type Service, startService } from '../support/service.ts'

type Key = Awaited<ReturnType<typeof makeKey>>['privateKey']
type Claims = Record<string, unknown>

const send = (service: Service, client_assertion: string, change: Record<string, string> = {}, path = '/oauth/token') =>
  service.call(path, {
    method: 'POST',
    form: { grant_type: 'client_credentials', client_assertion, client_assertion_type: clientAssertionType, ...change },
  })

for (const backend of backends) {
  void test(`client assertions on ${backend.name} stores`, async (t) => {
    const service = await startService(t, { backend })
    const replica = service.backend.replica && (await startService(t, { beside: service }))
    const key = await makeKey('ES256')
    const { client_id: id, ...shown } = await register(service, [key.jwk])
    t.equal(shown.token_endpoint_auth_method, 'private_key_jwt')
    t.notOk('client_secret' in shown)
    const now = () => Math.floor(service.clock.now() / 1000)
    const claims = (change: Claims = {}): Claims => ({
      iss: id,
      sub: id,
      aud: service.issuer,
      iat: now(),
      exp: now() + 60,
      jti: randomUUID(),
      ...change,
    })
    const sign = (change: Claims = {}, header: object = {}, by: { algorithm: string; privateKey: Key } = key) =>
      new SignJWT(claims(change)).setProtectedHeader({ alg: by.algorithm, ...header }).sign(by.privateKey)
    const refused = (answer: Answer) => [answer.status, answer.json().error]
    const forgetFailures = (...clients: string[]) => forget(service, ...clients)
    const no = [401, 'invalid_client']

    await t.test('a valid assertion opens token, introspection and revocation endpoints', async (t) => {
      for (const header of [{}, { typ: 'JWT' }, { typ: 'client-authentication+jwt' }]) {
        t.equal((await send(service, await sign({}, header))).status, 200)
      }
      t.equal((await send(service, await sign(), { client_id: id })).status, 200, 'with a client_id that agrees')
      const token = (await send(service, await sign())).json().access_token
      t.match((await send(service, await sign(), { token }, '/oauth/introspect')).json(), { active: true, sub: id })
      t.equal((await send(service, await sign(), { token }, '/oauth/revoke')).status, 200)
      t.same((await send(service, await sign(), { token }, '/oauth/introspect')).json(), { active: false })
    })
    await t.test('each kind of key signs by its own algorithms, found by kid', async (t) => {
      const keys = await Promise.all(
        ['ES256', 'ES384', 'RS256', 'PS256', 'EdDSA', 'Ed25519'].map((algorithm) => makeKey(algorithm, algorithm)),
      )
      const client = await register(
        service,
        keys.map(({ jwk }) => jwk),
      )
      const own = { iss: client.client_id, sub: client.client_id }
      for (const one of keys) {
        t.equal((await send(service, await sign(own, { kid: one.algorithm }, one))).status, 200, one.algorithm)
        t.same(refused(await send(service, await sign(own, {}, one))), no, `${one.algorithm}: which of several?`)
        t.same(refused(await send(service, await sign(own, { kid: 'unknown' }, one))), no)
      }
      t.same(refused(await send(service, await sign(own, { kid: 'ES384' }, keys[0]))), no, 'another key’s kid')
      const [next] = [await makeKey('ES256')]
      await service.operate('PUT', `/clients/${client.client_id}/jwks`, { jwks: { keys: [next.jwk] } })
      t.equal((await send(service, await sign(own, {}, next))).status, 200, 'replaced')
      t.same(refused(await send(service, await sign(own, { kid: 'ES256' }, keys[0]))), no, 'the old one is void')
    })
    await t.test('an assertion counts once: of twenty parallel uses, on all replicas, exactly one wins', async (t) => {
      const assertion = await sign()
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, index) => send((index % 2 === 1 && replica) || service, assertion)),
      )
      t.equal(answers.filter(({ status }) => status === 200).length, 1)
      for (const answer of answers.filter(({ status }) => status !== 200)) t.same(refused(answer), no)
      t.same(refused(await send(service, assertion)), no, 'nor later')
      const jti = randomUUID()
      t.equal((await send(service, await sign({ jti }))).status, 200)
      t.same(refused(await send(service, await sign({ jti, exp: now() + 200 }))), no, 'nor its id in another assertion')
      const forged = (await sign({ jti: 'kept' })).split('.').with(2, 'AAAA').join('.')
      t.same(refused(await send(service, forged)), no)
      t.equal((await send(service, await sign({ jti: 'kept' }))).status, 200, 'a forgery uses nothing up')
    })
    await t.test('housekeeping forgets no use as long as the assertion could count', async (t) => {
      const exp = now() + 300
      const assertion = await sign({ exp })
      t.equal((await send(service, assertion)).status, 200)
      // Clocks may differ by ten seconds.
      for (const left of [240, 1, -9]) {
        service.clock.advance(exp - left - now())
        await service.gatehouse.maintain()
        t.same(refused(await send(replica ?? service, assertion)), no, `${left} s before it expires`)
        const refusal = (await auditRows(service, ...(replica ? [replica] : []))).findLast(
          ({ event }) => event === 'client_auth.failed',
        )
        t.match(refusal, { details: { reason: 'jti' } }, `${left} s before it expires`)
      }
      await forgetFailures(id)
    })
    await t.test(
      'claims that are absent, foreign or out of time prove nothing; the audience is the issuer alone',
      async (t) => {
        const other = await register(service, [(await makeKey('ES256')).jwk])
        const cases: [change: Claims, what: string][] = [
          [{ iss: undefined }, 'no iss'],
          [{ iss: other.client_id }, 'another issuer'],
          [{ sub: undefined }, 'no sub'],
          [{ sub: other.client_id }, 'another client’s name'],
          [{ sub: 'unknown', iss: 'unknown' }, 'an unknown client'],
          [{ aud: undefined }, 'no audience'],
          [{ aud: 'https://elsewhere.test' }, 'another audience'],
          [{ aud: `${service.issuer}/oauth/token` }, 'the token endpoint'],
          [{ aud: `${service.issuer}/` }, 'a slash'],
          [{ exp: undefined }, 'no expiry'],
          [{ exp: now() - 11 }, 'expired'],
          [{ exp: now() + 311 }, 'too far away'],
          [{ exp: 1e300 }, 'for ever'],
          [{ nbf: now() + 60 }, 'not yet'],
          [{ iat: now() + 60 }, 'issued later'],
          [{ jti: undefined }, 'no id'],
          [{ jti: '' }, 'an empty id'],
          [{ jti: 'x'.repeat(513) }, 'a long id'],
        ]
        await forgetFailures(id)
        for (const [change, what] of cases) t.same(refused(await send(service, await sign(change))), no, what)
        // In JSON of their own, under a good signature: a library would refuse to write them.
        const odd: Record<string, string[]> = {
          exp: [`"${now() + 60}"`, '1e999', '-1e999', 'null', 'true', `[${now() + 60}]`, '{}', '"NaN"'],
          iat: ['1e999', 'null', '"0"', '[]'],
          nbf: ['1e999', 'null', '"0"', '[]'],
          jti: ['7', 'null', '["x"]', '{}', 'true'],
          iss: [`["${id}"]`, `["${id}","${id}"]`, 'null', '{}'],
          aud: [
            `[["${service.issuer}"]]`,
            `["${service.issuer}","${service.issuer}"]`,
            `["${service.issuer}","https://elsewhere.test"]`,
            'null',
            '{}',
            '[]',
          ],
        }
        await forgetFailures(id)
        const signText = (text: string) => mint({ alg: 'ES256' }, text, KeyObject.from(key.privateKey))
        for (const [name, values] of Object.entries(odd)) {
          for (const value of values) {
            const { [name]: _, ...rest } = claims()
            const text = `${JSON.stringify(rest).slice(0, -1)},"${name}":${value}}`
            t.same(refused(await send(service, signText(text))), no, `${name}: ${value}`)
          }
          await forgetFailures(id)
        }
        t.equal((await send(service, signText(JSON.stringify(claims())))).status, 200, 'what is right passes')
        const late = await sign({ exp: now() - 5, iat: now() + 5, nbf: now() + 5 })
        t.equal((await send(service, late)).status, 200, 'clocks may differ a little')
        t.equal((await send(service, await sign({ jti: '\u0000ü' }))).status, 200, 'an id may be any text')
        t.equal(
          (await send(service, await sign({ aud: [service.issuer] }))).status,
          200,
          'a list of one is one audience',
        )
      },
    )
    await t.test('Ed25519 goes by both of its names, whichever the key has, and no other key by them', async (t) => {
      const edwards = await makeKey('EdDSA')
      for (const alg of [undefined, 'EdDSA', 'Ed25519']) {
        const { client_id } = await register(service, [{ ...edwards.jwk, ...(alg && { alg }) }])
        const own = { iss: client_id, sub: client_id }
        for (const algorithm of ['EdDSA', 'Ed25519']) {
          const assertion = await sign(own, {}, { ...edwards, algorithm })
          t.equal((await send(service, assertion)).status, 200, `${alg}: ${algorithm}`)
          const [head, body, signature] = assertion.split('.') as [string, string, string]
          const other = Buffer.from(JSON.stringify(claims({ ...own, jti: randomUUID() }))).toString('base64url')
          const short = Buffer.from(signature, 'base64url').subarray(1).toString('base64url')
          for (const forged of [`${head}.${other}.${signature}`, `${head}.${body}.${short}`, `${head}.${body}.`]) {
            t.same(refused(await send(service, forged)), no)
          }
        }
        await forgetFailures(client_id)
      }
      t.same(refused(await send(service, await sign({}, {}, { ...edwards, algorithm: 'Ed25519' }))), no, 'a stranger’s')
      await forgetFailures(id)
    })
    await t.test('what was wrong stands in the trail and in the log, and is told to nobody', async (t) => {
      const stranger = await makeKey('ES256')
      const used = randomUUID()
      t.equal((await send(service, await sign({ jti: used }))).status, 200)
      const rsa = await makeKey('RS256')
      const cases: [reason: string, assertion: string][] = [
        ['audience', await sign({ aud: `${service.issuer}/oauth/token` })],
        ['lifetime', await sign({ exp: now() + 3_600 })],
        ['lifetime', await sign({ exp: undefined })],
        ['jti', await sign({ jti: undefined })],
        ['jti', await sign({ jti: used })],
        ['signature', await sign({}, {}, stranger)],
        ['unknown_key', await sign({}, { kid: 'another' })],
        ['unknown_key', await sign({}, {}, rsa)],
        ['issuer', await sign({ iss: 'another' })],
        ['form', await sign({}, { typ: 'at+jwt' })],
      ]
      const secret = await service.operate('POST', '/clients', { ...newClient, name: 'Secret' })
      await forgetFailures(id)
      for (const [, assertion] of cases) t.same(refused(await send(service, assertion)), no)
      const form = { grant_type: 'client_credentials', client_id: secret.client_id }
      const token = (change: Record<string, string>) =>
        service.call('/oauth/token', { method: 'POST', form: { ...form, ...change } })
      t.same(refused(await token({ client_secret: 'wrong' })), no)
      t.same(refused(await token({})), no)
      t.same(refused(await token({ client_id: 'nobody', client_secret: 'wrong' })), no)
      const reasons = [...cases.map(([reason]) => reason), 'secret', 'method', 'unknown_client']
      const told = (lines: string) =>
        [...lines.matchAll(/"event":"client_auth\.failed".*?"reason":"(\w+)"/g)].map(([, reason]) => reason)
      t.same(told(service.logged()).slice(-reasons.length), reasons)
      const rows = (await auditRows(service, ...(replica ? [replica] : []))).filter(
        ({ event }) => event === 'client_auth.failed',
      )
      t.same(
        rows.slice(-reasons.length).map(({ details }) => details['reason']),
        reasons,
      )
      await forgetFailures(id)
    })
    await t.test('forged, borrowed and confused assertions prove nothing', async (t) => {
      const stranger = await makeKey('ES256')
      const rsa = await makeKey('RS256')
      const rsaClient = await register(service, [rsa.jwk])
      const own = { iss: rsaClient.client_id, sub: rsaClient.client_id }
      const hmac = (publicText: string, header: object, body: Claims) => {
        const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
        const input = `${encode({ alg: 'HS256', ...header })}.${encode(body)}`
        return `${input}.${createHmac('sha256', publicText).update(input).digest('base64url')}`
      }
      const pem = createPublicKey({ key: rsa.jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' })
      const assertions: Record<string, string> = {
        'another key': await sign({}, {}, stranger),
        'another key, brought along': await sign({}, { jwk: stranger.jwk, jku: 'https://evil.test' }, stranger),
        'no signature': new UnsecuredJWT(claims()).encode(),
        'HS256 with the public key as PEM': hmac(String(pem), {}, claims(own)),
        'HS256 with the PEM, spaced': hmac(` ${String(pem)}`, {}, claims(own)),
        'HS256 with the JWK': hmac(JSON.stringify(rsa.jwk), {}, claims(own)),
        'HS256 with nothing': hmac('', {}, claims(own)),
        'an algorithm that does not fit': (await sign())
          .split('.')
          .with(0, Buffer.from('{"alg":"RS256"}').toString('base64url'))
          .join('.'),
        'an access token': await sign({}, { typ: 'at+jwt' }),
        'an unknown extension': await new SignJWT(claims())
          .setProtectedHeader({ alg: 'ES256', crit: ['x'], x: 1 })
          .sign(key.privateKey, { crit: { x: true } }),
        'a cut signature': (await sign()).slice(0, -1),
        'two parts': (await sign()).split('.').slice(0, 2).join('.'),
        'no JWT': 'x',
        'a list for claims': 'e30.W10.AA',
      }
      await forgetFailures(id, rsaClient.client_id)
      for (const [what, assertion] of Object.entries(assertions)) {
        const answer = await send(service, assertion)
        t.same(refused(answer), no, what)
        t.match(answer.headers['www-authenticate'], /^Basic /)
      }
      const bySecret = await register(service, undefined)
      const asOther = { iss: bySecret.client_id, sub: bySecret.client_id }
      t.same(refused(await send(service, await sign(asOther))), no, 'a client that has a secret')
      await forgetFailures(id)
      const form = { grant_type: 'client_credentials', client_id: id, client_secret: '' }
      t.same(refused(await service.call('/oauth/token', { method: 'POST', form })), no, 'keys, and no proof at all')
      const guess = { ...form, client_secret: 'guess' }
      t.same(refused(await service.call('/oauth/token', { method: 'POST', form: guess })), no)
    })
    await t.test('whoever is named, a bad signature costs the same work, and says the same', async (t) => {
      const algorithms = ['ES256', 'ES384', 'RS256', 'PS256', 'EdDSA']
      const keys = await Promise.all(algorithms.map((algorithm) => makeKey(algorithm, algorithm)))
      const of = (...own: typeof keys) =>
        register(
          service,
          own.map(({ jwk }) => jwk),
        )
      const named: Record<string, string> = {
        'one key': (await of(keys[0]!)).client_id,
        'another kind of key': (await of(keys[2]!)).client_id,
        'many keys': (await of(...keys)).client_id,
        'a secret': (await register(service, undefined)).client_id,
        nobody: 'nobody',
      }
      for (const [index, stranger] of (await Promise.all(algorithms.map((one) => makeKey(one)))).entries()) {
        for (const kid of [undefined, keys[index]!.algorithm, 'unknown']) {
          const told = new Set<string>()
          for (const [what, client] of Object.entries(named)) {
            await forgetFailures(client)
            const forged = await sign({ iss: client, sub: client }, kid === undefined ? {} : { kid }, stranger)
            let answer: Answer | undefined
            const crypto = await cryptoWorkOf(async () => (answer = await send(service, forged)))
            t.equal((crypto['createVerify'] ?? 0) + (crypto['verify'] ?? 0), 1, `${what}: one signature is verified`)
            told.add(JSON.stringify([answer!.status, answer!.body, crypto]))
          }
          t.equal(told.size, 1, `${stranger.algorithm}, kid ${kid}: ${[...told].join(' ')}`)
        }
      }
    })
    await t.test('one method at a time, whole, and for the client that is named', async (t) => {
      const authorization = `Basic ${Buffer.from(`${id}:secret`).toString('base64')}`
      const form = { grant_type: 'client_credentials', client_assertion: await sign() }
      const both = { ...form, client_assertion_type: clientAssertionType }
      const bad = [400, 'invalid_request']
      const basic = await service.call('/oauth/token', { method: 'POST', form: both, headers: { authorization } })
      t.same(refused(basic), bad, 'with Basic')
      t.same(refused(await send(service, form.client_assertion, { client_secret: 'x' })), bad, 'with a secret')
      t.same(refused(await send(service, form.client_assertion, { client_id: 'another' })), bad, 'another client_id')
      t.same(refused(await send(service, form.client_assertion, { client_assertion_type: 'x' })), bad, 'another type')
      t.same(refused(await send(service, form.client_assertion, { client_assertion_type: '' })), bad, 'no type')
      t.same(refused(await send(service, '')), bad, 'a type alone')
      t.equal((await send(service, form.client_assertion)).status, 200, 'and none of that used it up')
    })
    await t.test('a failure of the store is 503, and never a yes', async (t) => {
      const { use } = service.stores.usedJtis
      const { unavailable } = await import('../../src/core/errors.ts')
      service.stores.usedJtis.use = () => Promise.reject(unavailable(new Error('gone')))
      t.equal((await send(service, await sign())).status, 503)
      service.stores.usedJtis.use = use
    })
  })
}
