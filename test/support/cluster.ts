/** Two processes of the program on one PostgreSQL and one Redis, with a network between that a test may cut. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import { stringify } from 'yaml'
import postgres from 'postgres'
import { createBase } from '../../src/base.ts'
import { buildControl } from '../../src/gatehouse.ts'
import { systemClock } from '../../src/cli/process.ts'
import { loadConfig } from '../../src/config.ts'
import { openStores } from '../../src/stores/open.ts'
import { createDatabase } from './backends.ts'
import { testSecret } from './secrets.ts'
import { type Environment, type Running, serve } from './program.ts'
import { type InterruptibleServer, type Relay, scratchFolder, startRedis, startRelay } from './servers.ts'
import { defineRoles, exampleRules, type SignedIn, type TestUser } from './service.ts'
import { patientProxies } from './patience.ts'

type Test = { teardown(after: () => unknown): unknown }
export const password = 'a horse, a battery and a staple'

export interface Cluster {
  one: Running
  two: Running
  /** Another process on the same stores. */
  add(yaml?: object): Promise<Running>
  /** What lies between the second process and PostgreSQL. */
  relay: Relay
  redis: InterruptibleServer
  sql: postgres.Sql
  /** Runs an operator's task beside both processes, as the command line does. */
  operate<T = any>(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: object): Promise<T>
  createUser(roles?: string[]): Promise<TestUser>
}

export async function startCluster(t: Test): Promise<Cluster> {
  const folder = scratchFolder(t)
  const [database, redis] = await Promise.all([createDatabase({ migrated: true }), startRedis()])
  t.teardown(() => Promise.all([database.drop(), redis!.stop()]))
  const relay = await startRelay(database.url)
  t.teardown(() => relay.close())
  const sql = postgres(database.url, { max: 2, onnotice: () => {} })
  t.teardown(() => sql.end())

  const usual = {
    ...exampleRules,
    limits: { requests_per_minute: 100_000, secret_tests_per_minute: 100_000, refreshes_per_minute: 100_000 },
    proxies: patientProxies,
  }
  const environmentOf = (name: string, yaml: object = {}): Environment => {
    const file = join(folder, `${name}.yaml`)
    writeFileSync(file, stringify({ ...usual, ...yaml }))
    return {
      DATABASE_URL: name === 'two' ? relay.url : database.url,
      REDIS_URL: redis!.url,
      GATEHOUSE_SECRET: testSecret().toString('base64'),
      GATEHOUSE_DATA_DIR: join(folder, name),
      GATEHOUSE_ISSUER: 'http://auth.example.test',
      GATEHOUSE_CONFIG: file,
    }
  }
  let added = 0
  const add = (yaml?: object) => serve(t, folder, environmentOf(`added-${++added}`, yaml))
  const [one, two] = await Promise.all(['one', 'two'].map((name) => serve(t, folder, environmentOf(name))))

  const config = loadConfig(environmentOf('operator'))
  const logger = pino({ level: 'silent' })
  const stores = await openStores({ ...config, redisUrl: undefined }, systemClock, logger)
  const base = createBase({ config, stores, clock: systemClock, logger })
  const control = buildControl(base, config)
  t.teardown(async () => {
    await base.audit.close()
    await stores.close()
  })
  let users = 0
  const cluster: Cluster = {
    one: one!,
    two: two!,
    add,
    relay,
    redis: redis!,
    sql,
    async operate(method, path, body) {
      const reply = await control.inject({ method, url: path, ...(body && { payload: body }) })
      if (reply.statusCode >= 400) throw new Error(`${method} ${path}: ${reply.statusCode} ${reply.body}`)
      return reply.json()
    },
    async createUser(roles = []) {
      const email = `user-${++users}@example.test`
      await defineRoles(cluster, roles)
      const { id } = await cluster.operate('POST', '/users', { email, name: 'Ada', roles, password })
      return { id, email, password }
    },
  }
  return cluster
}

/** Signs in at one of the processes. */
export async function signInAt(service: Running, { email }: TestUser): Promise<SignedIn> {
  const json = { email, password, token_delivery: 'body' }
  const answer = await service.call('/api/auth/login', { method: 'POST', json })
  if (answer.status !== 200) throw new Error(`sign-in: ${answer.status} ${answer.body}`)
  const { access_token: accessToken, refresh_token: refreshToken } = answer.json()
  return { accessToken, refreshToken, cookie: `gatehouse=${answer.cookies['gatehouse']}` }
}
