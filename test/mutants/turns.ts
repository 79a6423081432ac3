/**
 * Runs one file of tests again and again in one process, each time with another text in the place of a module, and tells of it
 * in TAP, which `run.ts` reads. What costs most, to load libraries and to start a database, is then done once for all mutants.
 */
import type { EventEmitter } from 'node:events'
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { stopCoverage, takeCoverage } from 'node:v8'
import tap from 'tap'
import { ranIn } from '../runner/coverage.ts'
import { createImports } from '../runner/imports.ts'
import { mutate, mutantsOf } from './mutants.ts'

const [judge = '', file = '', instead = '', ...wanted] = process.argv.slice(2)
const root = fileURLToPath(new URL('../..', import.meta.url))
const source = readFileSync(join(root, file), 'utf8')
const mutants = mutantsOf(source)

/** What loads the module, directly or through others, is loaded anew each time; all else is shared. */
const modules = globSync('{src,test}/**/*.ts', { cwd: root }).map((name) => join(root, name))
const anew = new Set(
  createImports(modules)
    .testsThatLoad([join(root, file)])
    .map((name) => pathToFileURL(name).href),
)
let turns = 0
registerHooks({
  resolve(specifier, context, nextResolve) {
    const resolved = nextResolve(specifier, context)
    // With a name of this process, since V8 counts less exactly what it finds compiled.
    return anew.has(resolved.url) ? { ...resolved, url: `${resolved.url}?turn=${process.pid}-${turns}` } : resolved
  },
})

/** Tests of this file, which begin a turn. */
const begins = new Set<string>()
let failedIn = 0
/** Once something has failed, what is still to come in that turn tells nothing more. */
function skipAfterFailure(t: EventEmitter): void {
  t.on('assert', ({ ok }: { ok: boolean }) => {
    if (!ok) failedIn = turns
  })
  t.on('subtestStart', (sub: EventEmitter & { name: string; cb: () => unknown }) => {
    if (failedIn === turns && !begins.has(sub.name)) sub.cb = async () => {}
    else skipAfterFailure(sub)
  })
}
skipAfterFailure(tap)

/** Its tests come after this one, and before what is taken up `then`. */
function takeTurn(name: string, text: string, then: () => void): void {
  begins.add(name)
  void tap.test(name, async () => {
    turns++
    writeFileSync(instead, text)
    try {
      await import(pathToFileURL(join(root, `test/${judge}.test.ts`)).href)
    } finally {
      then()
    }
  })
}

function takeTurns([number, ...others]: readonly number[]): void {
  if (number === undefined) takeTurn('as it is once more', source, () => {})
  else takeTurn(`mutant ${number}`, mutate(source, mutants[number]!), () => takeTurns(others))
}

/** Those of the mutants that stand where something ran. */
function reached(): number[] {
  const numbers = wanted.map(Number)
  const notes = process.env['NODE_V8_COVERAGE']
  if (notes === undefined) return numbers
  takeCoverage()
  stopCoverage()
  // Programs that tests start from now on have nothing to note.
  delete process.env['NODE_V8_COVERAGE']
  const { href } = pathToFileURL(join(root, file))
  const ran = ranIn(notes, (url) => url.split('?', 1)[0] === href, source.length)
  return numbers.filter((number) => ran[mutants[number]!.start] === 1)
}

takeTurn('as it is', source, () => {
  void tap.test('what ran', async (t) => {
    const numbers = reached()
    t.comment(`reached: ${numbers.join(' ')}`)
    takeTurns(numbers)
  })
})
