import postgres from 'postgres'
import { test } from 'tap'
import { createPasswordHasher } from '../../src/adapters/password-hasher.ts'
import { combineStores } from '../../src/stores/open.ts'
import { openRedisCounters } from '../../src/stores/redis/counters.ts'
import { openPostgres } from '../../src/stores/sql/open.ts'
import { type Backend, backends, hasServers } from '../support/backends.ts'
import { startPostgres, startRedis, startRelay } from '../support/servers.ts'
import { type Answer, asks, bearer, type Service, startService, newClient } from '../support/service.ts'
import { startStopwatch, untilWanted } from '../support/patience.ts'

/** The clustered stores on servers of this test's own. */
function backendOn(databaseUrl: string, redisUrl: string): Backend {
  return {
    name: 'clustered',
    async open(clock) {
      const counters = await openRedisCounters(redisUrl, () => {})
      const durable = await openPostgres(databaseUrl, clock).catch(async (error: unknown) => {
        await counters.close()
        throw error
      })
      const stores = combineStores(durable, counters, counters)
      return { stores, databaseUrl, redisUrl, close: () => stores.close().catch(() => {}) }
    },
  }
}

/** Asks until the answer has this status. */
const until = (status: number, ask: () => Promise<Answer>) =>
  untilWanted(`the answer is ${status}`, ask, (answer) => answer.status === status)

/** Every way to ask the service that needs a store. */
function waysIn(
  service: Service,
  signedIn: { accessToken: string; refreshToken: string; cookie: string },
  client: Record<string, string>,
) {
  const edge = { ...asks({ path: '/reports' }), ...bearer(signedIn.accessToken) }
  const oauth = (path: string, form: Record<string, string>) => () =>
    service.call(path, { method: 'POST', form: { ...client, ...form } })
  const post = (path: string, json: object) => () => service.call(path, { method: 'POST', json })
  return {
    ready: () => service.call('/health/ready'),
    live: () => service.call('/health/live'),
    jwks: () => service.call('/.well-known/jwks.json'),
    edge: () => service.call('/forward-auth', { headers: edge }),
    edgeByCookie: () =>
      service.call('/forward-auth', { headers: { ...asks({ path: '/x' }), cookie: signedIn.cookie } }),
    open: () => service.call('/forward-auth', { headers: asks({ path: '/public/x' }) }),
    profile: () => service.call('/api/users/me', { headers: bearer(signedIn.accessToken) }),
    page: () => service.call('/', { headers: { cookie: signedIn.cookie } }),
    account: () => service.call('/account', { headers: { cookie: signedIn.cookie } }),
    logIn: post('/api/auth/login', { email: 'ada@example.test', password: 'guess' }),
    register: post('/api/auth/register', { name: 'A', email: 'b@example.test', password: 'seven quiet herons' }),
    refresh: post('/api/auth/refresh', { refresh_token: signedIn.refreshToken }),
    logOut: () => service.call('/api/auth/logout', { method: 'POST', headers: { cookie: signedIn.cookie } }),
    token: oauth('/oauth/token', { grant_type: 'client_credentials' }),
    introspect: oauth('/oauth/introspect', { token: signedIn.accessToken }),
    revoke: oauth('/oauth/revoke', { token: signedIn.accessToken }),
  }
}

/** The lines of the log about requests that were answered 503. */
const unavailableIn = (log: string) =>
  log
    .split('\n')
    .filter((line) => line.includes('"request.unavailable"'))
    .map((line) => JSON.parse(line) as { level: number; reason: string; reqId?: string; count?: number })

async function manyTimes(times: number, ask: () => Promise<unknown>): Promise<void> {
  for (let time = 0; time < times; time++) await ask()
}

async function prepare(service: Service) {
  const user = await service.createUser()
  const signedIn = await service.signIn(user)
  const { client_id, client_secret } = await service.operate('POST', '/clients', newClient)
  return { user, signedIn, ways: waysIn(service, signedIn, { client_id, client_secret }) }
}

void test('health', async (t) => {
  const service = await startService(t)
  for (const path of ['/health/live', '/health/ready']) {
    const answer = await service.call(path)
    t.equal(answer.status, 200)
    t.same(answer.json(), { status: 'ok' })
    t.match(answer.headers['x-request-id'], /./)
  }
  const { revocations } = service.stores
  const { readAfter } = revocations
  revocations.readAfter = () => Promise.reject(new Error('the feed cannot be read'))
  // The store answers, and the keys are whole.
  const stale = await until(503, () => service.call('/health/ready'))
  t.match(stale.json(), { code: 'unavailable' }, 'what is remembered cannot be told from what was revoked')
  await t.resolves(service.stores.ping())
  t.match((await service.call('/metrics')).body, 'gatehouse_revocation_feed_current 0\n')
  revocations.readAfter = readAfter
  await until(200, () => service.call('/health/ready'))
  service.gatehouse.beginStop()
  const stopping = await service.call('/health/ready')
  t.equal(stopping.status, 503, 'from the moment it is told to stop, balancers send nothing new')
  t.match(stopping.json(), { code: 'unavailable' })
  t.equal((await service.call('/health/live')).status, 200)
  t.equal((await service.call('/login')).status, 200, 'what still comes is answered')
})

if (hasServers) {
  void test('while the database is gone nothing is taken for a no, or for a yes', async (t) => {
    const [postgres, redis] = await Promise.all([startPostgres(), startRedis()])
    t.teardown(() => Promise.all([postgres!.stop(), redis!.stop()]))
    const service = await startService(t, { backend: backendOn(postgres!.url, redis!.url) })
    const { user, signedIn, ways } = await prepare(service)
    for (const way of ['ready', 'edge', 'edgeByCookie', 'profile', 'token', 'introspect'] as const) {
      t.equal((await ways[way]()).status, 200, way)
    }

    await postgres!.halt()
    const { live, jwks, open, ...needy } = ways
    t.equal((await until(503, needy.edge)).status, 503, 'a warm token is not trusted once revocations go unread')
    for (const [way, ask] of Object.entries(needy)) {
      const began = startStopwatch()
      const answer = await ask()
      t.equal(answer.status, 503, way)
      t.match(answer.headers['retry-after'], /^[1-9]\d*$/, `${way}: Retry-After`)
      t.ok(began.milliseconds() < 2_000, `${way}: soon`)
      t.equal(answer.headers['set-cookie'], undefined, `${way}: no cookie is cleared`)
      const oauth = ['token', 'introspect', 'revoke'].includes(way)
      const problem = { status: 503, code: 'unavailable' }
      if (way === 'page' || way === 'account')
        t.match(answer.headers['content-type'], /^text\/html/, 'people see a page')
      else t.match(answer.json(), oauth ? { error: 'temporarily_unavailable' } : problem, way)
      t.notMatch(answer.body, /ECONN|postgres|select /i, `${way}: nothing internal`)
    }
    t.equal((await live()).status, 200)
    t.equal((await jwks()).status, 200)
    t.equal((await open()).status, 200, 'what is open to anyone stays open')

    await postgres!.resume()
    t.equal((await until(200, ways.ready)).status, 200, 'back without a restart')
    for (const way of ['edge', 'edgeByCookie', 'profile', 'token', 'introspect'] as const) {
      t.equal((await ways[way]()).status, 200, way)
    }
    t.ok(await service.signIn(user))
    t.equal((await ways.logOut()).status, 204)
    t.equal((await ways.edge()).status, 401, 'and revocations are followed again')
    t.notMatch(service.logged(), signedIn.refreshToken)
  })

  void test('a database that hangs is a database that is gone', async (t) => {
    const [postgres, redis] = await Promise.all([startPostgres(), startRedis()])
    const relay = await startRelay(postgres!.url)
    t.teardown(async () => {
      await relay.close()
      await Promise.all([postgres!.stop(), redis!.stop()])
    })
    const yaml = { proxies: { decide_within_milliseconds: 150 } }
    const service = await startService(t, { backend: backendOn(relay.url, redis!.url), yaml })
    t.teardown(() => relay.thaw())
    const { ways } = await prepare(service)
    t.equal((await until(200, ways.edge)).status, 200)
    relay.freeze()
    t.equal((await until(503, ways.ready)).status, 503)
    const asked = ['edge', 'edgeByCookie', 'profile', 'logIn', 'refresh', 'token'] as const
    const began = startStopwatch()
    for (const { status } of await Promise.all(asked.map((way) => ways[way]()))) t.equal(status, 503)
    t.ok(began.milliseconds() < 8_000, 'within seconds')
    // The stores' own deadline is three seconds: many questions fit into that time only when each is answered sooner.
    const first = await Promise.race([ways.logIn().then(() => 'sign-in'), manyTimes(8, ways.edge).then(() => 'edge')])
    t.equal(first, 'edge', 'forward-auth denies while the proxy still waits')
    const events = () => service.logged().match(/"event":"forward_auth.(outage|failed|recovered)"/g)
    t.same(events(), ['"event":"forward_auth.outage"'], 'and says why once, not once a question')
    relay.thaw()
    t.equal((await until(200, ways.ready)).status, 200, 'back without a restart')
    service.clock.advance(6)
    t.equal((await until(200, ways.edge)).status, 200)
    t.equal(events()?.at(-1), '"event":"forward_auth.recovered"')
  })

  void test('while every connection of the pool is busy, what another replica takes away is learned all the same', async (t) => {
    const service = await startService(t, { backend: backends[1]! })
    const other = await startService(t, { beside: service })
    const [ended, kept] = [
      await service.signIn(await service.createUser()),
      await service.signIn(await service.createUser()),
    ]
    const atTheEdge = async ({ accessToken }: typeof kept) => {
      const headers = { ...asks({ path: '/reports' }), ...bearer(accessToken) }
      return (await service.call('/forward-auth', { headers })).status
    }
    const busy = await Promise.all(Array.from({ length: 10 }, async () => service.signIn(await service.createUser())))
    const rename = (signedIn: { accessToken: string }) =>
      service.call('/api/users/me', { method: 'PATCH', headers: bearer(signedIn.accessToken), json: { name: 'Ada' } })
    for (const each of busy) t.equal((await rename(each)).status, 200)
    t.same([await atTheEdge(ended), await atTheEdge(kept)], [200, 200])
    const sql = postgres(service.backend.databaseUrl!, { max: 2, onnotice: () => {} })
    t.teardown(() => sql.end())
    let renamed: Promise<Answer[]> | undefined
    await sql.begin(async (tx) => {
      await tx`select id from users for update`
      renamed = Promise.all(busy.map(rename))
      await untilWanted(
        'all wait',
        () => sql`select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`,
        (waiting) => waiting.length === 10,
      )
      const out = { method: 'POST', headers: { cookie: ended.cookie } }
      t.equal((await other.call('/api/auth/logout', out)).status, 204)
      // It cannot be looked up anew, and so is not known to be good.
      t.equal(
        await untilWanted(
          'it is remembered no more',
          () => atTheEdge(ended),
          (status) => status !== 200,
        ),
        503,
      )
      t.equal(await atTheEdge(kept), 200, 'what nobody has ended is, since the feed is current')
      t.match((await service.call('/metrics')).body, 'gatehouse_revocation_feed_current 1\n')
    })
    await renamed
    t.equal(await atTheEdge(ended), 401)
  })

  void test('while Redis is gone no secret is tested, and the edge works on', async (t) => {
    const [postgres, redis] = await Promise.all([startPostgres(), startRedis()])
    const relay = await startRelay(redis!.url)
    let redisRuns = true
    t.teardown(async () => {
      await relay.close()
      await Promise.all([postgres!.stop(), redisRuns && redis!.stop()])
    })
    const service = await startService(t, { backend: backendOn(postgres!.url, relay.url) })
    const { user, ways } = await prepare(service)
    t.same([(await ways.edge()).status, (await ways.edgeByCookie()).status], [200, 200])
    const check = async (what: string) => {
      for (const way of ['ready', 'logIn', 'register', 'token', 'introspect'] as const) {
        const began = startStopwatch()
        const answer = await ways[way]()
        t.equal(answer.status, 503, `${what}: ${way}`)
        t.match(answer.headers['retry-after'], /^[1-9]\d*$/, `${what}: ${way}: Retry-After`)
        t.ok(began.milliseconds() < 3_000, `${what}: ${way}: soon`)
      }
      for (const way of ['edge', 'edgeByCookie', 'open', 'jwks', 'live', 'profile', 'page', 'account'] as const) {
        t.equal((await ways[way]()).status, 200, `${what}: ${way}`)
      }
    }
    relay.freeze()
    await check('hanging')
    relay.thaw()
    t.equal((await until(200, ways.ready)).status, 200, 'back without a restart')
    t.ok(await service.signIn(user))
    await service.gatehouse.maintain()
    await service.gatehouse.maintain()
    const before = service.logged().length
    await redis!.stop()
    redisRuns = false
    await check('gone')
    const lines = unavailableIn(service.logged().slice(before))
    t.ok(lines.length > 0)
    t.equal(new Set(lines.map(({ reason }) => reason)).size, lines.length, 'each reason is told once')
    for (const line of lines) t.match(line, { level: 40, reason: /^REDIS_URL: / })
    t.notMatch(service.logged().slice(before), /"stack"|request\.failed/)
  })
}

void test('what is asked of too many at once is told once, and then counted each minute', async (t) => {
  const costs = { memory_kib: 19_456, passes: 2, parallelism: 1 }
  const service = await startService(t, { hasher: createPasswordHasher(costs, { width: 1, maxWaiting: 1 }) })
  const flood = async () => {
    const asked = Array.from({ length: 20 }, (_, number) => {
      const json = { email: `guess-${number}@example.test`, password: 'guess' }
      return service.call('/api/auth/login', { method: 'POST', json })
    })
    return (await Promise.all(asked)).filter(({ status }) => status === 503).length
  }
  const told = () => unavailableIn(service.logged())
  const refused = await flood()
  t.ok(refused > 1)
  const reason = 'too many passwords are waiting'
  t.match(told(), [{ level: 40, reason, reqId: /./, count: undefined }])
  await service.gatehouse.maintain()
  t.match(told().slice(1), [{ level: 40, reason, count: refused - 1 }])
  await service.gatehouse.maintain()
  t.equal(told().length, 2, 'a minute without is told in no line')
  t.ok((await flood()) > 0)
  t.match(told().slice(2), [{ level: 40, reason, count: undefined }], 'and what comes after it at once')
  t.notMatch(service.logged(), /"stack"|request\.failed/)
})

void test('metrics count signatures by key, for those who may read them', async (t) => {
  const service = await startService(t)
  const { accessToken } = await service.signIn(await service.createUser())
  await service.call('/forward-auth', { headers: { ...asks({ path: '/reports' }), ...bearer(accessToken) } })
  const answer = await service.call('/metrics')
  t.equal(answer.status, 200)
  t.match(answer.headers['content-type'], /^text\/plain; version=/)
  const [{ kid }] = (await service.call('/.well-known/jwks.json')).json().keys
  t.match(answer.body, `gatehouse_signatures_total{kid="${kid}",type="at+jwt"} 1\n`)
  t.match(answer.body, `gatehouse_signatures_total{kid="${kid}",type="identity-assertion+jwt"} 1\n`)
  t.match(answer.body, `gatehouse_signatures_total{kid="${kid}",type="verified"} 1\n`)
  // It is not for as long as the machine lets the service wait.
  const metrics = async () => (await service.call('/metrics')).body
  await untilWanted('the feed is current', metrics, (body) => body.includes('gatehouse_revocation_feed_current 1\n'))
  t.match(answer.body, 'process_cpu_seconds_total')
  const forwarded = { 'x-forwarded-for': '203.0.113.7' }
  t.equal((await service.call('/metrics', { headers: forwarded })).status, 404, 'nobody behind a proxy')
  const closed = await startService(t, { yaml: { metrics: { networks: ['192.0.2.1'] } } })
  t.equal((await closed.call('/metrics')).status, 404)
})
