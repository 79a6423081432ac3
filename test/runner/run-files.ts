/** Runs files of tests, each in a process of its own, some of them at once. */
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { createInterface } from 'node:readline'
import type { Coverage } from './coverage.ts'

/** A test that is not done by then hangs, on a machine too that does much else. */
const patienceSeconds = 1_200

export interface Outcome {
  isGood: boolean
  passed: number
  failed: number
  skipped: number
  /** Title of each failed assertion and of what holds it, the innermost first, as TAP gives them. */
  failures: string[]
  /** Of each file. */
  costs: Cost[]
}

/** What a file took. */
export interface Cost {
  name: string
  seconds: number
  /** Of the process and of what it started and waited for: not of the servers of the run. */
  processorSeconds: number
}

interface Ended extends Omit<Outcome, 'costs'>, Omit<Cost, 'name'> {
  /** Everything that the file said, in TAP. */
  text: string
}

const running = new Set<ChildProcess>()

let told = 0

/**
 * Processor time of all processes that this one started and that have ended, with those that they waited for. Node.js does not
 * tell it of a single one; so a file is given what the sum has grown by when it ends.
 */
function processorSecondsOfEnded(): number {
  if (process.platform !== 'linux') return 0
  const [, fields] = readFileSync('/proc/self/stat', 'utf8').split(') ')
  const [user, system] = fields!.split(' ').slice(13, 15).map(Number)
  // The kernel counts in hundredths of a second here, whatever its own ticks are.
  return (user! + system!) / 100
}

/** Ends what still runs. */
export function stopFiles(): void {
  for (const child of running) child.kill()
}

/** Runs the files in their order, and says of each when it has ended. */
export async function runFiles(
  files: readonly string[],
  {
    root,
    jobs,
    say,
    coverage,
  }: { root: string; jobs: number; say(text: string): void; coverage?: Coverage | undefined },
): Promise<Outcome> {
  const isForPeople = process.stdout.isTTY
  const sum: Outcome = { isGood: true, passed: 0, failed: 0, skipped: 0, failures: [], costs: [] }
  const queue = files.entries()
  let ended = 0
  if (!isForPeople) say(`TAP version 14\n1..${files.length}\n`)
  const work = async () => {
    for (const [, file] of queue) {
      const name = relative(root, file)
      const notes = coverage?.folder()
      const { text, seconds, processorSeconds, ...outcome } = await runFile(
        file,
        root,
        notes === undefined ? {} : { NODE_V8_COVERAGE: notes },
      )
      if (notes !== undefined) coverage?.collect(notes)
      const result = `${outcome.isGood ? 'ok' : 'not ok'} ${++ended} - ${name}`
      if (!isForPeople)
        say(
          `# Subtest: ${name}\n${text.replaceAll(/^(?=.)/gm, '    ')}${result} # time=${Math.round(seconds * 1_000)}ms\n\n`,
        )
      else say(`${outcome.isGood ? '' : text}${result}, ${seconds.toFixed(1)} s\n`)
      sum.costs.push({ name, seconds, processorSeconds })
      sum.isGood &&= outcome.isGood
      for (const count of ['passed', 'failed', 'skipped'] as const) sum[count] += outcome[count]
      sum.failures.push(...outcome.failures, ...(outcome.isGood ? [] : [result]))
    }
  }
  await Promise.all(Array.from({ length: jobs }, work))
  return sum
}

function runFile(file: string, root: string, environment: NodeJS.ProcessEnv): Promise<Ended> {
  const begun = performance.now()
  const child = spawn(process.execPath, [file], {
    cwd: root,
    env: { ...process.env, TAP_TIMEOUT: String(patienceSeconds), ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
    // A process that does nothing else any more does not end itself either.
    timeout: (patienceSeconds + 60) * 1_000,
    killSignal: 'SIGKILL',
  })
  running.add(child)
  let [text, processorSeconds] = ['', 0]
  const failures: string[] = []
  child.on('exit', () => {
    const all = processorSecondsOfEnded()
    processorSeconds = all - told
    told = all
  })
  createInterface({ input: child.stdout }).on('line', (line) => {
    text += `${line}\n`
    if (/^\s*not ok /.test(line)) failures.push(line)
  })
  return new Promise((done) => {
    // One that could not be started has said nothing, and so has not come to its end.
    child.on('error', (error) => (text += `not ok - ${error.message}\n`))
    child.on('close', (code) => {
      running.delete(child)
      // The last thing that is said of a test that came to its end.
      const [, counts] = /^# \{ (.*) \}$/m.exec(text.slice(-1_000)) ?? []
      const count = (name: string) => Number(new RegExp(`\\b${name}: (\\d+)`).exec(counts ?? '')?.[1] ?? 0)
      done({
        isGood: code === 0 && counts !== undefined,
        passed: count('pass'),
        failed: count('fail'),
        skipped: count('skip') + count('todo'),
        failures,
        seconds: (performance.now() - begun) / 1_000,
        processorSeconds,
        text,
      })
    })
  })
}
