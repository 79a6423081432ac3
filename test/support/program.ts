/** The program itself, as an operator runs it: one process a command. */
import { type ChildProcess, spawn } from 'node:child_process'
import { cpSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from './servers.ts'
import { type Answer, ask, type Call } from './service.ts'
import { until } from './patience.ts'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
export type Environment = Record<string, string>
type Test = { teardown(after: () => unknown): unknown }

/**
 * Puts the database into a data directory that the first start would make there, where the runner has one: for tests whose subject
 * is what comes after.
 */
export function prepareData(directory: string): void {
  const made = process.env['TEST_PGLITE_FOLDER']
  if (made === undefined) return
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  cpSync(made, join(directory, 'pglite'), { recursive: true })
}

export interface Finished {
  code: number | null
  stdout: string
  stderr: string
}

/**
 * What a process of the program is handed of this process's environment. Its code is compiled once for all of them, where the
 * runner says that it is kept; a mutant of `npm run mutants` stands in all of them.
 */
export function handedOn(): Environment {
  const compiling = ['NODE_COMPILE_CACHE', 'NODE_DISABLE_COMPILE_CACHE', 'NODE_V8_COVERAGE']
  const names = ['PATH', ...compiling, 'NODE_OPTIONS']
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])))
}

/** What Node.js is called with for a command. */
export const commandLine = (...args: string[]): string[] => [main, ...args]

interface Start {
  command: string
  args: readonly string[]
  cwd: string
  environment: Environment
}

const program = (cwd: string, args: readonly string[], environment: Environment): Start => ({
  command: process.execPath,
  args: commandLine(...args),
  cwd,
  environment,
})

function begin({ command, args, cwd, environment }: Start, input?: string | Buffer) {
  const env = { ...handedOn(), ...environment }
  const child = spawn(command, args, { cwd, env, stdio: ['pipe', 'pipe', 'pipe'] })
  const said = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].on('data', (chunk: Buffer) => (said[stream] += chunk.toString()))
  }
  child.stdin.on('error', () => {})
  child.stdin.end(input ?? '')
  const finished = new Promise<Finished>((done) => child.once('close', (code) => done({ code, ...said })))
  return { child, said, finished }
}

/** Runs a command to its end. */
export async function run(
  cwd: string,
  args: readonly string[],
  environment: Environment,
  input?: string | Buffer,
): Promise<Finished> {
  return begin(program(cwd, args, environment), input).finished
}

export interface Running {
  child: ChildProcess
  said: { stdout: string; stderr: string }
  finished: Promise<Finished>
  call(path: string, call?: Call): Promise<Answer>
  port: number
}

/** Runs the service until the test ends, in a folder of its own; resolves when it is ready. */
export async function serve(t: Test, cwd: string, environment: Environment): Promise<Running> {
  return launch(t, program(cwd, ['serve'], environment))
}

/** The same by whatever starts the service. */
export async function launch(t: Test, start: Start): Promise<Running> {
  const port = Number(start.environment['PORT'] ?? (await freePort()))
  const process = begin({ ...start, environment: { ...start.environment, PORT: String(port) } })
  t.teardown(async () => {
    if (isNoted) await tellToEnd(process)
    process.child.kill('SIGKILL')
    await process.finished
  })
  const call = (path: string, given: Call = {}) => ask(port, path, given)
  const isReady = async () => (await call('/health/ready').catch(() => undefined))?.status === 200
  await until('the service is ready', async () => {
    if (process.child.exitCode !== null) throw new Error(`serve exited: ${process.said.stderr}`)
    return isReady()
  })
  return { ...process, call, port }
}

/** Whether V8 notes what runs, which a process writes down when it ends by itself. */
const isNoted = process.env['NODE_V8_COVERAGE'] !== undefined

/** Told again, a service ends at once. */
async function tellToEnd({ child, finished }: ReturnType<typeof begin>): Promise<void> {
  for (let times = 0; times < 25 && child.exitCode === null && child.signalCode === null; times++) {
    child.kill('SIGTERM')
    await Promise.race([finished, new Promise((again) => setTimeout(again, 200))])
  }
}
