/** What `npm run mutants` puts in the place of a module, and what it leaves out. */
import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'tap'
import { scratchFolder } from '../support/servers.ts'
import { explained, fitting } from './explained.ts'
import { judges } from './judges.ts'
import { mutate, mutantsOf } from './mutants.ts'

const inRoot = (name: string) => new URL(`../../${name}`, import.meta.url)

void test('a mutant differs in one thing', async (t) => {
  const cases: [source: string, ...mutants: string[]][] = [
    ['a < b', 'a <= b', 'a >= b'],
    ['a <= b', 'a < b', 'a > b'],
    ['a > b', 'a >= b', 'a <= b'],
    ['a >= b', 'a > b', 'a < b'],
    ['a === b', 'a !== b'],
    ['a !== b', 'a === b'],
    ['a && b || c', '(a && b && c)', '(a || b) || c'],
    ['a ?? b', 'a'],
    ['!a', 'a'],
    ['if (a) b', 'if (true) b', 'if (false) b'],
    ['a ? b : c', 'true ? b : c', 'false ? b : c'],
    ['while (a) b', 'while (false) b'],
    ['for (;;) b'],
    ['a()', ';'],
    ['await a?.()', ';'],
    ['() => void a()', '() => undefined'],
    ['a = true', 'a = false'],
    ['a = 60_000', 'a = 60001'],
    ["a = 'b'", "a = ''"],
    ['a = `b${c}`', 'a = ``'],
  ]
  for (const [source, ...mutants] of cases) {
    const found = mutantsOf(source).map((mutant) => mutate(source, mutant))
    t.same(found.toSorted(), mutants.toSorted(), source)
  }
})

void test('what only names, describes or tells people is left alone', async (t) => {
  const sources = [
    "import { a } from './a.ts'",
    "export * from './a.ts'",
    "export { a } from './a.ts'",
    "type A = 'b' | 1 | true",
    "interface A { b: 'c' }",
    "let a: 'b' | undefined",
    "a = { 'b-c': d }",
    "throw new Error('the reason why')",
    "a = ''",
  ]
  for (const source of sources) t.same(mutantsOf(source), [], source)
  t.same(
    mutantsOf("a = ['b'] as readonly 'b'[]").map(({ is }) => is),
    ["a = [''] as readonly 'b'[]"],
    'the expression beside a type is not',
  )
})

void test('a mutant is told by its line, with what stands there and what stood there', async (t) => {
  const [mutant] = mutantsOf('// first\nif (a\n   > b) c\n')
  t.match(mutant, { line: 2, was: 'if (a > b) c', is: 'if (true) c' })
})

void test('one process tries mutants one after the other, between two looks at the module as it is', async (t) => {
  const file = 'src/core/request-target.ts'
  const mutants = mutantsOf(readFileSync(inRoot(file), 'utf8'))
  const numberOf = (text: string) => mutants.findIndex(({ is }) => is === text)
  const unseen = numberOf('const maxReadAuthorities = 1001')
  const seen = mutants.findIndex(({ was }) => was.includes('startsWith'))
  const folder = scratchFolder(t)
  const [instead, hook] = [join(folder, 'instead.ts'), new URL('load-mutant.ts', import.meta.url)]
  hook.search = new URLSearchParams({ url: inRoot(file).href, instead }).toString()
  const turns = fileURLToPath(new URL('turns.ts', import.meta.url))
  const given = [turns, 'core/request-target', file, instead, String(seen), String(unseen)]
  // V8 notes less of what it finds compiled.
  const env = { ...process.env, NODE_V8_COVERAGE: folder, NODE_DISABLE_COMPILE_CACHE: '1', TAP_BAIL: '0' }
  const told = await new Promise<string>((done) => {
    execFile(process.execPath, [`--import=${hook.href}`, ...given], { env }, (_, stdout) => done(stdout))
  })
  const turnsTold = told.split(/^# Subtest: (?=mutant|as it is)/m).slice(1)
  t.same(
    turnsTold.map((turn) => [turn.split('\n')[0], /^not ok/m.test(turn)]),
    [
      ['as it is', false],
      [`mutant ${seen}`, true],
      [`mutant ${unseen}`, false],
      ['as it is once more', false],
    ],
    told.slice(-2_000),
  )
})

void test('every explanation fits a mutant, and every judge is there', async (t) => {
  for (const [file, explanations] of Object.entries(explained)) {
    const mutants = mutantsOf(readFileSync(inRoot(file), 'utf8'))
    for (const explanation of explanations) t.ok(mutants.some(fitting(explanation)), `${file}: ${explanation.is}`)
    t.ok(file in judges, `${file} is judged`)
  }
  for (const name of Object.values(judges).flat()) t.ok(existsSync(inRoot(`test/${name}.test.ts`)), name)
})
