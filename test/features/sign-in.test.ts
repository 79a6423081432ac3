import { test } from 'tap'
import { type Answer, asks, bearer, startService } from '../support/service.ts'

/** The attributes of one cookie that was set, lower case. */
function attributesOf(answer: Answer, name: string): string[] {
  const line = [answer.headers['set-cookie'] ?? []].flat().find((cookie) => cookie.startsWith(`${name}=`))
  return (line ?? '').split('; ').slice(1)
}
const cookiesOf = (answer: Answer) =>
  Object.entries(answer.cookies)
    .map(([name, value]) => `${name}=${value}`)
    .join('; ')

void test('signing in, refreshing and signing out', async (t) => {
  const service = await startService(t)
  const ada = await service.createUser({ roles: ['admin'] })
  const logIn = (change: object = {}, headers: Record<string, string> = {}) =>
    service.call('/api/auth/login', {
      method: 'POST',
      headers,
      json: { email: ada.email, password: ada.password, ...change },
    })
  const refresh = (cookie?: string, json?: object, headers: Record<string, string> = {}) =>
    service.call('/api/auth/refresh', {
      method: 'POST',
      headers: { ...headers, ...(cookie && { cookie }) },
      ...(json && { json }),
    })
  const isLive = async (token: string) =>
    (await service.call('/forward-auth', { headers: { ...asks({ path: '/x' }), ...bearer(token) } })).status === 200

  await t.test('by default both secrets come as cookies that scripts cannot read', async (t) => {
    const answer = await logIn()
    t.equal(answer.status, 200)
    t.equal(answer.headers['cache-control'], 'no-store')
    t.match(answer.json(), { token_type: 'Bearer', expires_in: 300, access_token: /^[\w-]+\.[\w-]+\.[\w-]+$/ })
    t.same(answer.json().user, { id: ada.id, email: ada.email, username: null, name: 'Ada Lovelace', roles: ['admin'] })
    t.notOk('refresh_token' in answer.json())
    t.same(Object.keys(answer.cookies), ['gatehouse', 'gatehouse_device', 'gatehouse_refresh'])
    const session = attributesOf(answer, 'gatehouse')
    for (const attribute of ['HttpOnly', 'SameSite=Lax', 'Path=/']) t.ok(session.includes(attribute), attribute)
    const rotating = attributesOf(answer, 'gatehouse_refresh')
    for (const attribute of ['HttpOnly', 'SameSite=Strict', 'Path=/']) t.ok(rotating.includes(attribute))
    for (const attribute of ['HttpOnly', 'SameSite=Strict', 'Path=/']) {
      t.ok(attributesOf(answer, 'gatehouse_device').includes(attribute))
    }
    t.notMatch(service.logged(), answer.cookies['gatehouse'])
    t.notMatch(service.logged(), answer.json().access_token)
  })
  await t.test('on request the refresh token comes in the body, and its successor too', async (t) => {
    const answer = await logIn({ token_delivery: 'body' })
    t.same(Object.keys(answer.cookies), ['gatehouse', 'gatehouse_device'])
    const first = answer.json().refresh_token
    const next = await refresh(undefined, { refresh_token: first })
    t.equal(next.status, 200)
    t.match(next.headers, { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' })
    t.same(next.cookies, {})
    t.match(next.json(), { token_type: 'Bearer', expires_in: 300, user: { id: ada.id } })
    t.not(next.json().refresh_token, first)
    t.ok(await isLive(next.json().access_token))
  })
  await t.test('a refresh cookie is answered by a cookie', async (t) => {
    const signedIn = await logIn()
    const answer = await refresh(cookiesOf(signedIn))
    t.equal(answer.status, 200)
    t.same(Object.keys(answer.cookies), ['gatehouse_refresh'])
    const former = 'gatehouse_refresh=; Max-Age=0; Path=/api/auth; Expires=Thu, 01 Jan 1970 00:00:00 GMT'
    t.ok(String(answer.headers['set-cookie']).includes(former), 'the one that earlier releases set on a path goes')
    t.not(answer.cookies['gatehouse_refresh'], signedIn.cookies['gatehouse_refresh'])
    t.notOk('refresh_token' in answer.json())
    t.equal((await refresh(cookiesOf(answer))).status, 200)
  })
  await t.test('an invalid refresh token gets 401 and the cookies cleared', async (t) => {
    const [without, answer] = [await refresh(undefined), await refresh('gatehouse_refresh=unknown')]
    for (const { status, headers, json } of [without, answer]) {
      t.equal(status, 401)
      t.equal(json().code, 'invalid_refresh_token')
      t.match(headers, {
        'www-authenticate': /^Bearer /,
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
      })
    }
    t.same(answer.cookies, { gatehouse: '', gatehouse_refresh: '' })
    t.match(attributesOf(answer, 'gatehouse').join(), 'Expires=Thu, 01 Jan 1970')
    t.same(without.cookies, {}, 'whoever has no refresh cookie may have a session all the same')
    const signedIn = await logIn()
    const fromBody = await refresh(cookiesOf(signedIn), { refresh_token: 'unknown' })
    t.equal(fromBody.status, 401)
    t.same(fromBody.cookies, {}, 'a bad token in the body says nothing about the browser’s cookies')
  })
  await t.test('the session is ended by each of its credentials, and the answer is always 204', async (t) => {
    const out = (headers: Record<string, string>) => service.call('/api/auth/logout', { method: 'POST', headers })
    const credentials: ((answer: Answer) => Record<string, string>)[] = [
      (answer) => ({ cookie: `gatehouse=${answer.cookies['gatehouse']}` }),
      (answer) => ({ cookie: `gatehouse_refresh=${answer.cookies['gatehouse_refresh']}` }),
      (answer) => bearer(answer.json().access_token),
    ]
    for (const credential of credentials) {
      const signedIn = await logIn()
      t.ok(await isLive(signedIn.json().access_token))
      const answer = await out(credential(signedIn))
      t.equal(answer.status, 204)
      t.same(answer.cookies, { gatehouse: '', gatehouse_refresh: '' })
      t.notOk(await isLive(signedIn.json().access_token))
      t.equal((await refresh(cookiesOf(signedIn))).status, 401)
    }
    t.equal((await out({})).status, 204)
    t.equal((await out({ cookie: 'gatehouse=unknown', ...bearer('unknown') })).status, 204)
    const signedIn = await logIn()
    const { access_token: token } = signedIn.json()
    const next = (await refresh(cookiesOf(signedIn))).json().access_token
    await service.call('/oauth/revoke', { method: 'POST', form: { client_id: 'gatehouse', token } })
    t.equal((await out(bearer(token))).status, 204)
    t.notOk(await isLive(token))
    t.ok(await isLive(next), 'a token that was revoked ends nothing any more')
    t.equal((await out(bearer(next))).status, 204)
    t.notOk(await isLive(next))
  })
  await t.test(
    'the page for signing out ends the session of each cookie, also of a refresh cookie alone',
    async (t) => {
      const [first, second] = [await logIn(), await logIn()]
      const refreshCookie = `gatehouse_refresh=${second.cookies['gatehouse_refresh']}`
      for (const held of [refreshCookie, `gatehouse=${first.cookies['gatehouse']}; ${refreshCookie}`]) {
        const page = await service.call('/logout', { headers: { cookie: held } })
        t.match(page.body, 'Sign out?')
        const csrf_token = /name="csrf_token" value="([\w-]+)"/.exec(page.body)![1]!
        const cookie = `${held}; gatehouse_csrf=${page.cookies['gatehouse_csrf']}`
        t.equal(
          (await service.call('/logout', { method: 'POST', headers: { cookie }, form: { csrf_token } })).status,
          303,
        )
        t.equal((await refresh(refreshCookie)).status, 401)
      }
      for (const ended of [first, second]) t.notOk(await isLive(ended.json().access_token))
      t.match((await service.call('/logout')).body, 'You are not signed in')
    },
  )
  await t.test('unknown, wrong, disabled and password-less get the same answer', async (t) => {
    const [disabled, bare] = [await service.createUser(), 'bare@example.test']
    await service.operate('PUT', `/users/${disabled.id}/status`, { status: 'disabled' })
    await service.operate('POST', '/users', { email: bare, name: 'Bare', roles: [] })
    const answers = await Promise.all([
      logIn({ email: 'nobody@example.test' }),
      logIn({ password: 'not the password' }),
      logIn({ email: disabled.email, password: disabled.password }),
      logIn({ email: bare, password: 'anything at all' }),
    ])
    for (const answer of answers) {
      t.equal(answer.status, 401)
      t.match(answer.headers['www-authenticate'], /^Bearer /)
      t.equal(answer.headers['cache-control'], 'no-store')
      t.same(answer.cookies, {})
      const { request_id, ...problem } = answer.json()
      t.type(request_id, 'string')
      const detail = 'The email address or the password is wrong.'
      t.same(problem, { type: 'about:blank', title: 'Unauthorized', status: 401, code: 'invalid_credentials', detail })
    }
  })
  await t.test('another site cannot use the browser’s cookies, an allowed origin can', async (t) => {
    const cookie = cookiesOf(await logIn())
    const foreign: Record<string, string>[] = [
      ...[{ origin: 'https://evil.test' }, { origin: 'null' }, { 'sec-fetch-site': 'cross-site' }],
    ]
    for (const headers of foreign) {
      const withCookie = { cookie, ...headers }
      const answers = [
        await refresh(cookie, undefined, headers),
        await logIn({}, headers),
        await service.call('/api/auth/logout', { method: 'POST', headers: withCookie }),
        await service.call('/api/users/me', { method: 'PATCH', headers: withCookie, json: { name: 'Eve' } }),
      ]
      for (const answer of answers) {
        t.equal(answer.status, 403)
        t.equal(answer.json().code, 'cross_site_request')
      }
    }
    t.equal((await refresh(cookie, undefined, { origin: service.issuer })).status, 200)
  })
  await t.test('the page signs in, and leads back only to hosts that the configuration knows', async (t) => {
    const targets: Record<string, string> = {
      'http://app.example.test/reports?y=1': 'http://app.example.test/reports?y=1',
      '/docs': '/docs',
      'https://evil.test/': '/',
      '//evil.test/': '/',
      '/\\evil.test/': '/',
    }
    for (const [wanted, location] of Object.entries(targets)) {
      const page = await service.call(`/login?return_to=${encodeURIComponent(wanted)}`)
      const csrf_token = /name="csrf_token" value="([\w-]+)"/.exec(page.body)![1]!
      const form = { csrf_token, return_to: wanted, email: ada.email, password: ada.password }
      const answer = await service.call('/login', {
        method: 'POST',
        headers: { cookie: `gatehouse_csrf=${page.cookies['gatehouse_csrf']}` },
        form,
      })
      t.equal(answer.status, 303)
      t.equal(answer.headers['location'], location)
      t.ok(answer.cookies['gatehouse'])
      t.equal((await service.call('/login', { method: 'POST', form })).status, 403, 'without the form’s cookie')
    }
  })
  await t.test('bytes that no address can hold are a wrong password, not a fault', async (t) => {
    const page = await service.call('/login')
    const csrf = /name="csrf_token" value="([\w-]+)"/.exec(page.body)![1]!
    for (const email of ['ada%00@example.test', '%00', '%F0%9F%A6%89']) {
      const answer = await service.call('/login', {
        method: 'POST',
        headers: { cookie: `gatehouse_csrf=${page.cookies['gatehouse_csrf']}` },
        form: `csrf_token=${csrf}&email=${email}&password=guess`,
      })
      t.equal(answer.status, 422, email)
    }
    for (const email of ['ada\u0000@example.test', '\ud800@example.test', '\u0000']) {
      t.equal((await logIn({ email })).status, 400, JSON.stringify(email))
    }
  })
})

void test('the limits on testing passwords', async (t) => {
  const yaml = {
    limits: { requests_per_minute: 1_000, secret_tests_per_minute: 30, failures_per_account: 5, failures_per_pair: 5 },
  }
  await t.test('200 parallel guesses get no more evaluations than the limit, under any spelling', async (t) => {
    const limits = { ...yaml.limits, secret_tests_per_minute: 1_000 }
    const service = await startService(t, { yaml: { limits } })
    const ada = await service.createUser({ email: 'ada@example.test' })
    const guess = (email: string, password = 'a wrong guess') =>
      service.call('/api/auth/login', { method: 'POST', json: { email, password } })
    const spellings = ['ada@example.test', 'ADA@example.test', 'Ada@Example.TEST']
    const answers = await Promise.all(Array.from({ length: 200 }, (_, i) => guess(spellings[i % 3]!)))
    const evaluated = answers.filter(({ status }) => status === 401)
    t.equal(evaluated.length, 5)
    const refused = answers.find(({ status }) => status === 429)!
    t.equal(answers.filter(({ status }) => status === 429).length, 195)
    t.equal(refused.json().code, 'too_many_requests')
    t.match(refused.headers, { 'retry-after': /^\d+$/, 'ratelimit-limit': String, 'ratelimit-reset': String })
    t.ok(Number(refused.headers['retry-after']) > 800, 'as long as the account’s window')
    t.equal((await guess(ada.email, ada.password)).status, 429, 'the right password waits too')
    service.clock.advance(915)
    t.equal((await guess(ada.email, ada.password)).status, 200)
    for (let i = 0; i < 8; i++) {
      t.equal((await guess(ada.email)).status, 401)
      t.equal((await guess(ada.email, ada.password)).status, 200, 'a success clears what was counted')
    }
  })
  await t.test('an address is limited over all accounts, and told when to come back', async (t) => {
    const service = await startService(t, { yaml })
    const guess = (i: number) =>
      service.call('/api/auth/login', { method: 'POST', json: { email: `u${i}@example.test`, password: 'guess' } })
    const first = await guess(0)
    t.match(first.headers, { 'ratelimit-limit': '30', 'ratelimit-remaining': '29', 'ratelimit-reset': /^\d+$/ })
    for (let i = 1; i < 30; i++) t.equal((await guess(i)).status, 401)
    const refused = await guess(30)
    t.equal(refused.status, 429)
    t.equal(refused.json().code, 'too_many_requests')
    t.match(refused.headers, { 'retry-after': '60', 'ratelimit-remaining': '0', 'ratelimit-reset': '60' })
    service.clock.advance(60)
    t.equal((await guess(31)).status, 401)
  })
})

void test('on https the cookies carry the prefixes that other hosts cannot set', async (t) => {
  const login = async (environment: Record<string, string>) => {
    const service = await startService(t, { environment })
    const { email, password } = await service.createUser()
    return service.call('/api/auth/login', { method: 'POST', json: { email, password } })
  }
  const plain = await login({ GATEHOUSE_ISSUER: 'https://auth.example.test' })
  t.same(Object.keys(plain.cookies), ['__Host-gatehouse', '__Host-gatehouse_device', '__Host-gatehouse_refresh'])
  for (const name of Object.keys(plain.cookies)) t.ok(attributesOf(plain, name).includes('Secure'), name)
  const shared = await login({
    GATEHOUSE_ISSUER: 'https://auth.example.test',
    GATEHOUSE_COOKIE_DOMAIN: 'example.test',
  })
  t.same(Object.keys(shared.cookies), ['__Secure-gatehouse', '__Host-gatehouse_device', '__Host-gatehouse_refresh'])
  t.ok(attributesOf(shared, '__Secure-gatehouse').includes('Domain=example.test'))
  t.notMatch(attributesOf(shared, '__Host-gatehouse_refresh').join(), 'Domain', 'the refresh cookie stays here')
})
