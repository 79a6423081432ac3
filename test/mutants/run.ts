/**
 * Asks whether tests notice what would be wrong: puts one mutant after the other in the place of a module, runs the tests that
 * judge it, and prints the mutants that all of them pass. CONTRIBUTING.md says how it is asked for. No file is changed.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { provide, stopServers } from '../runner/provide.ts'
import { explained, fitting } from './explained.ts'
import { judges } from './judges.ts'
import { type Mutant, mutantsOf } from './mutants.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const scratch = mkdtempSync(join(tmpdir(), 'gatehouse-mutants-'))
const say = (text: string) => void process.stdout.write(text)

/**
 * How much longer a file may take than the first time, when it also starts what later turns find running: beyond that it hangs,
 * and somebody would notice.
 */
const patience = { times: 2, moreSeconds: 10 }

/** What stands in the place of the module that is looked into. */
const instead = join(scratch, 'instead.ts')

const turns = fileURLToPath(new URL('turns.ts', import.meta.url))

let running: ChildProcess | undefined
let isStopped = false

/** Ends a test with every program that it started. */
function end({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch {
    // All of them have ended.
  }
}

/** Options of Node.js by which a process, and those that it starts, have what is in `instead` in the place of a file. */
function optionsFor(file: string): string {
  const hook = new URL('load-mutant.ts', import.meta.url)
  hook.search = new URLSearchParams({ url: pathToFileURL(join(root, file)).href, instead }).toString()
  return `${process.env['NODE_OPTIONS'] ?? ''} --import=${hook.href}`
}

/** What a process of a judge came to. */
interface Ended {
  /** Those of the mutants that stand in what the judge runs. */
  reached: readonly number[]
  killed: Set<number>
  /** The one at which the process ended, or was ended, before all had their turn. */
  endedAt: number | undefined
}

/** Has a judge try mutants of a file, by their numbers, in one process. */
async function tryOut(
  name: string,
  file: string,
  numbers: readonly number[],
  environment: NodeJS.ProcessEnv,
): Promise<Ended> {
  const folder = mkdtempSync(join(scratch, 'run-'))
  const child = spawn(process.execPath, [turns, name, file, instead, ...numbers.map(String)], {
    cwd: root,
    env: { ...process.env, ...environment, TMPDIR: folder, NODE_OPTIONS: optionsFor(file), TAP_TIMEOUT: '0' },
    stdio: ['ignore', 'pipe', 'ignore'],
    // Ended as a whole: a test that is killed ends none of its programs.
    detached: true,
  })
  running = child
  const killed = new Set<number>()
  let reached: readonly number[] = []
  let [at, limit, begun] = [undefined as number | undefined, 1_200, performance.now()]
  let isDone = false
  let fault: string | undefined
  let timer = setTimeout(end, limit * 1_000, child)
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [, turn, number] = /^# Subtest: (mutant (\d+)|as it is)/.exec(line) ?? []
    if (turn !== undefined) {
      at = number === undefined ? undefined : Number(number)
      begun = performance.now()
      clearTimeout(timer)
      timer = setTimeout(end, limit * 1_000, child)
    } else if (line.startsWith('    # reached:')) {
      reached = line.split(':')[1]!.split(' ').filter(Boolean).map(Number)
      limit = ((performance.now() - begun) / 1_000) * patience.times + patience.moreSeconds
    } else if (/^\s*not ok /.test(line)) {
      if (at === undefined) fault ??= line.trim()
      else killed.add(at)
    } else if (line.startsWith('# { ')) isDone = true
  })
  await once(child, 'close')
  clearTimeout(timer)
  end(child)
  running = undefined
  rmSync(folder, { recursive: true, force: true })
  if (isStopped) throw new Error('stopped')
  if (at === undefined && !isDone) fault ??= 'it ended before its time'
  if (fault !== undefined) throw new Error(`${name} fails on ${file} as it is: ${fault}`)
  if (at !== undefined) killed.add(at)
  return { reached, killed, endedAt: at }
}

/** Of mutants of a file, those that a judge does not kill. */
async function leftBy(
  name: string,
  file: string,
  numbers: readonly number[],
  stage: NodeJS.ProcessEnv,
): Promise<number[]> {
  const notes = mkdtempSync(join(scratch, 'notes-'))
  const killed = new Set<number>()
  let waiting = numbers
  for (let environment: NodeJS.ProcessEnv = { NODE_V8_COVERAGE: notes }; waiting.length > 0; environment = {}) {
    const ended = await tryOut(name, file, waiting, { ...stage, ...environment })
    for (const number of ended.killed) killed.add(number)
    waiting = ended.endedAt === undefined ? [] : ended.reached.slice(ended.reached.indexOf(ended.endedAt) + 1)
  }
  return numbers.filter((number) => !killed.has(number))
}

interface Target {
  file: string
  /** All mutants of the file, by their numbers. */
  mutants: readonly Mutant[]
  /** Those that are to be run. */
  numbers: readonly number[]
  explained: number
}

/** What is to be run: the mutants of a file, or of some lines of it (`:12`, `:12-40`), without those that are explained. */
function targetOf(named: string): Target {
  const [, file = '', from = '1', to = from] = /^(.*?)(?::(\d+)(?:-(\d+))?)?$/.exec(named) ?? []
  if (!(file in judges)) throw new Error(`no tests are named for ${file} in test/mutants/judges.ts`)
  const mutants = mutantsOf(readFileSync(join(root, file), 'utf8'))
  const explanations = explained[file] ?? []
  const idle = explanations.filter((explanation) => !mutants.some(fitting(explanation)))
  if (idle.length > 0) throw new Error(`explained, and no mutant of ${file}: ${idle.map(({ is }) => is).join('; ')}`)
  const isMeant = ({ line }: Mutant) => file === named || (line >= Number(from) && line <= Number(to))
  const isExplained = (mutant: Mutant) => explanations.some((explanation) => fitting(explanation)(mutant))
  const meant = [...mutants.keys()].filter((number) => isMeant(mutants[number]!))
  const numbers = meant.filter((number) => !isExplained(mutants[number]!))
  return { file, mutants, numbers, explained: meant.length - numbers.length }
}

/** Embedded stores cost less, and most mutants die on them; who is left meets the servers too. */
const stages: Readonly<Record<string, NodeJS.ProcessEnv>> = {
  'survives embedded stores': { TEST_DATABASE_URL: undefined, TEST_REDIS_URL: undefined },
  survives: {},
}

/** Runs the mutants of a file, and tells which are left; how many. */
async function survivorsOf({ file, numbers, mutants }: Target): Promise<number> {
  let left = numbers
  const tell = (fate: string) => {
    for (const { line, was, is } of left.map((number) => mutants[number]!)) {
      say(`${file}:${line} ${fate}\n- ${was}\n+ ${is}\n`)
    }
  }
  for (const [fate, environment] of Object.entries(stages)) {
    for (const name of judges[file]!) {
      const [before, begun] = [left.length, performance.now()]
      try {
        left = await leftBy(name, file, left, environment)
      } catch (error) {
        // What was found until then has taken its time.
        tell('is left')
        throw error
      }
      say(`# ${name}: ${before - left.length} of ${before}, ${Math.round((performance.now() - begun) / 1_000)} s\n`)
    }
    tell(fate)
  }
  return left.length
}

/** Whatever ends this run ends what it started. */
async function cleanUp(): Promise<void> {
  if (running !== undefined) end(running)
  await stopServers()
  rmSync(scratch, { recursive: true, force: true })
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    isStopped = true
    void cleanUp().finally(() => process.exit(1))
  })
}

try {
  const named = process.argv.slice(2)
  const targets = (named.length > 0 ? named : Object.keys(judges)).map(targetOf)
  // Tests that are killed leave their databases: on servers of this run, which end with it.
  delete process.env['TEST_DATABASE_URL']
  delete process.env['TEST_REDIS_URL']
  // What is compiled of mutants is of no use to anybody later.
  process.env['NODE_COMPILE_CACHE'] = join(scratch, 'compiled')
  mkdirSync(join(scratch, 'compiled'))
  for (const line of await provide(scratch)) say(`not exercised: ${line}\n`)
  const lines: string[] = []
  let [killed, all] = [0, 0]
  for (const target of targets) {
    const survivors = await survivorsOf(target)
    const count = target.numbers.length - survivors
    killed += count
    all += target.numbers.length
    const aside = target.explained > 0 ? `, and ${target.explained} explained` : ''
    lines.push(`${target.file}: ${count}/${target.numbers.length}${aside}`)
    say(`${lines.at(-1)}\n`)
  }
  say(`\n${lines.join('\n')}\nscore: ${((killed / Math.max(all, 1)) * 100).toFixed(1)} %\n`)
  process.exitCode = killed === all ? 0 : 1
} finally {
  await cleanUp()
}
