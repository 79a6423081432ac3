/** Runs files of tests in processes of their own, some of these at once. */
import { type ChildProcess, spawn } from 'node:child_process'
import { relative } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
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

/** What the process said of one of its files, in TAP. */
interface Section extends Cost {
  text: string
  failures: string[]
  hasEnded: boolean
}

interface Ended extends Omit<Outcome, 'costs' | 'failures'> {
  sections: Section[]
}

const program = fileURLToPath(new URL('together.ts', import.meta.url))
const running = new Set<ChildProcess>()

/** Ends what still runs. */
export function stopFiles(): void {
  for (const child of running) child.kill()
}

/** Runs the groups in their order, the files of each in one process, and says of each file how it ended. */
export async function runFiles(
  groups: readonly (readonly string[])[],
  {
    root,
    jobs,
    say,
    coverage,
  }: { root: string; jobs: number; say(text: string): void; coverage?: Coverage | undefined },
): Promise<Outcome> {
  const isForPeople = process.stdout.isTTY
  const sum: Outcome = { isGood: true, passed: 0, failed: 0, skipped: 0, failures: [], costs: [] }
  const queue = groups.entries()
  let ended = 0
  function tell({ text, seconds, processorSeconds, name, failures }: Section, isGood: boolean): void {
    const result = `${isGood ? 'ok' : 'not ok'} ${++ended} - ${name}`
    if (isForPeople) say(`${isGood ? '' : text}${result}, ${seconds.toFixed(1)} s\n`)
    else {
      const indented = text.replaceAll(/^(?=.)/gm, '    ')
      say(`# Subtest: ${name}\n${indented}${result} # time=${Math.round(seconds * 1_000)}ms\n\n`)
    }
    sum.costs.push({ name, seconds, processorSeconds })
    sum.failures.push(...failures, ...(isGood ? [] : [result]))
  }
  if (!isForPeople) say(`TAP version 14\n1..${groups.flat().length}\n`)
  const work = async () => {
    for (const [, files] of queue) {
      const names = files.map((file) => relative(root, file))
      const notes = coverage?.folder()
      const { sections, ...outcome } = await runGroup(
        names,
        root,
        notes === undefined ? {} : { NODE_V8_COVERAGE: notes },
      )
      if (notes !== undefined) coverage?.collect(notes)
      const hasCulprit = sections.some(({ hasEnded, failures }) => !hasEnded || failures.length > 0)
      for (const section of sections) {
        const isWell = section.hasEnded && section.failures.length === 0
        // What goes wrong when all have ended belongs to each of them.
        tell(section, isWell && (outcome.isGood || hasCulprit))
      }
      sum.isGood &&= outcome.isGood
      for (const count of ['passed', 'failed', 'skipped'] as const) sum[count] += outcome[count]
    }
  }
  await Promise.all(Array.from({ length: jobs }, work))
  return sum
}

function runGroup(names: readonly string[], root: string, environment: NodeJS.ProcessEnv): Promise<Ended> {
  const child = spawn(process.execPath, [program, ...names], {
    cwd: root,
    env: { ...process.env, TAP_TIMEOUT: String(patienceSeconds), ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
    // A process that does nothing else any more does not end itself either.
    timeout: (patienceSeconds * names.length + 60) * 1_000,
    killSignal: 'SIGKILL',
  })
  running.add(child)
  const sections = names.map((name): Section => ({
    name,
    text: '',
    failures: [],
    seconds: 0,
    processorSeconds: 0,
    hasEnded: false,
  }))
  let [at, foot] = [0, '']
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line.startsWith('# Subtest: begin of ')) at = names.indexOf(line.slice('# Subtest: begin of '.length))
    const section = sections[at]!
    section.text += `${line}\n`
    if (/^\s*not ok /.test(line)) section.failures.push(line)
    const [, seconds, processorSeconds] = /^ +ok 1 - ([\d.]+) s, ([\d.]+) s of processors$/.exec(line) ?? []
    if (seconds !== undefined)
      Object.assign(section, { seconds: Number(seconds), processorSeconds: Number(processorSeconds) })
    if (line.startsWith(`ok `) && line.includes(` - end of ${section.name}`)) section.hasEnded = true
    foot = /^# \{ .* \}$/.test(line) ? line : foot
  })
  return new Promise((done) => {
    // One that could not be started has said nothing, and so has not come to its end.
    child.on('error', (error) => sections[at]!.failures.push(`not ok - ${error.message}`))
    child.on('close', (code) => {
      running.delete(child)
      const count = (name: string) => Number(new RegExp(`\\b${name}: (\\d+)`).exec(foot)?.[1] ?? 0)
      done({
        isGood: code === 0 && foot !== '',
        passed: count('pass'),
        failed: count('fail'),
        skipped: count('skip') + count('todo'),
        sections,
      })
    })
  })
}
