/** From the start of the process to an answer of 200 at /health/ready, and the memory that it takes, beside an earlier build. */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { median, verdict } from './compare.ts'
import { anotherDatabase, processTimes, startStores } from './stores.ts'
import type { Teardowns } from './teardowns.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const port = '3917'
const rounds = 5
const settledAfterMilliseconds = 6_000

interface Start {
  /** Milliseconds, and those of processor time in them: a neighbour's work is in the first alone. */
  ready: number
  cpu: number
  /** Resident, MiB. */
  peak: number
  settled: number
}

/**
 * Starts both builds in turns, on a data directory that a first start has filled and on PostgreSQL, and prints medians. What
 * they compile is kept as in any checkout, and the first start of each does not count.
 */
export async function measureStarts(teardowns: Teardowns, earlierRoot: string, earlierCommit: string): Promise<void> {
  const stores = await startStores(teardowns)
  if (stores === undefined) console.log('starts on PostgreSQL are not measured: PostgreSQL and Redis are not installed')
  const secret = randomBytes(32).toString('base64')
  const kinds = {
    embedded: undefined,
    ...(stores && {
      PostgreSQL: { DATABASE_URL: stores.databaseUrl, REDIS_URL: stores.redisUrl, GATEHOUSE_SECRET: secret },
    }),
  }
  const targets = {
    embedded: { ready: 0.7, cpu: 0.7, peak: 0.5, settled: 0.6 },
    PostgreSQL: { ready: 0.5, cpu: 0.5, peak: undefined, settled: 0.6 },
  }
  for (const [kind, settings] of Object.entries(kinds)) {
    // Each has a database of its own: their migrations are not the same.
    const builds = await Promise.all(
      [root, earlierRoot].map(async (folder) => ({
        folder,
        data: mkdtempSync(join(tmpdir(), 'gatehouse-bench-')),
        settings: settings && { ...settings, DATABASE_URL: await anotherDatabase(settings.DATABASE_URL) },
        starts: [] as Start[],
      })),
    )
    teardowns.teardown(() => builds.forEach(({ data }) => rmSync(data, { recursive: true, force: true })))
    for (let round = -1; round < rounds; round++) {
      for (const { folder, data, settings, starts } of builds) {
        const measured = await startOnce(folder, { GATEHOUSE_DATA_DIR: data, ...settings })
        if (round >= 0) starts.push(measured)
      }
    }
    const [own, earlier] = builds.map(({ starts }) => starts) as [Start[], Start[]]
    const of = (starts: Start[], figure: keyof Start) => Math.round(median(starts.map((one) => one[figure])))
    const figures = ['ready', 'cpu', 'peak', 'settled'] as const
    const row = (starts: Start[]) => Object.fromEntries(figures.map((figure) => [figure, of(starts, figure)]))
    console.table([
      { [`start, ${kind} (ms, ms, MiB, MiB)`]: 'Gatehouse', ...row(own) },
      { [`start, ${kind} (ms, ms, MiB, MiB)`]: earlierCommit, ...row(earlier) },
    ])
    const names = {
      ready: 'start to ready',
      cpu: 'processor time of it',
      peak: 'peak memory',
      settled: 'settled memory',
    }
    for (const figure of figures) {
      const target = targets[kind as keyof typeof targets][figure]
      const ratio = of(own, figure) / of(earlier, figure)
      if (target !== undefined) verdict(`${names[figure]}, ${kind}, times ${earlierCommit}’s`, ratio, '≤', target)
    }
  }
}

async function startOnce(folder: string, settings: Record<string, string>): Promise<Start> {
  if (await isReady()) throw new Error(`something else answers at port ${port}`)
  const began = performance.now()
  const child = spawn(process.execPath, ['src/launch.js', 'serve'], {
    cwd: folder,
    stdio: 'ignore',
    env: { ...process.env, ...settings, PORT: port },
  })
  const ended = new Promise<void>((done) => child.once('exit', () => done()))
  try {
    while (!(await isReady())) {
      if (child.exitCode !== null) throw new Error(`the service ended with ${child.exitCode}`)
      await sleep(5)
    }
    const ready = performance.now() - began
    const cpu = processTimes(child.pid!)!.microseconds / 1_000
    await sleep(settledAfterMilliseconds)
    const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
    const memory = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)![1]) / 1024
    return { ready, cpu, peak: memory('VmHWM'), settled: memory('VmRSS') }
  } finally {
    child.kill('SIGTERM')
    await ended
  }
}

async function isReady(): Promise<boolean> {
  const reply = await fetch(`http://127.0.0.1:${port}/health/ready`).catch(() => undefined)
  await reply?.body?.cancel()
  return reply?.status === 200
}
