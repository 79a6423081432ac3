/** How fast a session may be refreshed, and that whoever is faster fills no trail. */
import { test } from 'tap'
import { auditRows } from '../support/audit.ts'
import { backends } from '../support/backends.ts'
import { beginFamily, claimsOf, grant, refuses, register } from '../support/oauth.ts'
import { bearer, type Service, startService } from '../support/service.ts'

const yaml = { limits: { requests_per_minute: 100_000, secret_tests_per_minute: 100_000, refreshes_per_minute: 6 } }
const refresh = (service: Service, refresh_token: string) =>
  service.call('/api/auth/refresh', { method: 'POST', json: { refresh_token } })

for (const backend of backends) {
  void test(`the pace of refreshes on ${backend.name} stores`, async (t) => {
    const service = await startService(t, { backend, yaml })
    const replica = service.backend.replica && (await startService(t, { beside: service, yaml }))
    const replicas = [service, replica ?? service]
    const eventsOf = async (subject: string) =>
      (await auditRows(service, ...(replica ? [replica] : [])))
        .filter((row) => row.subject === subject && row.event.startsWith('refresh.'))
        .map(({ event }) => event)
    /** Refreshes until it is refused; the token that is good then, and how often it went well. */
    async function useUp(token: string, times = 20) {
      let live = token
      let rotated = 0
      for (let i = 0; i < times; i++) {
        const answer = await refresh(replicas[i % 2]!, live)
        if (answer.status !== 200) return { live, rotated, answer }
        live = answer.json().refresh_token
        rotated++
      }
      throw new Error('nothing was refused')
    }

    await t.test('beyond it the answer is 429 on every replica, and nothing is lost', async (t) => {
      const user = await service.createUser()
      const { refreshToken, cookie } = await service.signIn(user)
      const { live, rotated, answer } = await useUp(refreshToken)
      t.equal(rotated, 6)
      t.match([answer.status, answer.json().code], [429, 'too_many_requests'])
      t.match(answer.headers, { 'retry-after': '10', 'ratelimit-limit': '6', 'ratelimit-remaining': '0' })
      const byCookie = await service.call('/api/auth/refresh', {
        method: 'POST',
        headers: { cookie: `${cookie}; gatehouse_refresh=${live}` },
      })
      t.equal(byCookie.status, 429)
      t.same(byCookie.cookies, {}, 'nobody is signed out by it')
      t.equal((await service.call('/api/users/me', { headers: { cookie } })).status, 200)
      service.clock.advance(9)
      t.match((await refresh(service, live)).headers, { 'retry-after': '1' })
      service.clock.advance(1)
      const next = await useUp(live)
      t.equal(next.rotated, 1, 'one more each interval')
      service.clock.advance(60)
      t.equal((await useUp(next.live)).rotated, 6, 'and all of them after a minute')
    })
    await t.test('a flood leaves as many rows as were refreshed, and one about the limit', async (t) => {
      const user = await service.createUser()
      const { live } = await useUp((await service.signIn(user)).refreshToken)
      const answers = await Promise.all(Array.from({ length: 50 }, () => refresh(service, live)))
      t.same(new Set(answers.map(({ status }) => status)), new Set([429]))
      const events = await eventsOf(user.id)
      const told = events.filter((event) => event === 'refresh.limited').length
      t.same(events.filter((event) => event === 'refresh.rotated').length, 6)
      t.ok(told >= 1 && told <= 2, `${told} of two replicas`)
      t.equal(events.length, 6 + told)
    })
    await t.test('the retries of one token are told of once', async (t) => {
      const user = await service.createUser()
      const { refreshToken } = await service.signIn(user)
      for (let i = 0; i < 20; i++) t.equal((await refresh(service, refreshToken)).status, 200)
      t.same((await eventsOf(user.id)).toSorted(), ['refresh.replayed', 'refresh.rotated'])
    })
    await t.test('it is the session’s: its programs share it, and other sessions have their own', async (t) => {
      const user = await service.createUser()
      const { accessToken, refreshToken } = await service.signIn(user)
      const other = await service.signIn(user)
      const app = await register(service, { grants: ['refresh_token'] })
      const ofApp = await beginFamily(service, user, app.client_id, [], claimsOf(accessToken).sid)
      await useUp(refreshToken)
      const answer = await grant(service, app, { grant_type: 'refresh_token', refresh_token: ofApp })
      refuses(t, answer, 429, 'slow_down')
      t.equal(answer.headers['retry-after'], '10')
      t.equal((await refresh(service, other.refreshToken)).status, 200)
      service.clock.advance(10)
      t.equal((await grant(service, app, { grant_type: 'refresh_token', refresh_token: ofApp })).status, 200)
    })
    await t.test('a session that has ended is refused as such, however fast it was', async (t) => {
      const user = await service.createUser()
      const { refreshToken, accessToken } = await service.signIn(user)
      const { live } = await useUp(refreshToken)
      await service.call('/api/auth/logout', { method: 'POST', headers: bearer(accessToken) })
      t.match((await refresh(service, live)).json(), { status: 401, code: 'invalid_refresh_token' })
    })
  })
}

void test('once a minute is every sixty seconds, to the millisecond', async (t) => {
  const service = await startService(t, { yaml: { limits: { ...yaml.limits, refreshes_per_minute: 1 } } })
  const user = await service.createUser()
  const first = (await refresh(service, (await service.signIn(user)).refreshToken)).json().refresh_token
  const told = async () =>
    (await auditRows(service)).filter(({ event, subject }) => event === 'refresh.limited' && subject === user.id).length
  const limited = async (token: string) => {
    const { status, headers } = await refresh(service, token)
    return [status, headers['retry-after']]
  }
  t.same(await limited(first), [429, '60'])
  service.clock.advance(58.999)
  t.same(await limited(first), [429, '2'])
  service.clock.advance(1)
  t.same(await limited(first), [429, '1'])
  t.equal(await told(), 1)
  service.clock.advance(0.001)
  const next = await refresh(service, first)
  t.equal(next.status, 200)
  t.same(await limited(next.json().refresh_token), [429, '60'])
  t.equal(await told(), 2, 'which the trail tells once a minute, too')
})
