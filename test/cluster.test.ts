import { test } from 'tap'
import { backends, hasServers } from './support/backends.ts'
import { asks, bearer, type Service, startService, newClient } from './support/service.ts'
import { startStopwatch } from './support/patience.ts'

/** The bound that the service promises. */
const withinMilliseconds = 1_000

async function atTheEdge(service: Service, headers: Record<string, string>, path = '/reports'): Promise<number> {
  return (await service.call('/forward-auth', { headers: { ...asks({ path }), ...headers } })).status
}

/** Milliseconds until `ask` gives `wanted`; more than the bound when it does not. */
async function timeUntil(wanted: number, ask: () => Promise<number>): Promise<number> {
  const stopwatch = startStopwatch()
  while ((await ask()) !== wanted && stopwatch.milliseconds() <= withinMilliseconds * 2) {
    await new Promise((retry) => setTimeout(retry, 5))
  }
  return stopwatch.milliseconds()
}

if (hasServers) {
  void test('two replicas on one PostgreSQL and one Redis', async (t) => {
    const yaml = {
      limits: {
        requests_per_minute: 100_000,
        secret_tests_per_minute: 100_000,
        failures_per_account: 6,
        failures_per_pair: 6,
      },
    }
    const one = await startService(t, { backend: backends[1]!, yaml })
    const two = await startService(t, { beside: one, yaml })

    await t.test('sign with one key, and accept each other’s tokens', async (t) => {
      const keys = await Promise.all([one, two].map((replica) => replica.call('/.well-known/jwks.json')))
      t.equal(keys[0]!.body, keys[1]!.body)
      t.equal(keys[0]!.headers['etag'], keys[1]!.headers['etag'])
      const user = await one.createUser()
      const [first, second] = [await one.signIn(user), await two.signIn(user)]
      t.equal(await atTheEdge(two, bearer(first.accessToken)), 200)
      t.equal(await atTheEdge(one, bearer(second.accessToken)), 200)
      t.equal(await atTheEdge(two, { cookie: first.cookie }), 200)
      const refreshed = await two.call('/api/auth/refresh', {
        method: 'POST',
        json: { refresh_token: first.refreshToken },
      })
      const replayed = await one.call('/api/auth/refresh', {
        method: 'POST',
        json: { refresh_token: first.refreshToken },
      })
      t.equal(refreshed.status, 200)
      t.equal(replayed.body, refreshed.body, 'a retry on the other replica gets the same answer')
    })
    await t.test('what one ends the other refuses within a second', async (t) => {
      const ends: Record<
        string,
        (user: string, signedIn: { cookie: string; accessToken: string; refreshToken: string }) => Promise<unknown>
      > = {
        'signing out': (_, { cookie }) => one.call('/api/auth/logout', { method: 'POST', headers: { cookie } }),
        'disabling the user': (user) => one.operate('PUT', `/users/${user}/status`, { status: 'disabled' }),
        'a new password': (user) =>
          one.operate('PUT', `/users/${user}/password`, { password: 'another long passphrase' }),
        'revoking the refresh token': (_, { refreshToken }) =>
          one.call('/oauth/revoke', { method: 'POST', form: { client_id: 'gatehouse', token: refreshToken } }),
      }
      for (const [what, end] of Object.entries(ends)) {
        const user = await one.createUser()
        const signedIn = await one.signIn(user)
        const [token, cookie] = [bearer(signedIn.accessToken), { cookie: signedIn.cookie }]
        // Both replicas remember both credentials.
        for (const replica of [one, two]) {
          t.same([await atTheEdge(replica, token), await atTheEdge(replica, cookie)], [200, 200], what)
        }
        await end(user.id, signedIn)
        t.same([await atTheEdge(one, token), await atTheEdge(one, cookie)], [401, 401], `${what}: here at once`)
        const took = await timeUntil(401, () => atTheEdge(two, token))
        t.ok(took < withinMilliseconds, `${what}: there after ${Math.round(took)} ms`)
        t.equal(await atTheEdge(two, cookie), 401, what)
      }
    })
    await t.test('a withdrawn role, a changed name and a role’s definition show there within a second', async (t) => {
      const user = await one.createUser({ roles: ['admin'] })
      const { accessToken } = await one.signIn(user)
      const admin = () => atTheEdge(two, bearer(accessToken), '/admin/')
      t.equal(await admin(), 200)
      await one.operate('DELETE', `/users/${user.id}/roles/admin`)
      t.ok((await timeUntil(403, admin)) < withinMilliseconds)
      await one.operate('PUT', `/users/${user.id}/roles/admin`)
      t.ok((await timeUntil(200, admin)) < withinMilliseconds)
      const name = async () => {
        const headers = { ...asks({ path: '/reports' }), ...bearer(accessToken) }
        return (await two.call('/forward-auth', { headers })).headers['x-auth-name'] === 'Augusta' ? 1 : 0
      }
      t.equal(await name(), 0)
      const change = { method: 'PATCH', headers: bearer(accessToken), json: { name: 'Augusta' } }
      t.equal((await one.call('/api/users/me', change)).status, 200)
      t.ok((await timeUntil(1, name)) < withinMilliseconds)
    })
    await t.test('a deleted client’s and a revoked token are refused there within a second', async (t) => {
      const client = await one.operate('POST', '/clients', newClient)
      const credentials = { client_id: client.client_id, client_secret: client.client_secret }
      const obtain = async () => {
        const form = { grant_type: 'client_credentials', ...credentials }
        return (await two.call('/oauth/token', { method: 'POST', form })).json().access_token as string
      }
      const [revoked, orphaned] = [await obtain(), await obtain()]
      for (const token of [revoked, orphaned]) t.equal(await atTheEdge(two, bearer(token)), 200)
      await one.call('/oauth/revoke', { method: 'POST', form: { ...credentials, token: revoked } })
      t.ok((await timeUntil(401, () => atTheEdge(two, bearer(revoked)))) < withinMilliseconds)
      t.equal(await atTheEdge(two, bearer(orphaned)), 200)
      await one.operate('DELETE', `/clients/${client.client_id}`)
      t.ok((await timeUntil(401, () => atTheEdge(two, bearer(orphaned)))) < withinMilliseconds)
    })
    await t.test('limits are counted together', async (t) => {
      const { email, password } = await one.createUser()
      const guess = (replica: Service, given = 'a wrong guess') =>
        replica.call('/api/auth/login', { method: 'POST', json: { email, password: given } })
      const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => guess(i % 2 ? one : two)))
      t.equal(answers.filter(({ status }) => status === 401).length, 6)
      t.equal(answers.filter(({ status }) => status === 429).length, 14)
      for (const replica of [one, two]) t.equal((await guess(replica, password)).status, 429)
    })
    await t.test('parallel changes of one user’s roles never undo each other', async (t) => {
      const outcomes = new Set<string>()
      for (const role of ['editor', 'reader']) await one.operate('PUT', `/roles/${role}`, { permissions: [] })
      for (let round = 0; round < 10; round++) {
        const { id } = await one.createUser({ roles: ['admin'] })
        await Promise.all([
          one.operate('DELETE', `/users/${id}/roles/admin`),
          two.operate('PUT', `/users/${id}/roles/editor`),
          one.operate('PUT', `/users/${id}/roles/reader`),
        ])
        const { roles } = await one.operate('GET', `/users/${id}`)
        outcomes.add(roles.toSorted().join())
      }
      t.same([...outcomes], ['editor,reader'])
    })
    await t.test('20 refreshes of one token over both give one answer', async (t) => {
      const { refreshToken } = await one.signIn(await one.createUser())
      const call = { method: 'POST', json: { refresh_token: refreshToken } }
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, i) => (i % 2 ? one : two).call('/api/auth/refresh', call)),
      )
      for (const answer of answers) t.equal(answer.body, answers[0]!.body)
      const { access_token } = answers[0]!.json()
      t.same([await atTheEdge(one, bearer(access_token)), await atTheEdge(two, bearer(access_token))], [200, 200])
    })
  })
}
