/** Tokens that are good for nobody but the holder of a key (RFC 9449), wherever they are shown. */
import { createHmac } from 'node:crypto'
import { test } from 'tap'
import { backends } from '../support/backends.ts'
import { createProver, type Prover } from '../support/dpop.ts'
import { claimsOf, grant, introspect, post, refuses, register } from '../support/oauth.ts'
import { browserOf, letIn, redeem, registerProgram, requestOf, startProvider, verifier } from '../support/openid.ts'
import { asks, bearer, type Service, startService } from '../support/service.ts'

const backend = backends.at(-1)!
const rules = [
  { paths: ['/open/**'], allow: 'anyone' },
  { paths: ['/admin/**'], allow: { roles: ['admin'] } },
  { allow: 'signed-in' },
]
const hosts = {
  'app.example.test': { audience: 'app', rules },
  'kept.example.test': { audience: 'app', forward: 'never', rules },
  'people.example.test': { audience: 'app', credentials: ['session'], rules },
}
const app = 'http://app.example.test'
const algorithms = ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA', 'Ed25519']

void test('tokens that are bound to a key', async (t) => {
  const service = await startProvider(t, { backend, yaml: { hosts } })
  const { clock, issuer } = service
  const replica =
    service.backend.replica === undefined
      ? service
      : await startService(t, {
          beside: service,
          yaml: { hosts },
          environment: { GATEHOUSE_ISSUER: issuer },
        })
  const tokenUrl = `${issuer}/oauth/token`
  const job = await register(service, { audiences: ['app'], scopes: [] })
  const prover = await createProver(clock)
  const stranger = await createProver(clock)
  const ask = async (proof: string | string[], at: Service = service, change: Record<string, string> = {}) =>
    post(at, '/oauth/token', { grant_type: 'client_credentials', ...job, ...change }, { dpop: proof })
  const bound = async (by: Prover = prover): Promise<string> =>
    (await ask(await by.prove({ url: tokenUrl }))).json().access_token

  await t.test(
    'a proof binds the tokens of client credentials, by every algorithm of the metadata and no other',
    async (t) => {
      const metadata = (await service.call('/.well-known/oauth-authorization-server')).json()
      t.same(metadata.dpop_signing_alg_values_supported, algorithms)
      for (const algorithm of algorithms) {
        const by = await createProver(clock, algorithm)
        const answer = await ask(await by.prove({ url: tokenUrl }))
        t.match([answer.status, answer.json()], [200, { token_type: 'DPoP' }], algorithm)
        t.same(claimsOf(answer.json().access_token)['cnf'], { jkt: by.jkt })
        t.ok(answer.headers['dpop-nonce'], 'with a nonce for the next one')
      }
      const plain = await grant(service, job)
      t.match([plain.json().token_type, plain.headers['dpop-nonce']], ['Bearer', undefined])
      t.equal(claimsOf(plain.json().access_token)['cnf'], undefined)
      const odd = await createProver(clock, 'ES512')
      refuses(t, await ask(await odd.prove({ url: tokenUrl })), 400, 'invalid_dpop_proof')
    },
  )

  await t.test('a proof that is not right in every point gets nothing', async (t) => {
    const now = Math.floor(clock.now() / 1000)
    const url = tokenUrl
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const claims = { jti: 'x', htm: 'POST', htu: url, iat: now }
    const unsigned = `${encode({ typ: 'dpop+jwt', alg: 'none', jwk: prover.jwk })}.${encode(claims)}.`
    const byHash = `${encode({ typ: 'dpop+jwt', alg: 'HS256', jwk: { kty: 'oct', k: 'c2VjcmV0' } })}.${encode(claims)}`
    const good = await prover.prove({ url })
    const cases: Record<string, string | string[]> = {
      'no JWT': 'nonsense',
      empty: '',
      'two in two headers': [good, await prover.prove({ url })],
      'two in one header': `${good}, ${await prover.prove({ url })}`,
      unsigned,
      'of a shared key': `${byHash}.${createHmac('sha256', 'secret').update(byHash).digest('base64url')}`,
      'another type': await prover.prove({ url, header: { typ: 'JWT' } }),
      'no type': await prover.prove({ url, header: { typ: undefined } }),
      'no key': await prover.prove({ url, header: { jwk: undefined } }),
      'another key than the one that signed': await prover.prove({ url, header: { jwk: stranger.jwk } }),
      'a private key': await prover.prove({ url, header: { jwk: prover.privateJwk } }),
      'something critical': await prover.prove({ url, header: { crit: ['x'], x: 1 } }).catch(() => 'x'),
      'another method': await prover.prove({ url, method: 'GET' }),
      'the method in lower case': await prover.prove({ url, method: 'post' }),
      'another path': await prover.prove({ url: `${issuer}/oauth/revoke` }),
      'another host': await prover.prove({ url: 'https://evil.example/oauth/token' }),
      'another scheme': await prover.prove({ url: url.replace('http:', 'https:') }),
      'user information': await prover.prove({ url: url.replace('://', '://x@') }),
      'a backslash': await prover.prove({ url: url.replace('/oauth', '\\oauth') }),
      'no address': await prover.prove({ url, claims: { htu: undefined } }),
      'an old one': await prover.prove({ url, claims: { iat: now - 61 } }),
      'one of the future': await prover.prove({ url, claims: { iat: now + 31 } }),
      'no time': await prover.prove({ url, claims: { iat: undefined } }),
      'a time in words': await prover.prove({ url, claims: { iat: String(now) } }),
      'no id': await prover.prove({ url, claims: { jti: undefined } }),
      'a long id': await prover.prove({ url, claims: { jti: 'x'.repeat(513) } }),
      'a signature that was changed': `${good.slice(0, -8)}AAAAAAAA`,
    }
    for (const [what, proof] of Object.entries(cases)) {
      refuses(t, await ask(proof), 400, 'invalid_dpop_proof', what)
    }
    for (const same of [`${url}?x=1#y`, url.replace('http:', 'HTTP:'), url.replace('/oauth/', '/%6fauth/')]) {
      t.equal((await ask(await prover.prove({ url: same }))).status, 200, same)
    }
    for (const iat of [now - 59, now + 10]) {
      t.equal((await ask(await prover.prove({ url, claims: { iat } }))).status, 200)
    }
  })

  await t.test('a proof is good once, on whichever replica, however many use it at once', async (t) => {
    const proof = await prover.prove({ url: tokenUrl })
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, at) => ask(proof, at % 2 === 0 ? service : replica)),
    )
    t.equal(answers.filter(({ status }) => status === 200).length, 1)
    for (const answer of answers) if (answer.status !== 200) refuses(t, answer, 400, 'invalid_dpop_proof')
    refuses(t, await ask(proof, replica), 400, 'invalid_dpop_proof')
    clock.advance(3_600)
    refuses(t, await ask(proof), 400, 'invalid_dpop_proof', 'and an hour later it is old')
    const jti = 'chosen'
    t.equal((await ask(await prover.prove({ url: tokenUrl, claims: { jti } }))).status, 200)
    t.equal(
      (await ask(await stranger.prove({ url: tokenUrl, claims: { jti } }))).status,
      200,
      'ids are of one key each',
    )
  })

  await t.test('a nonce that a proof holds must be a young one of the service, of any replica', async (t) => {
    const { headers } = await ask(await prover.prove({ url: tokenUrl }), replica)
    const nonce = String(headers['dpop-nonce'])
    t.match(nonce, /^[\w-]+$/)
    t.equal((await ask(await prover.prove({ url: tokenUrl, nonce }))).status, 200)
    clock.advance(301)
    for (const bad of [nonce, 'invented', `${nonce.slice(0, -2)}AA`]) {
      const answer = await ask(await prover.prove({ url: tokenUrl, nonce: bad }))
      refuses(t, answer, 400, 'use_dpop_nonce')
      const again = await prover.prove({ url: tokenUrl, nonce: String(answer.headers['dpop-nonce']) })
      t.equal((await ask(again)).status, 200)
    }
  })

  const question = async (
    token: string,
    { path = '/x', host = 'app.example.test', scheme = 'DPoP', by = prover, ...change }: Record<string, any> = {},
    at: Service = service,
  ) => {
    const url = `http://${host}${path.split('?')[0]}`
    const proof = change['proof'] ?? (await by.prove({ method: 'GET', url, token, ...change }))
    const headers = { ...asks({ host, path }), authorization: `${scheme} ${token}`, ...(proof && { dpop: proof }) }
    return at.call('/forward-auth', { headers })
  }

  await t.test('forward-auth lets the holder of the key through, for the request that was proven, once', async (t) => {
    const token = await bound()
    for (const path of ['/x', '/x?year=2026', '/a%20b/', '/']) {
      const answer = await question(token, { path })
      t.match([answer.status, answer.headers['x-auth-subject']], [200, job.client_id], path)
    }
    const nginx = { 'x-original-method': 'PUT', 'x-original-url': `${app}/x?y=1` }
    const proof = await prover.prove({ method: 'PUT', url: `${app}/x`, token })
    const asked = { ...nginx, authorization: `dpop ${token}`, dpop: proof }
    t.equal((await service.call('/forward-auth/nginx', { headers: asked })).status, 200)
    t.equal((await service.call('/forward-auth/nginx', { headers: asked })).status, 401, 'a replay')
    const again = await replica.call('/forward-auth/nginx', { headers: asked })
    t.match(
      [again.status, again.headers['www-authenticate']],
      [401, /^DPoP .*error="invalid_dpop_proof"/],
      'on another replica',
    )
  })

  await t.test('and nobody else, nor for anything else', async (t) => {
    const token = await bound()
    const now = Math.floor(clock.now() / 1000)
    const refused: Record<string, Record<string, any>> = {
      'another key': { by: stranger },
      'no proof': { proof: '' },
      'no token named': { claims: { ath: undefined } },
      'another token named': { claims: { ath: 'x' } },
      'another path': { claims: { htu: `${app}/y` } },
      'another host': { claims: { htu: 'http://kept.example.test/x' } },
      'another scheme': { claims: { htu: 'https://app.example.test/x' } },
      'another method': { claims: { htm: 'POST' } },
      'an old one': { claims: { iat: now - 61 } },
    }
    for (const [what, change] of Object.entries(refused)) {
      const answer = await question(token, change)
      t.equal(answer.status, 401, what)
      const metadata = 'resource_metadata="http://app.example.test/.well-known/oauth-protected-resource/x"'
      t.equal(
        answer.headers['www-authenticate'],
        `DPoP realm="gatehouse", error="invalid_dpop_proof", algs="${algorithms.join(' ')}", ${metadata}`,
        what,
      )
    }
    const asBearer = await question(token, { scheme: 'Bearer' })
    t.match(
      [asBearer.status, asBearer.headers['www-authenticate']],
      [401, /^Bearer .*error="invalid_token".*, DPoP algs="/],
    )
    const { access_token: unbound } = (await grant(service, job)).json()
    const asDpop = await question(unbound)
    t.match([asDpop.status, asDpop.headers['www-authenticate']], [401, /^DPoP .*error="invalid_token", algs="/])
    t.equal((await question(unbound, { scheme: 'Bearer', proof: '' })).status, 200)
    t.match((await question('nonsense')).headers['www-authenticate'], /^DPoP .*error="invalid_token"/)
  })

  await t.test(
    'a token of the scheme DPoP counts where bearer tokens count, and is kept from applications likewise',
    async (t) => {
      const token = await bound()
      const kept = await question(token, { host: 'kept.example.test' })
      t.same([kept.status, kept.headers['authorization']], [200, undefined])
      const people = await question(token, { host: 'people.example.test' })
      t.match([people.status, people.headers['www-authenticate']], [401, /^DPoP/])
      t.equal((await question(token, { path: '/admin/x' })).status, 403)
      t.equal((await question('of-the-application', { path: '/open/x' })).status, 200)
      const foreign = await question('of-the-application', { host: 'kept.example.test', path: '/open/x' })
      t.equal(foreign.headers['authorization'], 'DPoP of-the-application')
    },
  )

  await t.test('33: introspection tells what a token is bound to', async (t) => {
    const token = await bound()
    const [status, told] = await introspect(service, job, token)
    t.match([status, told], [200, { active: true, token_type: 'DPoP', cnf: { jkt: prover.jkt } }])
  })

  const ada = await service.createUser()
  const browser = browserOf(service)
  await browser.signIn(ada)
  const scopes = ['openid', 'profile', 'email', 'offline_access']
  const spa = await registerProgram(service, { public: true, scopes })
  const wiki = await registerProgram(service, { scopes })
  const proofFor = (by: Prover) => by.prove({ url: tokenUrl })
  const codeOf = async (program: typeof spa, change: Record<string, string> = {}) =>
    (await letIn(browser, requestOf(service, program, { scope: scopes.join(' '), ...change })))['code']!
  const redeemWith = async (program: typeof spa, code: string, by?: Prover) => {
    const headers = by === undefined ? {} : { dpop: await proofFor(by) }
    const form = { grant_type: 'authorization_code', code, redirect_uri: 'https://wiki.example.test/callback' }
    return post(service, '/oauth/token', { ...form, code_verifier: verifier, ...program }, headers)
  }
  const refresh = async (program: typeof spa, refresh_token: string, by?: Prover) => {
    const { client_id, client_secret } = program
    const form = { grant_type: 'refresh_token', refresh_token, client_id, ...(client_secret && { client_secret }) }
    return post(service, '/oauth/token', form, by === undefined ? {} : { dpop: await proofFor(by) })
  }
  const credentialsOf = ({ client_id, client_secret }: typeof spa) => ({
    client_id,
    ...(client_secret && { client_secret }),
  })

  await t.test(
    '26: refresh tokens of public programs are bound to the key, and a foreign key does them no harm',
    async (t) => {
      const first = (await redeemWith(credentialsOf(spa), await codeOf(spa), prover)).json()
      t.match([first.token_type, claimsOf(first.access_token)['cnf']], ['DPoP', { jkt: prover.jkt }])
      refuses(t, await refresh(spa, first.refresh_token), 400, 'invalid_grant', 'without a proof')
      refuses(t, await refresh(spa, first.refresh_token, stranger), 400, 'invalid_grant', 'with another key')
      const answer = await refresh(spa, first.refresh_token, prover)
      t.match([answer.status, answer.json().token_type], [200, 'DPoP'])
      t.same(claimsOf(answer.json().access_token)['cnf'], { jkt: prover.jkt })
      const replayed = await refresh(spa, first.refresh_token, prover)
      t.equal(replayed.json().access_token, answer.json().access_token, 'within its grace')
      refuses(t, await refresh(spa, first.refresh_token, stranger), 400, 'invalid_grant')
      clock.advance(3_000)
      refuses(t, await refresh(spa, first.refresh_token, stranger), 400, 'invalid_grant', 'beyond its grace')
      t.equal((await refresh(spa, answer.json().refresh_token, prover)).status, 200, 'the family goes on')
    },
  )

  await t.test(
    'those of other programs are bound by the program alone, and a retry by the key of the answer',
    async (t) => {
      const first = (await redeemWith(credentialsOf(wiki), await codeOf(wiki), prover)).json()
      const answer = await refresh(wiki, first.refresh_token, stranger)
      t.same(claimsOf(answer.json().access_token)['cnf'], { jkt: stranger.jkt })
      refuses(t, await refresh(wiki, first.refresh_token, prover), 400, 'invalid_grant', '26')
      refuses(t, await refresh(wiki, first.refresh_token), 400, 'invalid_grant', '26')
      t.equal((await refresh(wiki, answer.json().refresh_token)).json().token_type, 'Bearer')
    },
  )

  await t.test('a code that was asked for by a key is good for that key alone', async (t) => {
    const code = await codeOf(spa, { dpop_jkt: prover.jkt })
    refuses(t, await redeemWith(credentialsOf(spa), code), 400, 'invalid_grant')
    refuses(t, await redeemWith(credentialsOf(spa), code, stranger), 400, 'invalid_grant')
    t.equal((await redeemWith(credentialsOf(spa), code, prover)).status, 200)
    const push = async (by: Prover, change: Record<string, string> = {}) => {
      const asked = Object.fromEntries(new URL(requestOf(service, spa, { scope: 'openid', ...change })).searchParams)
      return post(service, '/oauth/par', asked, { dpop: await by.prove({ url: `${issuer}/oauth/par` }) })
    }
    refuses(t, await push(prover, { dpop_jkt: stranger.jkt }), 400, 'invalid_dpop_proof')
    const { request_uri } = (await push(prover)).json()
    const query = new URLSearchParams({ client_id: spa.client_id, request_uri })
    const pushed = (await letIn(browser, `${issuer}/oauth/authorize?${String(query)}`))['code']!
    refuses(t, await redeemWith(credentialsOf(spa), pushed, stranger), 400, 'invalid_grant', 'by what was pushed')
    t.equal((await redeemWith(credentialsOf(spa), pushed, prover)).status, 200)
    const odd = await browser.visit(requestOf(service, spa, { dpop_jkt: 'x' }))
    t.match(odd.url, 'error=invalid_request')
  })

  await t.test('60: userinfo takes a bound token with its proof, and never as Bearer', async (t) => {
    const { access_token: token } = (await redeemWith(credentialsOf(spa), await codeOf(spa), prover)).json()
    const url = `${issuer}/oauth/userinfo`
    const told = async (headers: Record<string, string>) => service.call('/oauth/userinfo', { headers })
    const proof = await prover.prove({ method: 'GET', url, token })
    const answer = await told({ authorization: `DPoP ${token}`, dpop: proof })
    t.match([answer.status, answer.json()], [200, { sub: ada.id }])
    const replay = await told({ authorization: `DPoP ${token}`, dpop: proof })
    t.match(
      [replay.status, replay.json(), replay.headers['www-authenticate']],
      [401, { error: 'invalid_dpop_proof' }, /^DPoP .*algs=/],
    )
    const plain = await told({ ...bearer(token), dpop: await prover.prove({ method: 'GET', url, token }) })
    t.match([plain.status, plain.json()], [401, { error: 'invalid_token' }])
    const form = await service.call('/oauth/userinfo', { method: 'POST', form: { access_token: token } })
    t.equal(form.status, 401)
    const { access_token: unbound } = (await redeem(service, wiki, { code: await codeOf(wiki) })).json()
    const odd = await told({
      authorization: `DPoP ${unbound}`,
      dpop: await prover.prove({ method: 'GET', url, token: unbound }),
    })
    t.match([odd.status, odd.json()], [401, { error: 'invalid_token' }])
  })

  await t.test('the API takes a bound token of a person with its proof, and never as Bearer', async (t) => {
    const { refreshToken } = await service.signIn(ada)
    const form = { grant_type: 'refresh_token', client_id: 'gatehouse', refresh_token: refreshToken }
    const answer = await post(service, '/oauth/token', form, { dpop: await proofFor(prover) })
    const { access_token: token } = answer.json()
    const url = `${issuer}/api/users/me`
    const me = async (headers: Record<string, string>) => service.call('/api/users/me?x=1', { headers })
    t.equal((await me(bearer(token))).status, 401, 'nor where nobody has seen it yet')
    const proof = await prover.prove({ method: 'GET', url, token })
    const headers = { authorization: `DPoP ${token}`, dpop: proof }
    t.equal((await me(headers)).status, 200, 'whatever the query')
    const right = { authorization: `DPoP ${token}`, dpop: await prover.prove({ method: 'GET', url, token }) }
    t.match((await service.call('/api/users/me', { headers: right })).json(), { id: ada.id })
    const replay = await service.call('/api/users/me', { headers: right })
    t.match(
      [replay.status, replay.json().code, replay.headers['www-authenticate']],
      [401, 'invalid_dpop_proof', /^DPoP/],
    )
    for (const wrong of [{ claims: { ath: 'x' } }, { url: tokenUrl }, { method: 'POST' }]) {
      const dpop = await prover.prove({ method: 'GET', url, token, ...wrong })
      t.equal((await service.call('/api/users/me', { headers: { authorization: `DPoP ${token}`, dpop } })).status, 401)
    }
    const plain = await service.call('/api/users/me', { headers: bearer(token) })
    t.match([plain.status, plain.json().code], [401, 'invalid_access_token'])
    const { accessToken: unbound } = await service.signIn(ada)
    const dpop = await prover.prove({ method: 'GET', url, token: unbound })
    const odd = await service.call('/api/users/me', { headers: { authorization: `DPoP ${unbound}`, dpop } })
    t.match([odd.status, odd.json().code], [401, 'invalid_access_token'])
  })

  await t.test('a client that is registered for it gets no token without a proof', async (t) => {
    const strict = await register(service, { scopes: [], dpop_bound_access_tokens: true })
    refuses(t, await grant(service, strict), 400, 'invalid_dpop_proof')
    const form = { grant_type: 'client_credentials', ...strict }
    const answer = await post(service, '/oauth/token', form, { dpop: await proofFor(prover) })
    t.match([answer.status, answer.json().token_type], [200, 'DPoP'])
  })
})

void test('where a nonce is demanded, a proof without one brings it and nothing else', async (t) => {
  const service = await startProvider(t, { yaml: { hosts, dpop: { nonce: 'everywhere' } } })
  const { clock, issuer } = service
  const url = `${issuer}/oauth/token`
  const job = await register(service, { audiences: ['app'], scopes: [] })
  const prover = await createProver(clock)
  const form = { grant_type: 'client_credentials', ...job }
  const first = await post(service, '/oauth/token', form, { dpop: await prover.prove({ url }) })
  refuses(t, first, 400, 'use_dpop_nonce')
  const nonce = String(first.headers['dpop-nonce'])
  const { access_token: token } = (
    await post(service, '/oauth/token', form, { dpop: await prover.prove({ url, nonce }) })
  ).json()
  const question = async (held?: string) => {
    const dpop = await prover.prove({ method: 'GET', url: `${app}/x`, token, nonce: held })
    const headers = { ...asks({ host: 'app.example.test', path: '/x' }), authorization: `DPoP ${token}`, dpop }
    return service.call('/forward-auth', { headers })
  }
  const denied = await question()
  t.match([denied.status, denied.headers['www-authenticate']], [401, /^DPoP .*error="use_dpop_nonce"/])
  t.equal((await question(String(denied.headers['dpop-nonce']))).status, 200)
})
