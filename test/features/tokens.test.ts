import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import { test } from 'tap'
import { backends } from '../support/backends.ts'
import { atTheEdge, beginFamily, grant, introspect, register } from '../support/oauth.ts'
import { asks, bearer, type Service, startService, type TestUser } from '../support/service.ts'

const day = 86_400

function refresh(service: Service, refreshToken: string) {
  return service.call('/api/auth/refresh', { method: 'POST', json: { refresh_token: refreshToken } })
}
function exchange(service: Service, form: Record<string, string>) {
  return service.call('/oauth/token', { method: 'POST', form: { grant_type: 'refresh_token', ...form } })
}
/** The header and claims of a token, verified as any resource server would, at the test's time. */
async function verifyToken(service: Service, token: string) {
  const set = (await service.call('/.well-known/jwks.json')).json()
  return jwtVerify(token, createLocalJWKSet(set), {
    issuer: service.issuer,
    audience: service.issuer,
    typ: 'at+jwt',
    algorithms: ['ES256'],
    currentDate: new Date(service.clock.now()),
  })
}

for (const backend of backends) {
  void test(`an access token says all that the contract promises, on ${backend.name} stores`, async (t) => {
    const service = await startService(t, { backend })
    await service.operate('PUT', '/roles/editor', { permissions: ['reports:write', 'reports:read'] })
    const ada = await service.createUser({ roles: ['admin', 'editor'] })
    service.clock.advance(5)
    const { accessToken, refreshToken } = await service.signIn(ada)
    const { protectedHeader, payload } = await verifyToken(service, accessToken)
    t.same(Object.keys(protectedHeader).toSorted(), ['alg', 'kid', 'typ'])
    t.equal(protectedHeader.typ, 'at+jwt')
    const now = Math.floor(service.clock.now() / 1000)
    const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
    t.match(payload, { jti: uuid, sid: uuid })
    const { jti, sid, ...rest } = payload
    t.same(rest, {
      iss: service.issuer,
      sub: ada.id,
      aud: service.issuer,
      exp: now + 300,
      iat: now,
      client_id: 'gatehouse',
      auth_time: now,
      acr: 'aal1',
      amr: ['pwd'],
      roles: ['admin', 'editor'],
      permissions: ['reports:read', 'reports:write'],
    })

    await t.test('whoever has no role has none in it, rather than an empty list', async (t) => {
      const { accessToken: plain } = await service.signIn(await service.createUser())
      const claims = (await verifyToken(service, plain)).payload
      const told = await introspect(service, await register(service), plain)
      for (const said of [claims, told[1]]) t.same(['roles' in said, 'permissions' in said], [false, false])
    })
    await t.test('a refreshed one keeps the session and the time of the sign-in', async (t) => {
      service.clock.advance(60)
      const next = (await verifyToken(service, (await refresh(service, refreshToken)).json().access_token)).payload
      t.match(next, { sid, sub: ada.id, auth_time: now, amr: ['pwd'], iat: now + 60, exp: now + 360 })
      t.not(next.jti, jti)
    })
    await t.test('that of a client has the same header, and names the client as its subject', async (t) => {
      const client = await register(service)
      const { protectedHeader: header, payload } = await verifyToken(
        service,
        (await grant(service, client)).json().access_token,
      )
      t.same(header, protectedHeader)
      const { client_id } = client
      t.match(payload, { iss: service.issuer, sub: client_id, client_id, exp: Number, iat: Number, jti: uuid })
    })
    await t.test('it is refused from the second it expires, everywhere', async (t) => {
      const { accessToken: fresh } = await service.signIn(ada)
      const profile = async () => (await service.call('/api/users/me', { headers: bearer(fresh) })).status
      service.clock.advance(299)
      t.same([await atTheEdge(service, fresh), await profile()], [200, 200])
      service.clock.advance(1)
      t.same([await atTheEdge(service, fresh), await profile()], [401, 401])
      const told = await service.call('/api/users/me', { headers: bearer(fresh) })
      t.match(told.json(), { status: 401, code: 'access_token_expired' }, 'and the API says why')
      t.equal(
        told.headers['www-authenticate'],
        'Bearer realm="gatehouse", error="invalid_token", error_description="expired"',
      )
      const [head, payload] = fresh.split('.')
      const forged = await service.call('/api/users/me', { headers: bearer(`${head}.${payload}.${'A'.repeat(86)}`) })
      t.equal(forged.json().code, 'invalid_access_token', 'of what it has not signed it says nothing')
    })
    await t.test('an identity assertion is no access token', async (t) => {
      const { accessToken: fresh } = await service.signIn(ada)
      const headers = { ...asks({ path: '/reports' }), ...bearer(fresh) }
      const answer = await service.call('/forward-auth', { headers })
      const assertion = String(answer.headers['x-auth-assertion'])
      t.equal(decodeProtectedHeader(assertion).typ, 'identity-assertion+jwt')
      t.equal(await atTheEdge(service, assertion), 401)
      t.equal((await service.call('/api/users/me', { headers: bearer(assertion) })).status, 401)
    })
  })

  void test(`rotating refresh tokens on ${backend.name} stores`, async (t) => {
    const service = await startService(t, { backend })
    const signIn = async (user?: TestUser) => service.signIn(user ?? (await service.createUser()))

    await t.test('20 parallel refreshes get one answer, word for word, and its token lives on', async (t) => {
      const { refreshToken } = await signIn()
      const answers = await Promise.all(Array.from({ length: 20 }, () => refresh(service, refreshToken)))
      for (const answer of answers) {
        t.equal(answer.status, 200)
        t.equal(answer.body, answers[0]!.body)
      }
      const [{ access_token, refresh_token }] = [answers[0]!.json()]
      t.equal(await atTheEdge(service, access_token), 200)
      t.equal((await refresh(service, refresh_token)).status, 200)
    })
    await t.test('a retry within ten seconds gets the same answer, a later use ends the session', async (t) => {
      const { refreshToken, cookie } = await signIn()
      const first = await refresh(service, refreshToken)
      service.clock.advance(9)
      const retry = await refresh(service, refreshToken)
      t.equal(retry.status, 200)
      t.equal(retry.body, first.body)
      const { access_token, refresh_token } = first.json()
      t.equal(await atTheEdge(service, access_token), 200)
      service.clock.advance(1)
      const stolen = await refresh(service, refreshToken)
      t.equal(stolen.status, 401)
      t.equal(stolen.json().code, 'invalid_refresh_token')
      t.equal(await atTheEdge(service, access_token), 401)
      t.equal((await refresh(service, refresh_token)).status, 401, 'the whole family is gone')
      t.equal((await service.call('/api/users/me', { headers: { cookie } })).status, 401)
      t.match(service.logged(), /"event":"refresh.reused"/)
      t.notMatch(service.logged(), refreshToken)
    })
    await t.test(
      'a session in use by refresh tokens alone outlives its idle time; rotation never moves its absolute end',
      async (t) => {
        const { refreshToken } = await signIn()
        let token = refreshToken
        const dead: string[] = []
        for (let days = 6; days < 90; days += 6) {
          service.clock.advance(6 * day)
          const answer = await refresh(service, token)
          if (answer.status !== 200) dead.push(`day ${days}: refresh ${answer.status}`)
          const { access_token, refresh_token } = answer.json()
          const status = await atTheEdge(service, access_token)
          if (status !== 200) dead.push(`day ${days}: its access token ${status}`)
          token = refresh_token
        }
        t.same(dead, [])
        service.clock.advance(6 * day)
        t.equal((await refresh(service, token)).status, 401, 'rotation never reaches past day 90')
      },
    )
    await t.test('a refresh keeps its session alive for the idle time, and no longer', async (t) => {
      const service = await startService(t, { backend, yaml: { sessions: { idle_ttl_seconds: 1_000 } } })
      const user = await service.createUser()
      for (const [seconds, status] of [
        [999.999, 200],
        [1_000, 401],
      ] as const) {
        const { refreshToken, cookie } = await service.signIn(user)
        service.clock.advance(500)
        t.equal((await refresh(service, refreshToken)).status, 200)
        service.clock.advance(seconds)
        t.equal((await service.call('/api/users/me', { headers: { cookie } })).status, status)
      }
    })
    await t.test('a refresh token that nobody used for 30 days is dead', async (t) => {
      const yaml = { sessions: { idle_ttl_seconds: 90 * day } }
      const patient = await startService(t, { backend, yaml })
      const [early, late] = [await patient.createUser(), await patient.createUser()]
      const [first, second] = [await patient.signIn(early), await patient.signIn(late)]
      patient.clock.advance(30 * day - 1)
      t.equal((await refresh(patient, first.refreshToken)).status, 200)
      patient.clock.advance(1)
      t.equal((await refresh(patient, second.refreshToken)).status, 401)
    })
    await t.test('the absolute end of a family survives rotation, and nothing is issued beyond it', async (t) => {
      const yaml = { tokens: { refresh_absolute_ttl_seconds: 3 * day, refresh_idle_ttl_seconds: 2 * day } }
      const short = await startService(t, { backend, yaml })
      let { refreshToken: token } = await short.signIn(await short.createUser())
      for (let days = 1; days < 3; days++) {
        short.clock.advance(day)
        token = (await refresh(short, token)).json().refresh_token
      }
      short.clock.advance(day - 1)
      const last = await refresh(short, token)
      t.equal(last.status, 200)
      short.clock.advance(1)
      t.equal((await refresh(short, last.json().refresh_token)).status, 401)
    })
    await t.test('an access token names no end beyond that of its session, which verifiers cannot see', async (t) => {
      const yaml = { sessions: { absolute_ttl_seconds: 600, idle_ttl_seconds: 600 } }
      const short = await startService(t, { backend, yaml })
      const ends = Math.floor(short.clock.now() / 1000) + 600
      const { refreshToken } = await short.signIn(await short.createUser())
      short.clock.advance(500)
      const { access_token, expires_in } = (await refresh(short, refreshToken)).json()
      t.match((await verifyToken(short, access_token)).payload, { exp: ends })
      t.equal(expires_in, ends - Math.floor(short.clock.now() / 1000))
    })
    await t.test('the OAuth endpoint refreshes for the first-party client, in its own words', async (t) => {
      const { refreshToken } = await signIn()
      const form = { client_id: 'gatehouse', refresh_token: refreshToken }
      const answer = await exchange(service, form)
      t.equal(answer.status, 200)
      t.match(answer.json(), { token_type: 'Bearer', expires_in: 300, access_token: String, refresh_token: String })
      t.same((await exchange(service, form)).json(), answer.json(), 'and replays within the grace time')
      t.equal(await atTheEdge(service, answer.json().access_token), 200)
      service.clock.advance(10)
      const reused = await exchange(service, form)
      t.match([reused.status, reused.json()], [400, { error: 'invalid_grant' }])
      t.equal(await atTheEdge(service, answer.json().access_token), 401)
    })
    await t.test('a client’s refresh token', async (t) => {
      const [own, foreign] = [
        await register(service, { grants: ['refresh_token'] }),
        await register(service, { grants: ['refresh_token'] }),
      ]
      const begin = async () =>
        beginFamily(service, await service.createUser(), own.client_id, ['reports:read', 'reports:write'])

      await t.test('is worth nothing to another client, and unharmed by its try', async (t) => {
        const token = await begin()
        for (const client of [foreign, { client_id: 'gatehouse' }]) {
          const answer = await exchange(service, { ...client, refresh_token: token })
          t.match([answer.status, answer.json()], [400, { error: 'invalid_grant' }])
        }
        t.equal((await refresh(service, token)).status, 401, 'nor to the JSON API')
        t.equal((await exchange(service, { ...own, refresh_token: token })).status, 200)
      })
      await t.test('used 20 times at once gets one answer, and its successor works', async (t) => {
        const form = { ...own, refresh_token: await begin() }
        const answers = await Promise.all(Array.from({ length: 20 }, () => exchange(service, form)))
        t.same(new Set(answers.map(({ status }) => status)), new Set([200]))
        t.equal(new Set(answers.map(({ body }) => body)).size, 1)
        const { access_token, refresh_token } = answers[0]!.json()
        t.equal(await atTheEdge(service, access_token), 200)
        t.equal((await exchange(service, { ...own, refresh_token })).status, 200)
      })
      await t.test('may ask for less, and its successor still holds everything', async (t) => {
        const token = await begin()
        const wider = await exchange(service, { ...own, refresh_token: token, scope: 'reports:read admin' })
        t.match([wider.status, wider.json()], [400, { error: 'invalid_scope' }])
        const narrow = await exchange(service, { ...own, refresh_token: token, scope: 'reports:read' })
        t.equal(narrow.json().scope, 'reports:read')
        t.match((await verifyToken(service, narrow.json().access_token)).payload, { scope: 'reports:read' })
        const whole = await exchange(service, { ...own, refresh_token: narrow.json().refresh_token })
        t.equal(whole.json().scope, 'reports:read reports:write')
      })
      await t.test('does not widen to a resource that was never granted', async (t) => {
        const form = { ...own, refresh_token: await begin(), resource: 'https://elsewhere.example.test' }
        const answer = await exchange(service, form)
        t.match([answer.status, answer.json()], [400, { error: 'invalid_target' }])
      })
    })
  })
}
