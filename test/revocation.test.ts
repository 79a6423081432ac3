/** Two real processes: what one end of the system revokes, the other refuses within a second, whatever else is broken. */
import tap, { test } from 'tap'
import { hasServers } from './support/backends.ts'
import { signInAt, startCluster } from './support/cluster.ts'
import { byOperator, byRequest, createClient, type Grant, makeKey, passes, type Prepare } from './support/grants.ts'
import { type Running } from './support/program.ts'
import { bearer } from './support/service.ts'
import { startStopwatch, type Stopwatch, until } from './support/patience.ts'

/** The bound that the service promises. */
const withinMilliseconds = 1_000

/** Milliseconds from the end of the grant to the last question that was still answered with yes. */
async function acceptedFor(
  service: Running,
  use: (service: Running) => Promise<boolean>,
  since: Stopwatch,
): Promise<number> {
  let last = 0
  for (;;) {
    const asked = since.milliseconds()
    const accepted = await use(service).catch(() => false)
    if (accepted) last = asked
    // Asked once more after the bound: a refusal must stay one.
    else if (asked > withinMilliseconds) return last
    if (asked > 5 * withinMilliseconds) return Number.POSITIVE_INFINITY
    await new Promise((again) => setTimeout(again, 10))
  }
}

if (hasServers) {
  void test('two processes on PostgreSQL and Redis', async (t) => {
    const cluster = await startCluster(t)
    const { one, two, sql, redis, relay } = cluster
    const { client_id, client_secret } = await createClient(cluster)
    const resourceServer = { client_id, client_secret }

    /** Ends each grant while something is broken, and measures how long the other process goes on. */
    async function checkEach(
      t: { same: typeof tap.same; ok: typeof tap.ok },
      prepared: Record<string, Prepare>,
      disturb: () => Promise<() => Promise<unknown>>,
    ): Promise<void> {
      const grants: [string, Grant][] = []
      for (const [name, prepare] of Object.entries(prepared))
        grants.push([name, await prepare(cluster, resourceServer)])
      for (const [name, { uses }] of grants) {
        for (const [use, check] of Object.entries(uses)) {
          t.same([await check(one), await check(two)], [true, true], `${name}: before it, ${use} works on both`)
        }
      }
      const mend = await disturb()
      for (const [name, { uses, end }] of grants) {
        await end()
        const ended = startStopwatch()
        await Promise.all(
          Object.entries(uses).map(async ([use, check]) => {
            const took = Math.round(await acceptedFor(two, check, ended))
            t.ok(took < withinMilliseconds, `${name}: ${use} was accepted there for ${took} ms`)
          }),
        )
      }
      await mend()
      await until('both are ready again', async () => {
        const health = await Promise.all([one, two].map((service) => service.call('/health/ready')))
        return health.every(({ status }) => status === 200)
      })
    }

    await t.test('what is ended on one side the other refuses within a second', (t) =>
      checkEach(t, { ...byRequest, ...byOperator }, async () => async () => {}),
    )
    await t.test('also while Redis is stopped', (t) =>
      checkEach(t, byOperator, async () => {
        await redis.halt()
        return redis.resume
      }),
    )
    await t.test('also when Redis was restarted and has forgotten everything', (t) =>
      checkEach(t, { ...byRequest, ...byOperator }, async () => {
        await redis.halt()
        await redis.resume()
        await until('both are ready', async () => {
          const health = await Promise.all([one, two].map((service) => service.call('/health/ready')))
          return health.every(({ status }) => status === 200)
        })
        return async () => {}
      }),
    )
    await t.test('also while no wake-up arrives: connections that listen are cut again and again', (t) =>
      checkEach(t, { ...byRequest, ...byOperator }, async () => {
        const enough = new AbortController()
        let cuts = 0
        const cut = (async () => {
          while (!enough.signal.aborted) {
            const gone = await sql`select pg_terminate_backend(pid) from pg_stat_activity
              where datname = current_database() and query ilike 'listen%'`
            cuts += gone.length
            await new Promise((again) => setTimeout(again, 5))
          }
        })()
        return async () => {
          enough.abort()
          await cut
          t.ok(cuts > 2, `${cuts} connections were cut`)
        }
      }),
    )
    await t.test(
      'a process that is cut off from SQL denies within a second, and says that it is not ready',
      async (t) => {
        const held = await signInAt(one, await cluster.createUser())
        const key = await makeKey(cluster, held.cookie)
        const uses = [bearer(held.accessToken), { cookie: held.cookie }, { 'x-api-key': key.key }]
        for (const headers of uses) t.ok(await passes(two, headers))
        relay.freeze()
        await cluster.operate('DELETE', `/api-keys/${key.id}`)
        await one.call('/api/auth/logout', { method: 'POST', headers: { cookie: held.cookie } })
        const took = await Promise.all(
          uses.map((headers) => acceptedFor(two, (service) => passes(service, headers), startStopwatch())),
        )
        for (const each of took) t.ok(each < withinMilliseconds, `accepted for ${Math.round(each)} ms`)
        t.equal((await two.call('/health/ready')).status, 503)
        t.equal((await one.call('/health/ready')).status, 200, 'the other is unaffected')
        relay.thaw()
        await until('it is ready again', async () => (await two.call('/health/ready')).status === 200)
        for (const headers of uses) t.notOk(await passes(two, headers), 'and knows what it missed')
        const fresh = await signInAt(one, await cluster.createUser())
        t.ok(await passes(two, bearer(fresh.accessToken)))
      },
    )
  })
}
