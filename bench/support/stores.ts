/** Private PostgreSQL and Redis servers for a bench, and what they themselves know of their work. */
import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { Redis } from 'ioredis'
import postgres from 'postgres'
import { startPostgres, startRedis } from '../../test/support/servers.ts'
import type { Teardowns } from './teardowns.ts'

export interface StoreServers {
  databaseUrl: string
  redisUrl: string
}

/** Nothing when one of them is not installed. `durable`: PostgreSQL waits for the disk, where writing is what is measured. */
export async function startStores(teardowns: Teardowns, { durable = false } = {}): Promise<StoreServers | undefined> {
  const [database, redis] = await Promise.all([startPostgres({ durable }), startRedis()])
  for (const server of [database, redis]) if (server) teardowns.teardown(() => server.stop())
  return database && redis && { databaseUrl: database.url, redisUrl: redis.url }
}

/** Another, empty database of the same server; returns its URL. */
export async function anotherDatabase(databaseUrl: string): Promise<string> {
  const sql = postgres(databaseUrl, { max: 1 })
  const name = `bench_${randomUUID().replaceAll('-', '')}`
  await sql.unsafe(`create database ${name}`)
  await sql.end()
  return Object.assign(new URL(databaseUrl), { pathname: `/${name}` }).href
}

export interface StoreWork {
  /** Microseconds of processor time of every process of both servers. */
  cpu(): Promise<number>
  /** Statements and commands since the start. Waits until PostgreSQL's sessions have handed in their counts. */
  lookUps(): Promise<{ sql: number; redis: number }>
}

/** Idle sessions of PostgreSQL hand in their counts after ten seconds. */
const statisticsAfterMilliseconds = 11_000
const microsecondsATick = 10_000

/** Asks the servers over connections of its own. */
export async function watchStores(teardowns: Teardowns, { databaseUrl, redisUrl }: StoreServers): Promise<StoreWork> {
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => {} })
  const redis = new Redis(redisUrl)
  teardowns.teardown(async () => void (await Promise.all([sql.end(), redis.quit()])))
  const [{ pid }] = await sql<[{ pid: number }]>`select pg_backend_pid() as pid`
  const postmaster = processTimes(pid)!.parent
  const redisPid = Number(/^process_id:(\d+)/m.exec(await redis.info('server'))![1])

  return {
    cpu() {
      const all = readdirSync('/proc').map((name) => processTimes(Number(name)))
      const ours = all.filter((one) => one && (one.parent === postmaster || [postmaster, redisPid].includes(one.pid)))
      return Promise.resolve(ours.reduce((sum, one) => sum + one!.microseconds, 0))
    },
    async lookUps() {
      await new Promise((done) => setTimeout(done, statisticsAfterMilliseconds))
      const [row] = await sql<[{ commits: number }]>`
        select xact_commit::int as commits from pg_stat_database where datname = current_database()`
      const commands = /^total_commands_processed:(\d+)/m.exec(await redis.info('stats'))?.[1]
      return { sql: row.commits, redis: Number(commands) }
    },
  }
}

/** proc(5): the fields behind the name, which is in brackets and may hold anything. */
export function processTimes(pid: number): { pid: number; parent: number; microseconds: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return {
      pid,
      parent: Number(fields[1]),
      microseconds: (Number(fields[11]) + Number(fields[12])) * microsecondsATick,
    }
  } catch {
    return undefined
  }
}
