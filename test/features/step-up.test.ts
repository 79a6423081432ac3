/** What changes a person's security needs a fresh proof of the person (RFC 9470), and how one is given. */
import { test } from 'tap'
import { auditRows } from '../support/audit.ts'
import { backends } from '../support/backends.ts'
import { claimsOf } from '../support/oauth.ts'
import { until } from '../support/patience.ts'
import { type Answer, asks, bearer, type Call, type Service, startService } from '../support/service.ts'

const keys = '/api/users/me/api-keys'
const yaml = {
  // So that a token outlives the freshness of its session.
  tokens: { access_ttl_seconds: 3_600 },
  limits: { requests_per_minute: 100_000, secret_tests_per_minute: 100_000, failures_per_account: 3 },
}
type Headers = Record<string, string>

const makeKey = (service: Service, headers: Headers) =>
  service.call(keys, { method: 'POST', headers, json: { name: 'Job', scopes: [] } })
const stepUp = (service: Service, headers: Headers, password: string, more: Call = {}) =>
  service.call('/api/auth/step-up', { method: 'POST', headers, json: { password }, ...more })
const status = async (answer: Promise<Answer>) => (await answer).status
const edge = (service: Service, headers: Headers) =>
  status(service.call('/forward-auth', { headers: { ...asks({ path: '/' }), ...headers } }))

for (const backend of backends) {
  void test(`step-up on ${backend.name} stores`, async (t) => {
    const service = await startService(t, { backend, yaml })
    const authTime = (token: string): number => claimsOf(token).auth_time
    const begin = async () => {
      const user = await service.createUser()
      const signedIn = await service.signIn(user)
      return { user, ...signedIn, cookies: { cookie: signedIn.cookie } }
    }

    await t.test('an API key needs a proof of the person that is at most five minutes old', async (t) => {
      const { user, accessToken, cookies } = await begin()
      service.clock.advance(300)
      t.equal(await status(makeKey(service, bearer(accessToken))), 201)
      service.clock.advance(1)
      for (const headers of [bearer(accessToken), cookies] as Headers[]) {
        const answer = await makeKey(service, headers)
        t.equal(answer.status, 401)
        const needed = { code: 'insufficient_user_authentication', acr_values: 'aal1', max_age: 300 }
        t.match(answer.json(), needed)
        t.equal(
          answer.headers['www-authenticate'],
          'Bearer realm="gatehouse", error="insufficient_user_authentication", acr_values="aal1", max_age="300"',
        )
        t.equal(await status(service.call(keys, { headers })), 200, 'they may be looked at')
      }
      const { id } = (await service.call(keys, { headers: cookies })).json()[0]
      const end = service.call(`${keys}/${id}`, { method: 'DELETE', headers: bearer(accessToken) })
      t.equal(await status(end), 204, 'and what takes rights away waits for no proof')
      t.equal(await status(stepUp(service, bearer(accessToken), user.password)), 200)
      t.equal(await status(makeKey(service, bearer(accessToken))), 201, 'the session is fresh, whatever the token says')
      service.clock.advance(301)
      t.equal(await status(makeKey(service, bearer(accessToken))), 401, 'and for as long as a sign-in is')
    })
    await t.test('so does what an administrator gives to anybody, and nothing that they take away', async (t) => {
      const admin = await service.createUser({ roles: ['admin'] })
      const { accessToken, cookie } = await service.signIn(admin)
      service.clock.advance(301)
      const documented = Object.entries(
        (await service.gatehouse.documentation()).swagger().paths as Record<string, object>,
      )
        .filter(([path]) => path.startsWith('/api/admin/'))
        .flatMap(([path, operations]) => Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`))
      const gives: string[] = []
      for (const route of documented) {
        const [method = '', path = ''] = route.split(' ')
        const filled = path.replaceAll(/\{\w+\}/g, 'nobody')
        const json = method === 'POST' || method === 'PUT' ? {} : undefined
        for (const headers of [bearer(accessToken), { cookie }] as Headers[]) {
          const answer = await service.call(filled, { method, headers, ...(json && { json }) })
          if (answer.status !== 401) continue
          t.match(answer.json(), { code: 'insufficient_user_authentication', acr_values: 'aal1', max_age: 300 }, route)
          gives.push(route)
        }
      }
      t.same([...new Set(gives)].toSorted(), [
        'POST /api/admin/api-keys',
        'POST /api/admin/client-registration-tokens',
        'POST /api/admin/clients',
        'POST /api/admin/clients/{client}/secret',
        'POST /api/admin/invitations',
        'POST /api/admin/roles',
        'POST /api/admin/users',
        'POST /api/admin/users/{user}/reset',
        'POST /api/admin/users/{user}/reset-factors',
        'PUT /api/admin/clients/{client}',
        'PUT /api/admin/clients/{client}/jwks',
        'PUT /api/admin/roles/{name}',
        'PUT /api/admin/roles/{name}/permissions',
        'PUT /api/admin/users/{user}/groups/{group}',
        'PUT /api/admin/users/{user}/password',
        'PUT /api/admin/users/{user}/roles/{role}',
        'PUT /api/admin/users/{user}/username',
      ])
      t.equal(gives.length, 34, 'by token and by cookie')
      const [ada, guest] = [await service.createUser(), { email: 'guest@example.test', roles: ['admin'] }]
      const ask = (path: string, json?: object) =>
        status(service.call(`/api/admin${path}`, { method: 'POST', headers: { cookie }, json }))
      t.same([await ask(`/users/${ada.id}/reset`), await ask('/invitations', guest)], [401, 401])
      const mails = await service.mails()
      const isMailed = (to: string) => mails.some((mail) => mail.includes(`To: ${to}`))
      t.same([ada.email, guest.email].filter(isMailed), [], 'and no link that opens an account leaves')
      t.equal(await status(stepUp(service, bearer(accessToken), admin.password)), 200)
      const json = { permissions: ['reports:read'] }
      const given = service.call('/api/admin/roles/clerk', { method: 'PUT', headers: bearer(accessToken), json })
      t.equal(await status(given), 200)
    })
    await t.test('the answer is a token with the new auth_time, and so is what is refreshed', async (t) => {
      const { user, accessToken, refreshToken } = await begin()
      service.clock.advance(1_000)
      const answer = await stepUp(service, bearer(accessToken), user.password)
      t.equal(answer.headers['cache-control'], 'no-store')
      const { access_token: proven, ...rest } = answer.json()
      t.match(rest, { token_type: 'Bearer', expires_in: 3_600, user: { id: user.id } })
      t.notOk('refresh_token' in rest)
      const now = Math.floor(service.clock.now() / 1000)
      t.equal(authTime(accessToken), now - 1_000)
      t.equal(authTime(proven), now)
      t.equal(claimsOf(proven).sid, claimsOf(accessToken).sid, 'the session is the same')
      t.match(claimsOf(proven), { acr: 'aal1', amr: ['pwd'] })
      const json = { refresh_token: refreshToken }
      const refreshed = (await service.call('/api/auth/refresh', { method: 'POST', json })).json()
      t.equal(authTime(refreshed.access_token), now)
      t.equal(await edge(service, bearer(accessToken)), 200, 'the earlier token is good for what it says')
    })
    await t.test('the cookie gets another value, and a copy of the one before is worth nothing', async (t) => {
      const { user, cookies } = await begin()
      t.equal(await edge(service, cookies), 200)
      const answer = await stepUp(service, cookies, user.password)
      const renewed = { cookie: `gatehouse=${answer.cookies['gatehouse']}` }
      t.not(renewed.cookie, cookies.cookie)
      t.same(Object.keys(answer.cookies), ['gatehouse'])
      t.equal(await edge(service, cookies), 401)
      t.equal(await status(makeKey(service, cookies)), 401)
      t.equal(await edge(service, renewed), 200)
      t.equal(await status(makeKey(service, renewed)), 201)
    })
    await t.test('wrong passwords are one budget with failed sign-ins, are audited, and prove nothing', async (t) => {
      const { user, accessToken } = await begin()
      service.clock.advance(301)
      const before = (await auditRows(service)).length
      for (let i = 0; i < 3; i++) {
        const answer = await stepUp(service, bearer(accessToken), 'not the password')
        t.match([answer.status, answer.json().code], [401, 'invalid_credentials'])
        t.same(answer.cookies, {})
      }
      t.equal(await status(makeKey(service, bearer(accessToken))), 401)
      const limited = await stepUp(service, bearer(accessToken), user.password)
      t.match([limited.status, limited.headers['ratelimit-limit']], [429, '3'])
      t.ok(Number(limited.headers['retry-after']) > 0)
      t.match((await stepUp(service, bearer(accessToken), 'again')).status, 429)
      const json = { email: user.email, password: user.password }
      t.equal(await status(service.call('/api/auth/login', { method: 'POST', json })), 429)
      const rows = (await auditRows(service)).slice(before)
      t.same(
        rows.map(({ event }) => event),
        ['step_up.failed', 'step_up.failed', 'step_up.failed', 'sign_in.limited'],
      )
      t.match(rows[0], { subject: user.id, sessionId: String, details: { reason: 'wrong_password' } })
      const other = await begin()
      t.equal(await status(stepUp(service, bearer(other.accessToken), other.user.password)), 200, 'nobody else’s')
      const proven = { event: 'step_up.succeeded', subject: other.user.id, details: { methods: ['pwd'] } }
      t.match((await auditRows(service)).at(-1), proven)
    })
    await t.test('of parallel guesses no more than the limit are told that they are wrong', async (t) => {
      const { accessToken } = await begin()
      const guesses = Array.from({ length: 20 }, (_, i) => stepUp(service, bearer(accessToken), `guess ${i}`))
      const told = (await Promise.all(guesses)).map((answer) => answer.status)
      t.same([told.filter((code) => code === 401).length, told.filter((code) => code === 429).length], [3, 17])
    })
    await t.test('nobody proves anything for somebody else', async (t) => {
      const { user, accessToken, cookies } = await begin()
      const other = await begin()
      const { key } = (await makeKey(service, bearer(accessToken))).json()
      t.match(await stepUp(service, bearer(key), user.password), { status: 403 }, 'a key')
      t.equal(await status(stepUp(service, {}, user.password)), 401, 'nobody')
      const foreign = { ...cookies, origin: 'https://evil.test' }
      t.equal(await status(stepUp(service, foreign, user.password)), 403, 'another site')
      service.clock.advance(301)
      t.equal(await status(stepUp(service, bearer(accessToken), other.user.password)), 200, 'the same password here')
      t.equal(await status(makeKey(service, bearer(other.accessToken))), 401, 'proves one session alone')
      for (const json of [{}, { password: '' }, { password: 1 }, { password: user.password, email: user.email }]) {
        t.equal(await status(stepUp(service, bearer(accessToken), '', { json })), 400, JSON.stringify(json))
      }
    })
    await t.test('a session that ends, or a password that changes, meanwhile is not proven', async (t) => {
      const { user, accessToken } = await begin()
      const { sid } = claimsOf(accessToken)
      const { sessions, users } = service.stores
      const known = (await users.findById(user.id))!
      const proof = {
        methods: ['pwd'],
        level: 'aal1' as const,
        authenticatedAt: new Date(service.clock.now()),
        secretHash: crypto.randomUUID(),
      }
      t.equal(await sessions.renew(sid, proof, 'the hash of another password'), undefined)
      t.equal(await sessions.renew(crypto.randomUUID(), proof, known.passwordHash), undefined)
      t.match(await sessions.renew(sid, proof, known.passwordHash), { id: sid, userId: user.id })
      await sessions.revoke(sid, 'logged_out', new Date(service.clock.now()))
      t.equal(await sessions.renew(sid, proof, known.passwordHash), undefined)
      t.equal(await status(stepUp(service, bearer(accessToken), user.password)), 401)
    })
    await t.test('fresh_seconds is a setting', async (t) => {
      const strict = await startService(t, { yaml: { ...yaml, sign_in: { fresh_seconds: 30 } } })
      const { accessToken } = await strict.signIn(await strict.createUser())
      strict.clock.advance(31)
      t.match((await makeKey(strict, bearer(accessToken))).json(), { status: 401, max_age: 30 })
    })
    if (service.backend.replica !== undefined) {
      await t.test('a proof and a dead cookie are known to the other replica', async (t) => {
        const second = await startService(t, { beside: service, yaml })
        const { user, accessToken, cookies } = await begin()
        t.equal(await edge(second, cookies), 200)
        service.clock.advance(301)
        t.equal(await status(makeKey(second, bearer(accessToken))), 401)
        const answer = await stepUp(service, cookies, user.password)
        const learns = [
          until('the other replica knows of the dead cookie', async () => (await edge(second, cookies)) === 401),
          until('and of the proof', async () => (await status(makeKey(second, bearer(accessToken)))) === 201),
        ]
        await Promise.all(learns)
        t.equal(await edge(second, { cookie: `gatehouse=${answer.cookies['gatehouse']}` }), 200)
      })
    }
  })
}

void test('the step-up page', async (t) => {
  const service = await startService(t, { yaml })
  const user = await service.createUser()
  const signedIn = await service.signIn(user)
  const wanted = 'http://app.example.test/reports?year=2026'
  const open = (cookie: string, path = `/step-up?return_to=${encodeURIComponent(wanted)}`) =>
    service.call(path, { headers: { cookie } })
  const tokenIn = (page: Answer) => /name="csrf_token" value="([^"]+)"/.exec(page.body)![1]!
  const submit = (cookie: string, form: Record<string, string>) =>
    service.call('/step-up', { method: 'POST', headers: { cookie }, form })

  await t.test('asks whoever is signed in, and leads everybody else to the sign-in', async (t) => {
    const page = await open(signedIn.cookie)
    t.equal(page.status, 200)
    t.match(page.headers['cache-control'], 'no-store')
    t.match(page.body, user.email)
    for (const cookie of ['', 'gatehouse=unknown']) {
      const answer = await open(cookie)
      t.match([answer.status, answer.headers['location']], [303, `/login?return_to=${encodeURIComponent(wanted)}`])
    }
  })
  await t.test('a right password leads back, with a new cookie, and only to hosts that are known', async (t) => {
    service.clock.advance(301)
    let { cookie } = signedIn
    for (const [return_to, location] of [
      [wanted, wanted],
      ['https://evil.test/', '/'],
      ['//evil.test', '/'],
      ['/step-up', '/step-up'],
    ] as const) {
      const page = await open(cookie)
      const csrf = `gatehouse_csrf=${page.cookies['gatehouse_csrf']}`
      const form = { csrf_token: tokenIn(page), return_to, password: user.password }
      const answer = await submit(`${cookie}; ${csrf}`, form)
      t.match([answer.status, answer.headers['location']], [303, location], return_to)
      const renewed = `gatehouse=${answer.cookies['gatehouse']}`
      t.not(renewed, cookie)
      cookie = renewed
    }
    t.equal(await status(makeKey(service, { cookie, origin: service.issuer })), 201)
  })
  await t.test('a form that was not shown to this browser, and a wrong password, prove nothing', async (t) => {
    const { cookie } = await service.signIn(user)
    const page = await open(cookie)
    const both = `${cookie}; gatehouse_csrf=${page.cookies['gatehouse_csrf']}`
    const form = { csrf_token: tokenIn(page), return_to: wanted, password: user.password }
    service.clock.advance(301)
    t.equal((await submit(both, { ...form, csrf_token: 'x' })).status, 403)
    t.equal((await submit(cookie, form)).status, 403)
    const wrong = await submit(both, { ...form, password: 'not the password' })
    t.equal(wrong.status, 422)
    t.match(wrong.body, /role="alert"[^>]*>The password is wrong\./)
    t.match(wrong.body, `value="${wanted}"`)
    t.notMatch(wrong.body, 'not the password')
    t.equal(await status(makeKey(service, { cookie })), 401)
    for (let i = 0; i < 2; i++) await submit(both, { ...form, password: `guess ${i}` })
    const limited = await submit(both, form)
    t.match([limited.status, limited.headers['retry-after']], [429, /^\d+$/])
    t.match(limited.body, /Too many failed tries/)
  })
})
