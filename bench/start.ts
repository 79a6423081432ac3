/**
 * From `npm start` to an answer of 200 at /health/ready: on an empty data directory with nothing compiled beforehand, and
 * on the one that the first start left. Seconds of this machine, against what a person is promised.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const port = '3917'
const rounds = 5

async function secondsToReady(dataDirectory: string): Promise<number> {
  if (await isReady()) throw new Error(`something else answers at port ${port}`)
  const started = performance.now()
  const child = spawn('npm', ['start', '--silent'], {
    cwd: root,
    stdio: 'ignore',
    env: { ...process.env, GATEHOUSE_DATA_DIR: dataDirectory, PORT: port },
  })
  const ended = new Promise<void>((done) => child.once('exit', () => done()))
  while (!(await isReady())) {
    if (child.exitCode !== null) throw new Error(`the service ended with ${child.exitCode}`)
    await sleep(10)
  }
  const seconds = (performance.now() - started) / 1000
  child.kill('SIGTERM')
  await ended
  return seconds
}

async function isReady(): Promise<boolean> {
  const reply = await fetch(`http://127.0.0.1:${port}/health/ready`).catch(() => undefined)
  await reply?.body?.cancel()
  return reply?.status === 200
}

const first: number[] = []
const next: number[] = []
for (let round = 0; round < rounds; round++) {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'))
  rmSync(join(root, 'node_modules/.cache/gatehouse'), { recursive: true, force: true })
  first.push(await secondsToReady(folder))
  next.push(await secondsToReady(folder), await secondsToReady(folder))
  rmSync(folder, { recursive: true })
}

function line(name: string, seconds: number[], target: number): string {
  const [low, middle, high] = [0, 0.5, 1].map((share) =>
    seconds.toSorted((a, b) => a - b)[Math.round(share * (seconds.length - 1))]!.toFixed(2),
  )
  return `${name.padEnd(12)} ${low} to ${high} s, median ${middle} s (target: under ${target} s)\n`
}
process.stdout.write(`start, ${rounds} rounds\n${line('first start', first, 5)}${line('next start', next, 2)}`)
