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

/** Those that earlier tests of this process gave back, empty: emptying one takes a twentieth of the time that starting one takes. */
const idle: PGlite[] = []
let areClosed = false

/** Their timers would keep the process. Loaded where there are some: a bench uses what stands here, and is no test. */
async function closeAtTheEnd(): Promise<void> {
  if (areClosed) return
  areClosed = true
  const { default: tap } = await import('tap')
  tap.teardown(() => Promise.all(idle.map((client) => client.close())))
}

const embedded: Backend = {
  name: 'embedded',
  async open(clock) {
    const client = idle.pop() ?? (await startPglite(undefined, migratedCluster()))
    const stores = combineStores(await storesOn(client, clock), createMemoryCounters(clock))
    return {
      stores,
      async close() {
        // A test may have closed its stores, to see what happens then.
        if (client.closed) return
        await empty(client)
        await closeAtTheEnd()
        idle.push(client)
      },
    }
  },
}

/** Leaves of a database what migrations make, which write no rows but their own. */
async function empty(client: PGlite): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `select tablename as name from pg_tables where schemaname = 'public' and tablename <> 'gatehouse_migrations'`,
  )
  await client.exec(`truncate ${rows.map(({ name }) => name).join()} restart identity cascade`)
}

/** Opens stores on an existing database and Redis, under a key prefix of their own. */
async function openServers(database: string, redis: string, clock: Clock): Promise<Stores> {
  const counters = await openRedisCounters(redis, () => {})
  return combineStores(await openPostgres(database, clock), counters, counters)
}

const clustered: Backend = {
  name: 'clustered',
  async open(clock) {
    const database = await createDatabase()
    const redis = redisUrlOf(database.name)
    const stores = await openServers(database.url, redis, clock)
    return {
      stores,
      replica: () => openServers(database.url, redis, clock),
      databaseUrl: database.url,
      redisUrl: redis,
      async close() {
        await stores.close().catch(() => {})
        await database.drop()
      },
    }
  },
}

/** What this run can exercise. `test/run.ts` says what is missing, and fails when it must not be. */
export const backends: readonly Backend[] =
  databaseUrl !== undefined && redisUrl !== undefined ? [embedded, clustered] : [embedded]

/** Whether tests of real servers can run here. */
export const hasServers = backends.length === 2

/** A database of its own on the configured server. */
export async function createDatabase(): Promise<{ name: string; url: string; drop(): Promise<void> }> {
  if (databaseUrl === undefined) throw new Error('TEST_DATABASE_URL is not set')
  const name = `gatehouse_test_${randomBytes(6).toString('hex')}`
  const admin = postgres(databaseUrl, { max: 1, onnotice: () => {} })
  await admin.unsafe(`create database ${name}`)
  await admin.end()
  const url = new URL(databaseUrl)
  url.pathname = `/${name}`
  return {
    name,
    url: url.href,
    async drop() {
      const again = postgres(databaseUrl, { max: 1, onnotice: () => {} })
      await again.unsafe(`drop database if exists ${name} with (force)`)
      await again.end()
    },
  }
}

/** The configured Redis under a key prefix, so that tests that run side by side do not meet. */
export function redisUrlOf(name: string): string {
  if (redisUrl === undefined) throw new Error('TEST_REDIS_URL is not set')
  const url = new URL(redisUrl)
  url.searchParams.set('keyPrefix', `${name}:`)
  return url.href
}
