/** Refresh rotation in real processes: parallel use, kill -9, restarts, and a Redis that has forgotten everything. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { hasServers } from './support/backends.ts'
import { type Cluster, password, signInAt, startCluster } from './support/cluster.ts'
import { prepareData, run, type Running, serve } from './support/program.ts'
import { scratchFolder } from './support/servers.ts'
import { asks, bearer } from './support/service.ts'
import { until } from './support/patience.ts'

const refresh = (service: Running, refresh_token: string) =>
  service.call('/api/auth/refresh', { method: 'POST', json: { refresh_token } })

async function isSignedIn(service: Running, headers: Record<string, string>): Promise<boolean> {
  const question = { headers: { ...asks({ path: '/reports' }), ...headers } }
  return (await service.call('/forward-auth', question)).status === 200
}

/** How many tokens of a person's sign-ins are used, and how many are live. */
async function tokensOf({ sql }: Cluster, userId: string): Promise<{ used: number; live: number }> {
  const [row] = await sql<[{ used: number; live: number }]>`
    select count(used_at)::int as used, (count(*) - count(used_at))::int as live
    from refresh_tokens join refresh_families on refresh_families.id = family_id where user_id = ${userId}`
  return row
}

void test('an embedded service that is killed and started again', async (t) => {
  const folder = scratchFolder(t)
  const config = join(folder, 'gatehouse.yaml')
  writeFileSync(config, 'tokens: { refresh_grace_seconds: 60 }')
  const environment = {
    GATEHOUSE_DATA_DIR: join(folder, 'data'),
    GATEHOUSE_ISSUER: 'http://auth.example.test',
    GATEHOUSE_CONFIG: config,
  }
  prepareData(environment.GATEHOUSE_DATA_DIR)
  const user = { id: '', email: 'ada@example.test', password }
  const create = ['user', 'create', '--email', user.email, '--name', 'Ada', '--password-stdin']
  t.equal((await run(folder, create, environment, `${password}\n`)).code, 0)
  const killed = await serve(t, folder, environment)
  const { refreshToken, cookie } = await signInAt(killed, user)
  const first = await refresh(killed, refreshToken)
  killed.child.kill('SIGKILL')
  await killed.finished

  await t.test('answers a retry within the grace window word for word as before', async (t) => {
    const again = await serve(t, folder, environment)
    t.equal((await refresh(again, refreshToken)).body, first.body)
  })
  await t.test('knows the rotated token as used: it is not resurrected, and its session ends', async (t) => {
    writeFileSync(config, 'tokens: { refresh_grace_seconds: 0 }')
    const strict = await serve(t, folder, environment)
    const isUser = async () => (await strict.call('/api/users/me', { headers: { cookie } })).status === 200
    t.ok(await isUser())
    t.equal((await refresh(strict, refreshToken)).status, 401)
    t.equal((await refresh(strict, first.json().refresh_token)).status, 401, 'its family has ended')
    t.notOk(await isUser())
  })
})

if (hasServers) {
  void test('refreshing over two processes', async (t) => {
    const cluster = await startCluster(t)
    const { one, two } = cluster

    await t.test(
      '50 parallel refreshes over both get 50 identical answers and leave one live descendant',
      async (t) => {
        const user = await cluster.createUser()
        const { refreshToken, cookie } = await signInAt(one, user)
        const each = Array.from({ length: 50 }, (_, i) => refresh(i % 2 ? one : two, refreshToken))
        const answers = await Promise.all(each)
        t.same(new Set(answers.map(({ status }) => status)), new Set([200]))
        t.equal(new Set(answers.map(({ body }) => body)).size, 1)
        t.same(await tokensOf(cluster, user.id), { used: 1, live: 1 })
        const { access_token, refresh_token } = answers[0]!.json()
        for (const service of [one, two]) {
          t.ok(await isSignedIn(service, bearer(access_token)))
          t.ok(await isSignedIn(service, { cookie }))
        }
        t.equal((await refresh(two, refresh_token)).status, 200)
      },
    )
    await t.test('a Redis that was restarted empty changes nothing: the retry gets the same answer', async (t) => {
      const user = await cluster.createUser()
      const { refreshToken } = await signInAt(one, user)
      const first = await refresh(one, refreshToken)
      await cluster.redis.halt()
      await cluster.redis.resume()
      let retry = await refresh(two, refreshToken)
      await until('Redis is reached again', async () => (retry = await refresh(two, refreshToken)).status !== 503)
      t.equal(retry.body, first.body)
      t.same(await tokensOf(cluster, user.id), { used: 1, live: 1 })
    })
    await t.test(
      'kill -9 amid 50 refreshes: the retry elsewhere gets the answer that others got, and no second token',
      async (t) => {
        const victim = await cluster.add()
        const user = await cluster.createUser()
        const { refreshToken, cookie } = await signInAt(one, user)
        const each = Array.from({ length: 50 }, () => refresh(victim, refreshToken).catch(() => undefined))
        // As soon as any of them has used the token; the other answers are under way.
        await until('the token is used', async () => (await tokensOf(cluster, user.id)).used === 1)
        victim.child.kill('SIGKILL')
        const arrived = (await Promise.all(each)).flatMap((answer) => answer ?? [])
        const retries = await Promise.all([refresh(one, refreshToken), refresh(two, refreshToken)])
        t.same(new Set(retries.map(({ status }) => status)), new Set([200]))
        t.equal(new Set([...arrived, ...retries].map(({ body }) => body)).size, 1)
        t.same(await tokensOf(cluster, user.id), { used: 1, live: 1 })
        t.ok(await isSignedIn(one, { cookie }))
      },
    )
    await t.test('neither a restart nor an empty Redis brings a rotated token back to life', async (t) => {
      const user = await cluster.createUser()
      const { refreshToken, cookie } = await signInAt(one, user)
      const victim = await cluster.add()
      const { refresh_token } = (await refresh(victim, refreshToken)).json()
      victim.child.kill('SIGKILL')
      await victim.finished
      await cluster.redis.halt()
      await cluster.redis.resume()
      // Without a grace window, so that the same use is a reuse.
      const strict = await cluster.add({ tokens: { refresh_grace_seconds: 0 } })
      t.equal((await refresh(strict, refreshToken)).status, 401)
      t.equal((await refresh(strict, refresh_token)).status, 401, 'its family has ended')
      t.notOk(await isSignedIn(strict, { cookie }))
    })
  })
}
