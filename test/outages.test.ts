/** Stores that break, hang and come back in the middle of parallel writes of every kind. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import postgres from 'postgres'
import { type Test, test } from 'tap'
import { stringify } from 'yaml'
import { openStores } from '../src/stores/open.ts'
import { hasServers } from './support/backends.ts'
import { serve } from './support/program.ts'
import { testSecret } from './support/secrets.ts'
import { scratchFolder, startPostgres, startRedis, startRelay } from './support/servers.ts'
import { type Answer, asks, bearer, exampleRules, type SignedIn, startService } from './support/service.ts'
import { patientProxies, until } from './support/patience.ts'

const password = 'a horse, a battery and a staple'
const generous = {
  accounts: { registration: 'open' },
  proxies: patientProxies,
  limits: {
    requests_per_minute: 1_000_000,
    secret_tests_per_minute: 1_000_000,
    failures_per_account: 100_000,
    refreshes_per_minute: 1_000_000,
  },
  // What hung may be asked again as late as this.
  tokens: { refresh_grace_seconds: 60 },
}

/** Two replicas, one of them a process of the program, with a relay before each store. */
async function startUnderRelays(t: Test) {
  const [database, redis] = await Promise.all([startPostgres(), startRedis()])
  t.teardown(() => Promise.all([database!.stop(), redis!.stop()]))
  const [toDatabase, toRedis] = await Promise.all([startRelay(database!.url), startRelay(redis!.url)])
  t.teardown(() => Promise.all([toDatabase.close(), toRedis.close()]))
  const folder = scratchFolder(t)
  const configFile = join(folder, 'gatehouse.yaml')
  writeFileSync(configFile, stringify({ ...exampleRules, ...generous }))
  const program = await serve(t, folder, {
    DATABASE_URL: toDatabase.url,
    REDIS_URL: toRedis.url,
    GATEHOUSE_SECRET: testSecret().toString('base64'),
    GATEHOUSE_DATA_DIR: folder,
    GATEHOUSE_ISSUER: 'http://auth.example.test',
    GATEHOUSE_CONFIG: configFile,
  })
  // What operators and the clock do, which the program has no door for in short intervals.
  const beside = await startService(t, {
    yaml: generous,
    backend: {
      name: 'clustered',
      async open(clock) {
        const settings = { databaseUrl: toDatabase.url, redisUrl: toRedis.url, dataDirectory: folder }
        const stores = await openStores(settings, clock, { info() {}, warn() {}, error() {} })
        return { stores, close: () => stores.close().catch(() => {}) }
      },
    },
  })
  const sql = postgres(database!.url, { max: 1, onnotice: () => {}, idle_timeout: 1 })
  t.teardown(() => sql.end())
  return { database: database!, redis: redis!, toDatabase, toRedis, program, beside, sql }
}

type Stage = Awaited<ReturnType<typeof startUnderRelays>>

/** What was acknowledged, and so must be so in the end. */
interface Ledger {
  registered: string[]
  signedIn: SignedIn[]
  revoked: SignedIn[]
  apiKeys: { made: string; ended: boolean }[]
  roles: Map<string, boolean>
}

/** One piece of work of each kind; it rejects with an `Answer` that is no success, or an error of an operator's task. */
async function kindsOfWork({ program, beside }: Stage, ledger: Ledger) {
  let count = 0
  const next = () => `${++count}`
  const users = await Promise.all(Array.from({ length: 4 }, () => beside.createUser()))
  await beside.operate('PUT', '/roles/editor', { permissions: [] })
  const someone = () => users[count++ % users.length]!
  async function done(answer: Promise<Answer>): Promise<Answer> {
    const given = await answer
    if (given.status >= 400) throw given
    return given
  }
  const post = (path: string, call: object) => done(program.call(path, { method: 'POST', ...call }))
  async function signIn(): Promise<SignedIn> {
    const { email, password } = someone()
    const answer = await post('/api/auth/login', { json: { email, password, token_delivery: 'body' } })
    const { access_token: accessToken, refresh_token: refreshToken } = answer.json()
    return { accessToken, refreshToken, cookie: `gatehouse=${answer.cookies['gatehouse']}` }
  }
  const held = await signIn()
  /** One at a time: a chain. */
  let refreshToken = (await signIn()).refreshToken
  const keeper = bearer((await signIn()).accessToken)

  return {
    async registration() {
      const email = `new-${next()}@example.test`
      await post('/api/auth/register', { json: { name: 'Ada', email, password } })
      ledger.registered.push(email)
    },
    async 'sign-in'() {
      ledger.signedIn.push(await signIn())
    },
    async refresh() {
      // Twice at a time: both get the one successor.
      const call = () => post('/api/auth/refresh', { json: { refresh_token: refreshToken } })
      const successors = new Set<string>()
      for (const outcome of await Promise.allSettled([call(), call()])) {
        if (outcome.status === 'rejected') throw outcome.reason
        successors.add(outcome.value.json().refresh_token)
      }
      if (successors.size !== 1) throw new Error('one refresh token had two successors')
      ;[refreshToken = ''] = successors
    },
    async revocation() {
      const session = await signIn()
      await post('/oauth/revoke', { form: { client_id: 'gatehouse', token: session.refreshToken } })
      ledger.revoked.push(session)
    },
    async 'API key'() {
      const answer = await post('/api/users/me/api-keys', { json: { name: next(), scopes: [] }, headers: keeper })
      const key = { made: answer.json().id as string, ended: false }
      ledger.apiKeys.push(key)
      await done(program.call(`/api/users/me/api-keys/${key.made}`, { method: 'DELETE', headers: keeper }))
      key.ended = true
    },
    async 'key rotation'() {
      await beside.operate('POST', '/keys/rotate', {})
    },
    async 'role change'() {
      const { id } = someone()
      const role = 'editor'
      ledger.roles.delete(id)
      await beside.operate('PUT', `/users/${id}/roles/${role}`)
      ledger.roles.set(id, true)
    },
    async upkeep() {
      await beside.gatehouse.maintain()
    },
    async 'forward-auth'() {
      await done(program.call('/forward-auth', { headers: { ...asks({ path: '/reports' }), cookie: held.cookie } }))
    },
  }
}

if (hasServers) {
  void test('nothing that PostgreSQL, Redis or the network does ends the process or is a fault of ours', async (t) => {
    const stage = await startUnderRelays(t)
    const { database, redis, toDatabase, toRedis, program, sql } = stage
    const ledger: Ledger = { registered: [], signedIn: [], revoked: [], apiKeys: [], roles: new Map() }
    const kinds = await kindsOfWork(stage, ledger)
    const tallies = Object.keys(kinds).map((kind) => ({ kind, done: 0, unavailable: 0, other: new Set<string>() }))

    const stop = new AbortController()
    t.teardown(() => stop.abort())
    async function keepDoing(tally: (typeof tallies)[number]): Promise<void> {
      while (!stop.signal.aborted) {
        try {
          await kinds[tally.kind as keyof typeof kinds]()
          tally.done += 1
        } catch (thrown) {
          const { status, headers, body } = thrown as Answer
          const retry = headers === undefined || headers['retry-after'] !== undefined
          const said = status === undefined ? String(thrown) : `${status} ${body}`
          if (retry && (/\b503\b/.test(said) || (thrown as { code?: string }).code === 'unavailable'))
            tally.unavailable += 1
          else tally.other.add(said)
          await new Promise((done) => setImmediate(done))
        }
      }
    }
    const work = tallies.flatMap((tally) => [keepDoing(tally), ...(tally.kind === 'refresh' ? [] : [keepDoing(tally)])])

    const allAgain = (what: string) => {
      const before = tallies.map(({ done }) => done)
      return until(`every kind of work is done ${what}`, () => {
        const faults = tallies.flatMap(({ kind, other }) => [...other].map((said) => `${kind}: ${said}`))
        if (faults.length > 0) throw new Error(`${what}, more than 503 with Retry-After: ${faults.join('; ')}`)
        return tallies.every(({ done }, index) => done > before[index]! + 1)
      })
    }
    const refused = (what: string, names: string[] = tallies.map(({ kind }) => kind)) => {
      const concerned = tallies.filter(({ kind }) => names.includes(kind))
      const before = concerned.map(({ unavailable }) => unavailable)
      return until(`${what} shows: ${names.join(', ')}`, () =>
        concerned.every(({ unavailable }, index) => unavailable > before[index]!),
      )
    }
    await allAgain('at first')

    async function through(what: string, fault: () => Promise<unknown>): Promise<void> {
      await fault()
      await allAgain(`after ${what}`)
      t.equal(program.child.exitCode, null, `${what}: the process goes on, and so does every kind of work`)
    }

    for (const how of ['close', 'reset', 'torn'] as const) {
      for (const [name, relay] of [
        ['PostgreSQL', toDatabase],
        ['Redis', toRedis],
      ] as const) {
        for (let time = 1; time <= 2; time++) {
          await through(`connections of ${name}: ${how}, time ${time}`, async () => relay.sever(how))
        }
      }
    }
    for (let time = 1; time <= 2; time++) {
      await through(
        `pg_terminate_backend, time ${time}`,
        () => sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'gatehouse'`,
      )
    }
    await through('a PostgreSQL that hangs until it has given up idle transactions', async () => {
      toDatabase.freeze()
      await refused('the freeze')
      await until('no transaction is idle', async () => {
        const idle = await sql`select 1 from pg_stat_activity where state like 'idle in transaction%'`
        return idle.length === 0
      })
      toDatabase.thaw()
    })
    await through('a PostgreSQL that answers with something else', async () => {
      toDatabase.answer('HTTP/1.1 503 Service Unavailable\r\n\r\n')
      await refused('the answer')
      toDatabase.answer(undefined)
      toDatabase.sever('close')
    })
    await through('a crash and a restart of PostgreSQL', async () => {
      await database.crash()
      await refused('the crash')
      await database.resume()
    })
    await through('a restart of PostgreSQL', async () => {
      await database.halt()
      await database.resume()
    })
    const counted = ['registration', 'sign-in']
    for (const [what, answer] of Object.entries({
      'loads its data': '-LOADING Redis is loading the dataset in memory\r\n',
      'is read-only': "-READONLY You can't write against a read only replica.\r\n",
      'is something else': 'HTTP/1.1 400 Bad Request\r\n\r\n',
    })) {
      await through(`a Redis that ${what}`, async () => {
        toRedis.answer(answer)
        await refused('the answer', counted)
        toRedis.answer(undefined)
        toRedis.sever('close')
      })
    }
    await through('a Redis that hangs', async () => {
      toRedis.freeze()
      await refused('the freeze', counted)
      toRedis.thaw()
    })
    await through('a crash and a restart of Redis, which forgets everything', async () => {
      await redis.crash()
      await refused('the crash', counted)
      await redis.resume()
    })

    stop.abort()
    await Promise.all(work)
    t.equal((await program.call('/health/ready')).status, 200)

    // Acknowledged is acknowledged. What registrations ask for is done behind their answers.
    await until('every registration is there', async () => {
      const known = new Set((await sql<{ email: string }[]>`select email from registrations`).map(({ email }) => email))
      return ledger.registered.every((email) => known.has(email))
    })
    const me = async ({ cookie }: SignedIn) => (await program.call('/api/users/me', { headers: { cookie } })).status
    t.same(new Set(await Promise.all(ledger.signedIn.map(me))), new Set([200]), 'every sign-in holds')
    t.same(new Set(await Promise.all(ledger.revoked.map(me))), new Set([401]), 'every revocation too')
    const live = new Set(
      (await sql<{ id: string }[]>`select id from api_keys where revoked_at is null`).map(({ id }) => id),
    )
    t.same(
      ledger.apiKeys.filter(({ made, ended }) => ended === live.has(made) && ended),
      [],
      'no API key that was revoked lives',
    )
    for (const [id] of ledger.roles) t.match(await stage.beside.operate('GET', `/users/${id}`), { roles: ['editor'] })
    const twice = await sql`
      select family_id from refresh_tokens where used_at is null group by family_id having count(*) > 1`
    t.same([...twice], [], 'no refresh token has two successors')
    const active = await stage.beside.list('/keys')
    t.ok(active.length > 0)
  })
}
