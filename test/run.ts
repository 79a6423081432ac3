/**
 * Runs the tests: on PGlite always, on PostgreSQL, Redis and the proxies where they are configured or installed. What is
 * missing is named; with TEST_REQUIRE_ALL set it is a failure. CONTRIBUTING.md says what it can be asked for.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { changedSince, changesIn } from './runner/changes.ts'
import { createCoverage } from './runner/coverage.ts'
import { groupFiles, testFiles } from './runner/files.ts'
import { createImports } from './runner/imports.ts'
import { provide, stopServers } from './runner/provide.ts'
import { type Cost, runFiles, stopFiles } from './runner/run-files.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    changed: { type: 'boolean', default: false },
    since: { type: 'string' },
    watch: { type: 'boolean', default: false },
    coverage: { type: 'boolean', default: false },
    // One more than there are cores: some files wait for real time, and all of them for servers.
    jobs: { type: 'string', default: String(availableParallelism() + 1) },
  },
})
const scratch = mkdtempSync(join(tmpdir(), 'gatehouse-tests-'))
const say = (text: string) => void process.stdout.write(text)

/** Whatever ends this run ends what it started. */
async function cleanUp(): Promise<void> {
  stopFiles()
  await stopServers()
  rmSync(scratch, { recursive: true, force: true })
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => void cleanUp().finally(() => process.exit(1)))
}
process.stdout.on('error', () => void cleanUp().finally(() => process.exit(1)))

// Code is compiled once for all processes of all runs, in the folder that the program itself keeps it in. V8 notes less of
// code that was compiled before.
if (options.coverage) process.env['NODE_DISABLE_COMPILE_CACHE'] = '1'
else process.env['NODE_COMPILE_CACHE'] ??= join(root, 'node_modules/.cache/gatehouse')
const coverage = options.coverage ? createCoverage(root, scratch) : undefined

/** Those that were named, or all; in the order in which they are best run. */
function chosen(): string[] {
  const absent = positionals.filter((file) => !existsSync(file))
  if (absent.length > 0) throw new Error(`no such test: ${absent.join(', ')}`)
  return positionals.length > 0 ? positionals.map((file) => resolve(file)) : testFiles(join(root, 'test'))
}

/** Those of the tests that load what has changed; says what none of them is known to load. */
function concernedBy(changed: readonly string[]): string[] {
  const imports = createImports(chosen())
  const unknown = changed.filter((file) => !imports.isLoaded(file)).map((file) => relative(root, file))
  if (unknown.length > 0) say(`changed, and loaded by none of these tests: ${unknown.join(', ')}\n`)
  return imports.testsThatLoad(changed)
}

/** The files that take most of a processor, and what all take. */
function dearest(costs: readonly Cost[], begun: number): string {
  const line = ({ name, seconds, processorSeconds }: Cost) =>
    `${processorSeconds.toFixed(1).padStart(7)} ${seconds.toFixed(1).padStart(7)}  ${name}`
  const all = costs.reduce((sum, { processorSeconds }) => sum + processorSeconds, 0)
  const most = costs.toSorted((a, b) => b.processorSeconds - a.processorSeconds).slice(0, 15)
  const took = `took ${((performance.now() - begun) / 1_000).toFixed(0)} s, and ${all.toFixed(0)} s of processors`
  return [`${took}, most of it in (processor, time):`, ...most.map(line)].join('\n')
}

/** Runs the tests, says how they ended, and whether well. */
async function run(tests: readonly string[], missing: readonly string[]): Promise<boolean> {
  const begun = performance.now()
  const jobs = Number(options.jobs)
  const groups = groupFiles(tests, { folder: join(root, 'test'), jobs })
  const { isGood, passed, failed, skipped, failures, costs } = await runFiles(groups, {
    root,
    jobs,
    say,
    coverage,
  })
  for (const line of missing) say(`not exercised: ${line}\n`)
  if (coverage !== undefined) say(`\n${coverage.report()}\n`)
  if (costs.length > 1) say(`\n${dearest(costs, begun)}\n`)
  // Whoever sees only the end of a long log learns what failed.
  if (failures.length > 0) say(`\nfailed:\n${failures.join('\n')}\n`)
  const isIncomplete = process.env['TEST_REQUIRE_ALL'] !== undefined && (missing.length > 0 || skipped > 0)
  const isWell = isGood && !isIncomplete && passed > 0
  const counted = [`${passed} passed`, `${isWell ? failed : Math.max(failed, 1)} failed`]
  say(`\n${[...counted, ...(skipped > 0 ? [`${skipped} skipped`] : [])].join(', ')}\n`)
  return isWell
}

let isWell = false
try {
  const byGit = options.changed || options.since !== undefined
  const tests = byGit ? concernedBy(changedSince(root, options.since ?? 'HEAD')) : chosen()
  if (tests.length === 0 && !options.watch) {
    say('nothing has changed that one of these tests loads\n')
    isWell = true
  } else {
    const missing = await provide(scratch)
    isWell = tests.length === 0 || (await run(tests, missing))
    if (options.watch) {
      say('\nwaiting for changes\n')
      for await (const changed of changesIn(root)) {
        const concerned = concernedBy(changed)
        if (concerned.length === 0) continue
        await run(concerned, [])
        say('\nwaiting for changes\n')
      }
    }
  }
} finally {
  await cleanUp()
}
process.exitCode = isWell ? 0 : 1
