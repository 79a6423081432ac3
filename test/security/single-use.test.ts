/** What works once works once, and what is limited stays limited, however many try at the same time. */
import postgres from 'postgres'
import { test } from 'tap'
import { hashSecret } from '../../src/core/secrets.ts'
import { linkTokenIn } from '../support/mails.ts'
import { backends } from '../support/backends.ts'
import { asks, bearer, type Service, startService } from '../support/service.ts'

const password = 'seven quiet otters juggle lanterns'
const times = <T>(count: number, work: (index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, index) => work(index)))
const post = (service: Service, path: string, json: object, headers = {}) =>
  service.call(path, { method: 'POST', json, headers })

async function mailsTo(service: Service, email: string): Promise<string[]> {
  return (await service.mails()).filter((mail) => mail.includes(`To: ${email}`))
}

for (const backend of backends) {
  void test(`single use on ${backend.name} stores`, async (t) => {
    const service = await startService(t, { backend })
    const replica = service.backend.replica && (await startService(t, { beside: service }))
    /** Spreads calls over all replicas. */
    const at = (index: number) => (index % 2 === 1 && replica) || service

    await t.test('of twenty parallel uses of one mailed token exactly one works', async (t) => {
      const email = 'race@example.test'
      await post(service, '/api/auth/register', { name: 'Race', email, password })
      const token = linkTokenIn((await mailsTo(service, email))[0]!, service.issuer)
      const answers = await times(20, (index) => post(at(index), '/api/auth/verify-email', { token }))
      const statuses = answers.map(({ status }) => status)
      t.same(
        [204, 400].map((one) => statuses.filter((status) => status === one).length),
        [1, 19],
      )
      for (const answer of answers.filter(({ status }) => status === 400)) t.equal(answer.json().code, 'invalid_token')
      t.equal((await post(service, '/api/auth/verify-email', { token })).status, 400, 'nor later')
    })
    await t.test('a mailed token works for a day', async (t) => {
      const email = 'late@example.test'
      await post(service, '/api/auth/register', { name: 'Late', email, password })
      const token = linkTokenIn((await mailsTo(service, email))[0]!, service.issuer)
      service.clock.advance(24 * 3600 + 1)
      t.equal((await post(service, '/api/auth/verify-email', { token })).status, 400)
    })
    await t.test('fifty parallel refreshes get one and the same successor, and nobody is signed out', async (t) => {
      const user = await service.createUser()
      const { refreshToken, cookie } = await service.signIn(user)
      const answers = await times(50, (index) => post(at(index), '/api/auth/refresh', { refresh_token: refreshToken }))
      t.same(new Set(answers.map(({ status }) => status)), new Set([200]))
      const successors = new Set(answers.map((answer) => answer.json().refresh_token))
      t.equal(successors.size, 1)
      const [successor = ''] = successors
      t.equal((await service.call('/api/users/me', { headers: { cookie } })).status, 200)

      const live = await service.stores.refreshTokens.find(hashSecret(successor))
      t.match(live, { usedAt: null, revoked: false })
      if (service.backend.databaseUrl !== undefined) {
        const sql = postgres(service.backend.databaseUrl, { max: 1 })
        t.teardown(() => sql.end())
        const rows = await sql`select hash, used_at from refresh_tokens where family_id = ${live!.family.id}`
        t.equal(rows.length, 2, 'the token and one descendant')
        t.same(
          rows.filter((row) => row['used_at'] === null).map((row) => row['hash']),
          [hashSecret(successor)],
        )
      }
      const next = await post(service, '/api/auth/refresh', { refresh_token: successor })
      t.equal(next.status, 200, 'and the successor works')
    })
    await t.test('a refresh token used again after its grace window ends family and session everywhere', async (t) => {
      const user = await service.createUser()
      const { refreshToken, cookie } = await service.signIn(user)
      const first = await post(service, '/api/auth/refresh', { refresh_token: refreshToken })
      const { access_token, refresh_token: successor } = first.json()
      service.clock.advance(9)
      t.equal((await post(service, '/api/auth/refresh', { refresh_token: refreshToken })).body, first.body, 'a retry')
      service.clock.advance(2)
      const reuse = await post(service, '/api/auth/refresh', { refresh_token: refreshToken })
      t.match(reuse, { status: 401 })
      t.equal(reuse.json().code, 'invalid_refresh_token')
      t.equal((await post(service, '/api/auth/refresh', { refresh_token: successor })).status, 401, 'the successor')
      for (const headers of [{ cookie }, bearer(access_token)]) {
        const gate = await service.call('/forward-auth/traefik', {
          headers: { ...asks({ path: '/reports' }), ...headers },
        })
        t.same([gate.status, (await service.call('/api/users/me', { headers })).status], [401, 401])
      }
      t.match(service.logged(), /"event":"refresh.reused"/)
    })
    await t.test('another client’s use of a refresh token changes nothing', async (t) => {
      const { refreshToken } = await service.signIn(await service.createUser())
      const client = await service.operate('POST', '/clients', {
        name: 'Thief',
        grants: ['refresh_token'],
        redirect_uris: [],
        scopes: [],
        audiences: [],
        public: true,
      })
      const form = { grant_type: 'refresh_token', refresh_token: refreshToken, client_id: client.client_id }
      t.match((await service.call('/oauth/token', { method: 'POST', form })).json(), { error: 'invalid_grant' })
      t.equal((await post(service, '/api/auth/refresh', { refresh_token: refreshToken })).status, 200)
    })
    await t.test(
      'of two hundred parallel wrong passwords from one network five are evaluated, in whatever spelling',
      async (t) => {
        const { email } = await service.createUser({ email: `lock-${backend.name}@example.test` })
        const spellings = [
          email,
          email.toUpperCase(),
          email.replace('lock', 'Lock'),
          email.replace('example', 'EXAMPLE'),
        ]
        const answers = await times(200, (index) =>
          post(at(index), '/api/auth/login', {
            email: spellings[index % spellings.length],
            password: `wrong ${index}`,
          }),
        )
        const statuses = answers.map(({ status }) => status)
        t.equal(statuses.filter((status) => status === 401).length, 5)
        t.equal(statuses.filter((status) => status === 429).length, 195)
        for (const answer of answers.filter(({ status }) => status === 429)) {
          const seconds = Number(answer.headers['retry-after'])
          t.ok(answer.json().code === 'too_many_requests' && seconds > 0 && seconds <= 915, `retry after ${seconds}`)
        }
        const page = await service.call('/login')
        const csrf_token = /name="csrf_token" value="([^"]+)"/.exec(page.body)![1]!
        const onPage = await service.call('/login', {
          method: 'POST',
          form: { csrf_token, email, password },
          headers: { cookie: `gatehouse_csrf=${page.cookies['gatehouse_csrf']}` },
        })
        t.equal(onPage.status, 429, 'the form shares the counter')
        t.ok(Number(onPage.headers['retry-after']) > 0)
      },
    )
  })
}

void test('limits and answers around sign-in', async (t) => {
  const service = await startService(t, {
    yaml: { limits: { requests_per_minute: 100_000, secret_tests_per_minute: 100_000, failures_per_account: 3 } },
  })
  const { request_id: _, ...wrong } = (
    await post(service, '/api/auth/login', { email: 'nobody@example.test', password })
  ).json()

  await t.test('failures are forgotten when their window ends, or by a success', async (t) => {
    const user = await service.createUser()
    const attempt = async (password: string) =>
      (await post(service, '/api/auth/login', { email: user.email, password })).status
    t.same([await attempt('x'), await attempt('x'), await attempt(user.password)], [401, 401, 200])
    t.same([await attempt('x'), await attempt('x'), await attempt('x')], [401, 401, 401])
    t.equal(await attempt(user.password), 429, 'not even the right one')
    service.clock.advance(915)
    t.equal(await attempt(user.password), 200)
  })
  await t.test('unknown, known, disabled and password-less accounts answer alike', async (t) => {
    const [known, disabled] = [await service.createUser(), await service.createUser()]
    await service.operate('PUT', `/users/${disabled.id}/status`, { status: 'disabled' })
    await service.operate('POST', '/users', { email: 'bare@example.test', name: 'Bare', roles: [] })
    const tries = [
      { email: known.email, password },
      { email: 'unknown@example.test', password },
      { email: 'bare@example.test', password },
      disabled,
    ]
    for (const { email, password } of tries) {
      const answer = await post(service, '/api/auth/login', { email, password })
      const { request_id, ...body } = answer.json()
      t.same([answer.status, body], [401, wrong], email)
      t.type(request_id, 'string')
      t.same(answer.cookies, {})
    }
  })
  await t.test(
    'that an address is registered and not confirmed is told to nobody, whatever the password',
    async (t) => {
      const email = 'unverified@example.test'
      await post(service, '/api/auth/register', { name: 'New', email, password })
      for (const given of [password, 'a wrong guess altogether']) {
        const answer = await post(service, '/api/auth/login', { email, password: given })
        t.match({ status: answer.status, code: answer.json().code }, { status: 401, code: 'invalid_credentials' })
      }
    },
  )
  await t.test('registration answers alike for new, taken and waiting addresses, in any spelling', async (t) => {
    const taken = await service.createUser({ email: 'taken@example.test' })
    const emails = ['new@example.test', taken.email, 'TAKEN@Example.test', 'new@example.test', 'NEW@example.test']
    const answers = []
    for (const email of emails)
      answers.push(await post(service, '/api/auth/register', { name: 'Eve', email, password }))
    t.same(new Set(answers.map(({ status, body }) => `${status} ${body}`)).size, 1)
    t.equal(answers[0]!.status, 202)
    const headers = answers.map((answer) => Object.keys(answer.headers).toSorted().join())
    t.same(new Set(headers).size, 1)
    t.match((await mailsTo(service, taken.email))[0], 'There is one already')
    t.equal((await mailsTo(service, 'new@example.test')).length, 3)
    t.equal((await post(service, '/api/auth/login', { ...taken })).status, 400, 'id is no field')
    t.equal((await post(service, '/api/auth/login', { email: taken.email, password: taken.password })).status, 200)
  })
  await t.test('whoever registers an address first does not choose the password of its owner', async (t) => {
    const email = 'victim@example.test'
    await post(service, '/api/auth/register', { name: 'Mallory', email, password: 'mallory planted this one' })
    const planted = await mailsTo(service, email)
    await post(service, '/api/auth/register', { name: 'Victim', email, password })
    const own = (await mailsTo(service, email)).find((mail) => !planted.includes(mail))!
    const unasked = await post(service, '/api/auth/verify-email', { token: linkTokenIn(own, service.issuer) })
    t.equal(unasked.json().code, 'password_required')
    t.equal(
      (await post(service, '/api/auth/verify-email', { token: linkTokenIn(own, service.issuer), password })).status,
      204,
    )
    t.equal((await post(service, '/api/auth/login', { email, password })).status, 200)
    t.equal((await post(service, '/api/auth/login', { email, password: 'mallory planted this one' })).status, 401)
    t.equal(
      (await post(service, '/api/auth/verify-email', { token: linkTokenIn(planted[0]!, service.issuer) })).status,
      400,
    )
  })
  await t.test('spoofed host headers never reach the links in mails', async (t) => {
    const email = 'links@example.test'
    const spoofed = {
      host: 'evil.test',
      'x-forwarded-host': 'evil.test',
      'x-forwarded-proto': 'https',
      'x-forwarded-for': 'evil.test',
      forwarded: 'host=evil.test;proto=https',
      'x-original-url': 'https://evil.test/',
      origin: 'http://evil.test',
      referer: 'http://evil.test/',
    }
    await post(service, '/api/auth/register', { name: 'Links', email, password }, spoofed)
    await post(service, '/api/auth/register', { name: 'Links', email: 'taken@example.test', password }, spoofed)
    const [mail = ''] = await mailsTo(service, email)
    t.match(mail, `http://auth.example.test/verify-email?token=${linkTokenIn(mail, service.issuer)}`)
    t.notMatch((await service.mails()).join('\n'), /evil\.test/)
  })
  await t.test('nobody gives themselves roles, a verified address, or another identity', async (t) => {
    const user = await service.createUser()
    const { accessToken } = await service.signIn(user)
    const before = (await service.call('/api/users/me', { headers: bearer(accessToken) })).json()
    const wishes = [
      { roles: ['admin'] },
      { email_verified: true },
      { permissions: ['*'] },
      { status: 'active' },
      { id: before.id },
      { email: 'other@example.test' },
      { password },
      { name: 'Eve', roles: ['admin'] },
      { created_at: '2000-01-01T00:00:00.000Z' },
    ]
    for (const json of wishes) {
      const change = await service.call('/api/users/me', { method: 'PATCH', json, headers: bearer(accessToken) })
      t.equal(change.status, 400, JSON.stringify(json))
      const registration = { name: 'Eve', email: 'eve@example.test', password, ...json }
      if (!('email' in json) && !('password' in json)) {
        t.equal((await post(service, '/api/auth/register', registration)).status, 400, JSON.stringify(json))
      }
    }
    t.same((await service.call('/api/users/me', { headers: bearer(accessToken) })).json(), before)
    t.same(await mailsTo(service, 'eve@example.test'), [])
  })
})
