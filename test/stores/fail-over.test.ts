/** Connections that outlive the state in which their server could be used, and servers that change places. */
import postgres from 'postgres'
import { type Test, test } from 'tap'
import { hasServers } from '../support/backends.ts'
import type { Running } from '../support/program.ts'
import { untilWanted } from '../support/patience.ts'
import { startPostgres } from '../support/servers.ts'
import { personsPassword, stageOf } from './support.ts'

const email = 'ada@example.test'
const create = `user create --email ${email} --name Ada --password-stdin`

async function startServing(t: Test, databaseUrl: string) {
  const stage = stageOf(t, databaseUrl)
  const made = await stage.command(create, personsPassword)
  t.equal(made.code, 0, made.stderr)
  const service = await stage.serve()
  return {
    stage,
    service,
    signIn: () =>
      service.call('/api/auth/login', {
        method: 'POST',
        json: { email, password: personsPassword, token_delivery: 'body' },
      }),
    ready: async () => (await service.call('/health/ready')).status,
  }
}

/** Several at once, so that the pool has several connections. */
const severalTimes = <T>(task: () => Promise<T>) => Promise.all(Array.from({ length: 8 }, task))
const statusesOf = (answers: { status: number }[]) => [...new Set(answers.map(({ status }) => status))]
const faultsIn = ({ said }: Running) =>
  said.stdout
    .split('\n')
    .filter((line) => /"level":[5-6]0|"event":"request\.unavailable"/.test(line))
    .map((line) => {
      const { reason, err } = JSON.parse(line) as { reason?: string; err?: { message: string } }
      return reason ?? err?.message ?? line
    })

if (hasServers) {
  void test('open connections that became read-only are replaced, and what they refused is asked again', async (t) => {
    const database = (await startPostgres())!
    t.teardown(() => database.stop())
    const { signIn, ready, service } = await startServing(t, database.url)
    t.same(statusesOf(await severalTimes(signIn)), [200])
    const sql = postgres(database.url, { max: 1, onnotice: () => {} })
    t.teardown(() => sql.end())

    await sql`alter database postgres set default_transaction_read_only = off`
    await sql`alter system set default_transaction_read_only = on`
    await sql`select pg_reload_conf()`
    const [first] = [await signIn()]
    t.equal(first.status, 200, 'the first sign-in after it works')
    t.same(statusesOf(await severalTimes(signIn)), [200], 'and so do all')
    t.equal(await ready(), 200)
    const headers = { authorization: `Bearer ${first.json().access_token}` }
    const out = await service.call('/api/auth/logout', { method: 'POST', headers })
    t.equal(out.status, 204, 'what takes rights away too')
    t.same(faultsIn(service), [])

    await sql`set default_transaction_read_only = off`
    await sql`alter database postgres reset default_transaction_read_only`
    await sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'gatehouse'`
    t.equal(
      await untilWanted('new connections are read-only, and it is not ready', ready, (status) => status === 503),
      503,
    )
    const refused = await signIn()
    t.match([refused.status, refused.headers['retry-after']], [503, '2'])
    t.match(
      faultsIn(service).join('\n'),
      /DATABASE_URL: the server cannot be used \(25006\): it takes no writes; name the primary/,
    )
    await sql`alter system reset default_transaction_read_only`
    await sql`select pg_reload_conf()`
    await untilWanted('it is ready again', ready, (status) => status === 200)
    t.same(statusesOf(await severalTimes(signIn)), [200])
  })

  void test('a server that takes no writes is refused at the start, and not asked for the schema', async (t) => {
    const database = (await startPostgres())!
    t.teardown(() => database.stop())
    const sql = postgres(database.url, { max: 1, onnotice: () => {} })
    t.teardown(() => sql.end())
    await sql`alter system set default_transaction_read_only = on`
    await sql`select pg_reload_conf()`
    for (const command of ['serve', 'migrate', 'user list']) {
      const { code, stderr } = await stageOf(t, `${database.url}?options=-cgeqo%3Doff`).command(command)
      t.equal(code, 1)
      t.match(
        stderr,
        /^gatehouse: DATABASE_URL: the server cannot be used \(25006\): it takes no writes; .*\n$/,
        command,
      )
    }
  })

  void test('of several hosts the one that takes writes is used, also after they changed places', async (t) => {
    const primary = (await startPostgres())!
    t.teardown(() => primary.stop())
    const standby = (await startPostgres({ follows: primary }))!
    t.teardown(() => standby.stop())
    const hosts = `127.0.0.1:${standby.port},127.0.0.1:${primary.port}`
    const { signIn, ready, service } = await startServing(
      t,
      `postgres://gatehouse@${hosts}/postgres?target_session_attrs=read-write&connect_timeout=2`,
    )
    const signedIn = await signIn()
    t.equal(signedIn.status, 200)
    const onStandby = postgres(standby.url, { max: 1, onnotice: () => {} })
    t.teardown(() => onStandby.end())
    await untilWanted(
      'the standby has what was written',
      async () => (await onStandby`select count(*)::int as n from sessions`)[0]!['n'] as number,
      (count) => count > 0,
    )

    await primary.halt()
    t.equal(await untilWanted('it is not ready without a primary', ready, (status) => status === 503), 503)
    t.equal((await signIn()).status, 503)
    await standby.promote()
    await untilWanted('it is ready with the other', ready, (status) => status === 200)
    t.same(statusesOf(await severalTimes(signIn)), [200])
    const headers = { authorization: `Bearer ${signedIn.json().access_token}` }
    t.equal((await service.call('/api/users/me', { headers })).status, 200, 'who was signed in still is')
  })

  void test('connections that the server ends one by one cost no request that had not begun', async (t) => {
    const database = (await startPostgres())!
    t.teardown(() => database.stop())
    const { signIn, ready } = await startServing(t, database.url)
    const sql = postgres(database.url, { max: 1, onnotice: () => {} })
    t.teardown(() => sql.end())
    for (let time = 0; time < 3; time++) {
      t.same(statusesOf(await severalTimes(signIn)), [200])
      await sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'gatehouse'`
      t.equal(await ready(), 200)
      t.same(statusesOf(await severalTimes(signIn)), [200])
    }
    // 57P05: the server's own patience with idle ones.
    await sql`alter system set idle_session_timeout = '50ms'`
    await sql`set idle_session_timeout = 0`
    await sql`select pg_reload_conf()`
    await sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'gatehouse'`
    for (let time = 0; time < 5; time++) {
      t.equal((await signIn()).status, 200)
      await untilWanted(
        'the server has ended what was idle',
        async () =>
          (
            await sql`select count(*)::int as n from pg_stat_activity where
            application_name = 'gatehouse' and state = 'idle' and query not like 'listen%' and state_change < now() - interval '60 ms'`
          )[0]!['n'] as number,
        (count) => count === 0,
      )
    }
  })
}
