/** Where a person is signed in: what they see of it, what ends it, and how long it lasts. */
import { test } from 'tap'
import { auditRows } from '../support/audit.ts'
import { backends } from '../support/backends.ts'
import { type Answer, asks, bearer, type Service, startService, type TestUser } from '../support/service.ts'

const mine = '/api/users/me/sessions'
const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
const iPhone =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1'

function logIn(service: Service, user: TestUser, more: object = {}, headers: Record<string, string> = {}) {
  const json = { email: user.email, password: user.password, ...more }
  return service.call('/api/auth/login', { method: 'POST', headers, json })
}
const cookieOf = (answer: Answer, name = 'gatehouse') => ({ cookie: `${name}=${answer.cookies[name]}` })
const tokenOf = (answer: Answer) => bearer(answer.json().access_token)
const isLive = async (service: Service, headers: Record<string, string>) =>
  (await service.call('/api/users/me', { headers })).status === 200
const atTheEdge = async (service: Service, headers: Record<string, string>) =>
  (await service.call('/forward-auth', { headers: { ...asks({ path: '/' }), ...headers } })).status

for (const backend of backends) {
  void test(`a person’s own sessions on ${backend.name} stores`, async (t) => {
    const service = await startService(t, { backend })
    const replica = service.backend.replica === undefined ? service : await startService(t, { beside: service })
    const [user, other] = [await service.createUser(), await service.createUser()]
    const list = async (headers: Record<string, string>) => {
      const answer = await replica.call(mine, { headers })
      t.equal(answer.headers['cache-control'], 'no-store')
      return answer.json<{ id: string; device: string; ip: string; current: boolean; [name: string]: unknown }[]>()
    }
    const end = (headers: Record<string, string>, id = '') =>
      service.call(`${mine}${id && `/${id}`}`, { method: 'DELETE', headers })

    await t.test('are listed by device, address and use, with the present one marked', async (t) => {
      const began = new Date(service.clock.now()).toISOString()
      const phone = await logIn(service, user, {}, { 'user-agent': iPhone, 'x-forwarded-for': '2001:db8::7' })
      service.clock.advance(120)
      const desk = await logIn(service, user, {}, { 'user-agent': firefox, 'x-forwarded-for': '203.0.113.9' })
      await logIn(service, other)
      const shown = await list(cookieOf(desk))
      t.match(shown, [
        { device: 'Firefox on Linux', ip: '203.0.113.9', current: true, id: /^[\da-f-]{36}$/ },
        { device: 'Safari on iOS', ip: '2001:db8::7', current: false, created_at: began, last_seen_at: began },
      ])
      t.equal(shown.length, 2, 'nobody else’s')
      t.same(
        (await list(tokenOf(phone))).map(({ current }) => current),
        [false, true],
      )
      t.equal(await isLive(service, cookieOf(phone)), true)
      t.same((await list(cookieOf(phone))).map(({ device }) => device).toSorted(), [
        'Firefox on Linux',
        'Safari on iOS',
      ])
    })
    await t.test('end one by one, at once and everywhere', async (t) => {
      const [first, second] = [await logIn(service, user), await logIn(service, user)]
      const gone = (await list(cookieOf(first))).find(({ current }) => current)!
      t.equal((await end(cookieOf(second), gone.id)).status, 204)
      t.same([await isLive(service, tokenOf(first)), await atTheEdge(replica, cookieOf(first))], [false, 401])
      const { refresh_token } = (await logIn(service, user, { token_delivery: 'body' })).json()
      const itself = (await list(cookieOf(second))).find(({ current }) => current)!
      t.notOk((await list(cookieOf(second))).some(({ id }) => id === gone.id))
      for (const id of [gone.id, 'no-id', '01932c07-20a5-7e9c-8f5e-2b1d3a4c5e6f']) {
        t.match((await end(cookieOf(second), id)).json(), { status: 404, code: 'not_found' }, id)
      }
      const others = (await list(cookieOf(await logIn(service, other))))[0]!
      t.equal((await end(cookieOf(second), others.id)).status, 404, 'nobody else’s')
      const answer = await end(cookieOf(second), itself.id)
      t.equal(answer.status, 204)
      t.match(answer.headers['set-cookie'], [/^gatehouse=;/, /^gatehouse_refresh=;/], 'which signs this browser out')
      t.notOk(await isLive(service, cookieOf(second)))
      const refreshed = await service.call('/api/auth/refresh', { method: 'POST', json: { refresh_token } })
      t.equal(refreshed.status, 200, 'the others go on')
    })
    await t.test('all others end together, with what other browsers are known by', async (t) => {
      const person = await service.createUser()
      const [here, there] = [await logIn(service, person), await logIn(service, person, { token_delivery: 'body' })]
      const devices = [here, there].map((answer) => cookieOf(answer, 'gatehouse_device').cookie)
      const cookie = `${cookieOf(here).cookie}; ${devices[0]}`
      t.equal((await end({ cookie })).status, 204)
      t.same([await isLive(service, { cookie }), await isLive(service, tokenOf(there))], [true, false])
      const { refresh_token } = there.json()
      t.equal((await service.call('/api/auth/refresh', { method: 'POST', json: { refresh_token } })).status, 401)
      // Whoever guesses locks out whom nothing is known of any more.
      for (let at = 0; at < 6; at++) await logIn(service, person, { password: 'a wrong guess' })
      const statuses = []
      for (const known of devices) statuses.push((await logIn(service, person, {}, { cookie: known })).status)
      t.same(statuses, [200, 429])
      const rows = (await auditRows(service, ...(replica === service ? [] : [replica]))).filter(
        ({ subject }) => subject === person.id,
      )
      t.match(
        rows.find(({ event }) => event === 'sessions.ended'),
        { actor: person.id, details: { reason: 'ended_by_person', ended: 1 } },
      )
    })
    await t.test('are nobody’s who has not signed in', async (t) => {
      const { accessToken } = await service.signIn(user)
      const made = await service.call('/api/users/me/api-keys', {
        method: 'POST',
        headers: bearer(accessToken),
        json: { name: 'Job', scopes: [] },
      })
      for (const headers of [{}, { cookie: 'gatehouse=made-up' }]) t.equal((await end(headers)).status, 401)
      t.equal((await end({ 'x-api-key': made.json().key })).status, 403, 'a program ends no sessions')
      const session = cookieOf(await logIn(service, user))
      const foreign = { ...session, origin: 'https://evil.example' }
      t.equal((await end(foreign)).json().code, 'cross_site_request')
    })
    await t.test('are listed page by page and ended by administrators', async (t) => {
      const admin = await service.createUser({ roles: ['admin'] })
      const person = await service.createUser()
      const answers = []
      for (let at = 0; at < 3; at++) {
        answers.push(await logIn(service, person))
        service.clock.advance(1)
      }
      const asAdmin = { headers: tokenOf(await logIn(service, admin)) }
      const get = async (path: string) => (await replica.call(`/api/admin/${path}`, asAdmin)).json()
      const first = await get(`users/${person.email}/sessions?limit=2`)
      t.match(first, { items: [{ user: person.id }, { user: person.id }], next_cursor: first.items[1].id })
      const second = await get(`sessions?user=${person.id}&limit=2&cursor=${first.next_cursor}`)
      t.match(second, { items: [{ user: person.id }], next_cursor: null })
      t.equal(new Set([...first.items, ...second.items].map(({ id }: { id: string }) => id)).size, 3)
      t.ok((await get('sessions')).items.length > 3)
      const gone = await replica.call(`/api/admin/sessions/${second.items[0].id}`, { method: 'DELETE', ...asAdmin })
      t.match(gone.json(), { ended: 1 })
      t.notOk(await isLive(replica, tokenOf(answers[0]!)))
      t.match(await service.operate('DELETE', `/users/${person.email}/sessions`), { ended: 2 })
      for (const answer of answers) t.notOk(await isLive(service, tokenOf(answer)))
      await t.rejects(service.operate('DELETE', `/sessions/${second.items[0].id}`), /404/)
      await t.rejects(service.operate('DELETE', '/users/nobody@example.test/sessions'), /404/)
      t.equal(
        (await service.call('/api/admin/sessions', { headers: tokenOf(await logIn(service, person)) })).status,
        403,
      )
    })
  })

  void test(`how long a session lasts on ${backend.name} stores`, async (t) => {
    const service = await startService(t, { backend })
    const user = await service.createUser()
    /** In how many seconds browsers let go of a cookie, to the second below; nothing: when the browser ends. */
    const keptFor = (answer: Answer, name: string): number | undefined => {
      // One of an earlier release is let go of beside it.
      const isOurs = (line: string) => line.startsWith(`${name}=`) && !line.includes('Path=/api/auth')
      const lines = [answer.headers['set-cookie'] ?? []].flat().filter(isOurs)
      const [attributes, ...more] = lines.map((line) => line.split('; ').slice(1))
      if (attributes === undefined || more.length > 0) throw new Error(`${lines.length} cookies ${name}`)
      const [, age] = attributes.find((one) => one.startsWith('Max-Age='))?.split('=') ?? []
      if (age !== undefined) return Number(age)
      const [, at] = attributes.find((one) => one.startsWith('Expires='))?.split('=') ?? []
      return at === undefined ? undefined : Math.floor(Date.parse(at) / 1000) - Math.floor(service.clock.now() / 1000)
    }
    const ends = (answer: Answer, name: string) => keptFor(answer, name) !== undefined
    const day = 86_400
    const refresh = (refresh_token: string) =>
      service.call('/api/auth/refresh', { method: 'POST', json: { refresh_token } })

    await t.test('not remembered: until the browser ends, or after an hour without use', async (t) => {
      const answer = await logIn(service, user, { remember: false })
      t.same([ends(answer, 'gatehouse'), ends(answer, 'gatehouse_refresh')], [false, false])
      t.equal(keptFor(answer, 'gatehouse_device'), 365 * day, 'what the browser is known by stays')
      const headers = { cookie: `gatehouse_refresh=${answer.cookies['gatehouse_refresh']}` }
      const refreshed = await service.call('/api/auth/refresh', { method: 'POST', headers })
      t.equal(refreshed.status, 200, refreshed.body)
      t.notOk(ends(refreshed, 'gatehouse_refresh'))
      const proof = { method: 'POST', headers: tokenOf(answer), json: { password: user.password } }
      const stepped = await service.call('/api/auth/step-up', proof)
      t.notOk(ends(stepped, 'gatehouse'), 'nor does a step-up lengthen it')
      const used = cookieOf(stepped)
      service.clock.advance(3_500)
      t.ok(await isLive(service, used))
      // The touch is not waited for by whoever asks.
      await t.test('and use keeps it', async (t) => {
        for (let at = 0; at < 3; at++) {
          service.clock.advance(600)
          t.ok(await isLive(service, used))
        }
      })
      service.clock.advance(3_600)
      t.notOk(await isLive(service, used))
    })
    await t.test('nor do its refresh tokens last longer, and after twelve hours all has ended', async (t) => {
      const shortly = async () => (await logIn(service, user, { remember: false, token_delivery: 'body' })).json()
      const idle = (await shortly()).refresh_token
      service.clock.advance(3_600)
      t.equal((await refresh(idle)).status, 401)
      let { refresh_token: token } = await shortly()
      for (let hours = 0; hours < 11; hours++) {
        service.clock.advance(3_599)
        const answer = await refresh(token)
        t.equal(answer.status, 200, `after ${hours + 1} hours`)
        token = answer.json().refresh_token
      }
      service.clock.advance(3_599)
      t.equal((await refresh(token)).status, 200)
      service.clock.advance(13)
      t.equal((await refresh(token)).status, 401)
    })
    await t.test('remembered, and by the API where nothing is said: for weeks', async (t) => {
      for (const more of [{ remember: true }, {}]) {
        const answer = await logIn(service, user, { ...more, token_delivery: 'body' })
        service.clock.advance(20 * day)
        t.equal((await refresh(answer.json().refresh_token)).status, 200)
      }
      t.equal((await logIn(service, user, { remember: 'yes' })).status, 400)
    })
    await t.test('and its cookies are kept as long as what they stand for counts', async (t) => {
      const answer = await logIn(service, user)
      t.same(
        ['gatehouse', 'gatehouse_refresh', 'gatehouse_device'].map((name) => keptFor(answer, name)),
        [90 * day, 30 * day, 365 * day],
      )
      service.clock.advance(29 * day)
      const refreshed = await service.call('/api/auth/refresh', {
        method: 'POST',
        headers: cookieOf(answer, 'gatehouse_refresh'),
      })
      t.equal(keptFor(refreshed, 'gatehouse_refresh'), 30 * day, 'the successor from its own issue on')
      const proof = { method: 'POST', headers: tokenOf(refreshed), json: { password: user.password } }
      const stepped = await service.call('/api/auth/step-up', proof)
      t.equal(keptFor(stepped, 'gatehouse'), 61 * day, 'a step-up does not lengthen the session')
      const known = await logIn(service, user, {}, cookieOf(answer, 'gatehouse_device'))
      t.equal(keptFor(known, 'gatehouse_device'), 365 * day, 'each sign-in keeps the browser known for another year')
    })
    await t.test('by the form as it was ticked', async (t) => {
      for (const [ticked, isKept] of [
        [{ remember: 'yes' }, true],
        [{}, false],
      ] as const) {
        const page = await service.call('/login')
        t.match(page.body, /<input type="checkbox" name="remember"/)
        const csrf_token = /name="csrf_token" value="([\w-]+)"/.exec(page.body)![1]!
        const headers = { cookie: `gatehouse_csrf=${page.cookies['gatehouse_csrf']}` }
        const send = (password: string) =>
          service.call('/login', {
            method: 'POST',
            headers,
            form: { csrf_token, email: user.email, password, ...ticked },
          })
        const again = await send('a wrong guess')
        t.equal(/name="remember"[^>]*checked/.test(again.body), isKept, 'what was ticked stays so')
        const answer = await send(user.password)
        t.equal(answer.status, 303)
        t.equal(keptFor(answer, 'gatehouse'), isKept ? 90 * day : undefined)
        t.equal(keptFor(answer, 'gatehouse_device'), 365 * day)
      }
    })
  })

  void test(`so many sessions a person has on ${backend.name} stores`, async (t) => {
    // So many right passwords at once are as many that may be wrong.
    const limits = { requests_per_minute: 100_000, secret_tests_per_minute: 100_000, failures_per_account: 200 }
    const yaml = { sessions: { max_per_user: 3 }, limits }
    const service = await startService(t, { backend, yaml })
    const replica = service.backend.replica === undefined ? service : await startService(t, { beside: service, yaml })
    const user = await service.createUser()

    await t.test('one more ends the one that was used longest ago', async (t) => {
      const later = async () => {
        service.clock.advance(90)
        return logIn(service, user)
      }
      const [first, second, third] = [await logIn(service, user), await later(), await later()]
      service.clock.advance(90)
      const { refresh_token } = (await logIn(service, user, { token_delivery: 'body' })).json()
      t.notOk(await isLive(replica, tokenOf(first)))
      service.clock.advance(90)
      t.equal((await service.call('/api/auth/refresh', { method: 'POST', json: { refresh_token } })).status, 200)
      await logIn(replica, user)
      t.notOk(await isLive(service, tokenOf(second)), 'which is not the one that began last')
      await logIn(service, user)
      t.notOk(await isLive(replica, tokenOf(third)))
      const rows = await auditRows(service, ...(replica === service ? [] : [replica]))
      const ended = rows.filter(
        ({ event, details }) => event === 'session.revoked' && details.reason === 'too_many_sessions',
      )
      t.equal(ended.length, 3)
      t.ok(ended.every(({ subject, sessionId }) => subject === user.id && sessionId !== null))
    })
    await t.test('50 sign-ins at once keep the bound', async (t) => {
      const person = await service.createUser()
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, at) => logIn([service, replica][at % 2]!, person)),
      )
      // On a busy machine some may be told to come again, though their session has begun.
      t.ok(answers.every(({ status }) => status === 200 || status === 503))
      const begun = answers.filter(({ status }) => status === 200)
      t.ok(begun.length > 3)
      const live = await Promise.all(begun.map((answer) => isLive(service, cookieOf(answer))))
      t.ok(live.filter(Boolean).length <= 3)
      const all = await service.operate('GET', `/users/${person.id}/sessions`)
      t.equal(all.items.length, 3)
    })
  })
}
