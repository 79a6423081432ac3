/**
 * Asks whether tests notice what would be wrong: puts one mutant after the other in the place of a module, runs the tests that
 * judge it, and prints the mutants that all of them pass. CONTRIBUTING.md says how it is asked for. No file is changed.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { provide, stopServers } from '../runner/provide.ts'
import { explained, fitting } from './explained.ts'
import { judges } from './judges.ts'
import { mutate, type Mutant, mutantsOf } from './mutants.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const scratch = mkdtempSync(join(tmpdir(), 'gatehouse-mutants-'))
const say = (text: string) => void process.stdout.write(text)

/** How much longer than without a mutant a test may take: beyond that it hangs, and somebody would notice. */
const patience = { times: 5, moreSeconds: 10 }

/** What stands in the place of the module that is looked into. */
const instead = join(scratch, 'instead.ts')

let running: ChildProcess | undefined

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

/** Whether every test of a judge passes within the time, and how many seconds it took. */
async function passes(name: string, seconds: number, options: string): Promise<[passed: boolean, took: number]> {
  const begun = performance.now()
  const folder = mkdtempSync(join(scratch, 'run-'))
  const child = spawn(process.execPath, [join(root, `test/${name}.test.ts`)], {
    cwd: root,
    env: {
      ...process.env,
      ...{ TMPDIR: folder, NODE_OPTIONS: options, TAP_BAIL: '1', TAP_TIMEOUT: String(Math.ceil(seconds)) },
    },
    stdio: ['ignore', 'pipe', 'ignore'],
    // Ended as a whole: a test that is killed ends none of its programs.
    detached: true,
  })
  running = child
  const timer = setTimeout(() => end(child), seconds * 1_000)
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (/^\s*not ok /.test(line)) end(child)
  })
  const code = await new Promise<number | null>((done) => child.once('close', done))
  clearTimeout(timer)
  end(child)
  running = undefined
  rmSync(folder, { recursive: true, force: true })
  return [code === 0, (performance.now() - begun) / 1_000]
}

interface Target {
  file: string
  source: string
  mutants: Mutant[]
  explained: number
}

/** What is to be run: the mutants of a file, or of some lines of it (`:12`, `:12-40`), without those that are explained. */
function targetOf(named: string): Target {
  const [, file = '', from = '1', to = from] = /^(.*?)(?::(\d+)(?:-(\d+))?)?$/.exec(named) ?? []
  if (!(file in judges)) throw new Error(`no tests are named for ${file} in test/mutants/judges.ts`)
  const source = readFileSync(join(root, file), 'utf8')
  const all = mutantsOf(source)
  const explanations = explained[file] ?? []
  const idle = explanations.filter((explanation) => !all.some(fitting(explanation)))
  if (idle.length > 0) throw new Error(`explained, and no mutant of ${file}: ${idle.map(({ is }) => is).join('; ')}`)
  const meant = all.filter(({ line }) => file === named || (line >= Number(from) && line <= Number(to)))
  const mutants = meant.filter((mutant) => !explanations.some((explanation) => fitting(explanation)(mutant)))
  return { file, source, mutants, explained: meant.length - mutants.length }
}

/** Runs the mutants of a file; those that are left. */
async function survivorsOf({ file, source, mutants }: Target): Promise<Mutant[]> {
  const options = optionsFor(file)
  const limits = new Map<string, number>()
  /** A test is run on the file as it is, in the way of a mutant, when the first mutant comes to it. */
  async function limitOf(name: string): Promise<number> {
    if (!limits.has(name)) {
      writeFileSync(instead, source)
      const [passed, seconds] = await passes(name, 1_200, options)
      if (!passed) throw new Error(`${name} fails without a mutant`)
      limits.set(name, seconds * patience.times + patience.moreSeconds)
    }
    return limits.get(name)!
  }
  async function survives(mutant: Mutant): Promise<boolean> {
    for (const name of judges[file]!) {
      const seconds = await limitOf(name)
      writeFileSync(instead, mutate(source, mutant))
      const [passed] = await passes(name, seconds, options)
      if (!passed) return false
    }
    return true
  }
  const survivors: Mutant[] = []
  for (const mutant of mutants) {
    if (!(await survives(mutant))) continue
    survivors.push(mutant)
    say(`${file}:${mutant.line} survives\n- ${mutant.was}\n+ ${mutant.is}\n`)
  }
  return survivors
}

/** Whatever ends this run ends what it started. */
async function cleanUp(): Promise<void> {
  if (running !== undefined) end(running)
  await stopServers()
  rmSync(scratch, { recursive: true, force: true })
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => void cleanUp().finally(() => process.exit(1)))
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
    const count = target.mutants.length - survivors.length
    killed += count
    all += target.mutants.length
    const aside = target.explained > 0 ? `, and ${target.explained} explained` : ''
    lines.push(`${target.file}: ${count}/${target.mutants.length}${aside}`)
    say(`${lines.at(-1)}\n`)
  }
  say(`\n${lines.join('\n')}\nscore: ${((killed / Math.max(all, 1)) * 100).toFixed(1)} %\n`)
  process.exitCode = killed === all ? 0 : 1
} finally {
  await cleanUp()
}
