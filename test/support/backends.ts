/** The two ways the service keeps its state, each fresh and empty for every test that asks. */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import postgres from 'postgres'
import type { Clock } from '../../src/core/clock.ts'
import type { Stores } from '../../src/core/stores.ts'
import { createMemoryCounters } from '../../src/stores/memory/counters.ts'
import { combineStores } from '../../src/stores/open.ts'
import { openRedisCounters } from '../../src/stores/redis/counters.ts'
import { openPostgres, storesOn } from '../../src/stores/sql/open.ts'
import { type PGlite, startPglite } from '../../src/stores/sql/pglite.ts'

export interface OpenBackend {
  stores: Stores
  /** Opens the same state once more, as a second replica would. Absent where only one process can hold it. */
  replica?: () => Promise<Stores>
  databaseUrl?: string
  redisUrl?: string
  /** Every row of every table, as JSON, by its table. */
  everyRow?(): Promise<Record<string, string[]>>
  close(): Promise<void>
}

export interface Backend {
  name: 'embedded' | 'clustered'
  open(clock: Clock): Promise<OpenBackend>
}

const databaseUrl = process.env['TEST_DATABASE_URL']
const redisUrl = process.env['TEST_REDIS_URL']
const snapshotFile = process.env['TEST_PGLITE_SNAPSHOT']

/** A fresh cluster with all migrations, where the runner has made one. */
export function migratedCluster(): Blob | undefined {
  return snapshotFile === undefined ? undefined : new Blob([readFileSync(snapshotFile)])
}

/**
 * Those that earlier tests of this process gave back, empty: emptying one takes a fraction of the time that making one takes.
 * They end with the process, which they would keep.
 */
const idle: { clients: PGlite[]; databases: TestDatabase[] } = { clients: [], databases: [] }
let willEnd = false

/** Loads what only tests have, where there is something to end: a bench uses what stands here too. */
async function endAtTheEnd(): Promise<void> {
  if (willEnd) return
  willEnd = true
  const { default: tap } = await import('tap')
  tap.teardown(() =>
    Promise.all([
      ...idle.clients.map((client) => client.close()),
      ...idle.databases.map((database) => database.drop()),
    ]),
  )
}

type Query = <Row>(text: string) => Promise<readonly Row[]>

async function everyRowBy(query: Query): Promise<Record<string, string[]>> {
  const rows: Record<string, string[]> = {}
  for (const { name } of await query<{ name: string }>(tablesToEmpty))
    rows[name] = (await query<{ row: string }>(`select row_to_json(t)::text as row from "${name}" t`)).map(
      ({ row }) => row,
    )
  return rows
}

/** Tables of what migrations make, which write no rows but their own. */
const tablesToEmpty = `select tablename as name from pg_tables where schemaname = 'public' and tablename <> 'gatehouse_migrations'`
const emptying = (rows: readonly { name: string }[]) =>
  `truncate ${rows.map(({ name }) => name).join()} restart identity cascade`

const embedded: Backend = {
  name: 'embedded',
  async open(clock) {
    const client = idle.clients.pop() ?? (await startPglite(undefined, migratedCluster()))
    const stores = combineStores(await storesOn(client, clock), createMemoryCounters(clock))
    return {
      stores,
      everyRow: () => everyRowBy(async (text) => (await client.query(text)).rows as never),
      async close() {
        // A test may have closed its stores, to see what happens then.
        if (client.closed) return
        await client.exec(emptying((await client.query<{ name: string }>(tablesToEmpty)).rows))
        await endAtTheEnd()
        idle.clients.push(client)
      },
    }
  },
}

/** Opens stores on an existing database and Redis, under a key prefix of their own. */
async function openServers(database: string, redis: string, clock: Clock): Promise<Stores> {
  const counters = await openRedisCounters(redis, () => {})
  return combineStores(await openPostgres(database, clock), counters, counters)
}

const clustered: Backend = {
  name: 'clustered',
  async open(clock) {
    const database = idle.databases.pop() ?? (await createDatabase({ migrated: true }))
    const redis = redisUrlOf(newName())
    const stores = await openServers(database.url, redis, clock)
    return {
      stores,
      replica: () => openServers(database.url, redis, clock),
      databaseUrl: database.url,
      redisUrl: redis,
      async everyRow() {
        const sql = postgres(database.url, { max: 1, onnotice: () => {} })
        try {
          return await everyRowBy((text) => sql.unsafe(text) as never)
        } finally {
          await sql.end()
        }
      },
      async close() {
        await stores.close().catch(() => {})
        if (!(await hasEmptied(database))) return database.drop()
        await endAtTheEnd()
        idle.databases.push(database)
      },
    }
  },
}

/** Ends whatever is still connected, and empties the tables; false where a test has left a database in which that cannot be done. */
async function hasEmptied({ url }: TestDatabase): Promise<boolean> {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  try {
    await sql`select pg_terminate_backend(pid, 5000) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()`
    await sql.unsafe(emptying(await sql.unsafe<{ name: string }[]>(tablesToEmpty)))
    return true
  } catch {
    return false
  } finally {
    await sql.end()
  }
}

/** What this run can exercise. `test/run.ts` says what is missing, and fails when it must not be. */
export const backends: readonly Backend[] =
  databaseUrl !== undefined && redisUrl !== undefined ? [embedded, clustered] : [embedded]

/** Whether tests of real servers can run here. */
export const hasServers = backends.length === 2

export interface TestDatabase {
  name: string
  url: string
  drop(): Promise<void>
}

const newName = () => `gatehouse_test_${randomBytes(6).toString('hex')}`

/** A database of its own on the configured server: an empty one, or a copy of one to which all migrations were applied. */
export async function createDatabase({ migrated = false } = {}): Promise<TestDatabase> {
  // The runner asks too, once it has started the server.
  const { TEST_DATABASE_URL: server, TEST_DATABASE_TEMPLATE: template } = process.env
  if (server === undefined) throw new Error('TEST_DATABASE_URL is not set')
  const ask = async (statement: string) => {
    const sql = postgres(server, { max: 1, onnotice: () => {} })
    try {
      await sql.unsafe(statement)
    } finally {
      await sql.end()
    }
  }
  const name = newName()
  await ask(`create database ${name}${migrated && template !== undefined ? ` template ${template}` : ''}`)
  const url = new URL(server)
  url.pathname = `/${name}`
  return { name, url: url.href, drop: () => ask(`drop database if exists ${name} with (force)`) }
}

/** The configured Redis under a key prefix, so that tests that run side by side do not meet. */
export function redisUrlOf(name: string): string {
  if (redisUrl === undefined) throw new Error('TEST_REDIS_URL is not set')
  const url = new URL(redisUrl)
  url.searchParams.set('keyPrefix', `${name}:`)
  return url.href
}
