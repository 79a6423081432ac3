/** gatehouse.yaml under a running service: whatever replaces it, and whenever, the rules in force are those of the file. */
import { mkdirSync, renameSync, rmSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Test, test } from 'tap'
import { createRulesLook, type Look } from '../../src/cli/watch-rules.ts'
import { type Config, loadConfig } from '../../src/config.ts'
import type { AuditEvent } from '../../src/core/audit.ts'
import { parseRequestTarget } from '../../src/core/request-target.ts'
import { scratchFolder } from '../support/servers.ts'

const rulesFor = (allow: string) => `hosts:\n  app.example.test:\n    rules:\n      - allow: ${allow}\n`

/** A service that has read the file, and has not looked at it since. */
function startedWith(t: Test, text: string | undefined, path?: string) {
  const folder = scratchFolder(t)
  const file = path ?? join(folder, 'gatehouse.yaml')
  if (text !== undefined) writeFileSync(file, text)
  const config = loadConfig({ GATEHOUSE_DATA_DIR: join(folder, 'data'), GATEHOUSE_CONFIG: file })
  return { folder, file, ...watching(config) }
}

function watching(config: Config) {
  let rules = config.accessRules
  const events: AuditEvent[] = []
  const warnings: string[] = []
  const look = createRulesLook({
    path: config.configFile,
    issuer: config.issuer,
    startedWith: config.configContent,
    apply: async ({ accessRules }) => void (rules = accessRules),
    audit: { record: (event) => void events.push(event) },
    log: { warn: (_details: object, message: string) => void warnings.push(message) },
  })
  return {
    look,
    events,
    warnings,
    /** Looks until nothing is left to settle. */
    async settled(): Promise<Look> {
      for (;;) {
        const result = await look()
        if (result !== 'settling') return result
      }
    },
    /** What the rules in force ask of a request. */
    asked() {
      const target = parseRequestTarget({ method: 'GET', scheme: 'https', host: 'app.example.test', target: '/' })
      if (typeof target === 'string') throw new Error(target)
      return rules.host('app.example.test')?.rule({ target, clientAddress: () => undefined })?.allow
    },
  }
}

void test('a change between the reading at the start and the first look is seen', async (t) => {
  const { file, settled, asked, events } = startedWith(t, rulesFor('signed-in'))
  writeFileSync(file, rulesFor('anyone'))
  t.equal(await settled(), 'applied')
  t.equal(asked(), 'anyone')
  t.same(events, [{ event: 'rules.replaced' }])
  t.equal(await settled(), 'unchanged', 'and applied once')
})

void test('a fault that came in between is told, and the old rules stay', async (t) => {
  const { file, settled, asked, events } = startedWith(t, rulesFor('signed-in'))
  writeFileSync(file, rulesFor('everybody'))
  t.equal(await settled(), 'refused')
  t.equal(asked(), 'signed-in')
  t.match(events, [
    { event: 'rules.refused', faults: [/^gatehouse\.yaml:4:9: hosts\.app\.example\.test\.rules\.1\.allow/] },
  ])
  t.equal(await settled(), 'unchanged', 'and told once')
})

void test('a change that keeps size and time is seen', async (t) => {
  const { file, settled, asked } = startedWith(t, rulesFor('"signed-in"'))
  const then = new Date(0)
  utimesSync(file, then, then)
  t.equal(await settled(), 'unchanged')
  writeFileSync(file, rulesFor('"anyone"   '))
  utimesSync(file, then, then)
  t.equal(await settled(), 'applied')
  t.equal(asked(), 'anyone')
})

void test('an unchanged rewrite is no change', async (t) => {
  const { file, folder, settled, events } = startedWith(t, rulesFor('signed-in'))
  writeFileSync(file, rulesFor('signed-in'))
  t.equal(await settled(), 'unchanged')
  writeFileSync(join(folder, 'next'), rulesFor('signed-in'))
  renameSync(join(folder, 'next'), file)
  t.equal(await settled(), 'unchanged')
  t.same(events, [])
})

void test('a file that another one is renamed over', async (t) => {
  const { file, folder, settled, asked } = startedWith(t, rulesFor('signed-in'))
  writeFileSync(join(folder, 'next'), rulesFor('anyone'))
  renameSync(join(folder, 'next'), file)
  t.equal(await settled(), 'applied')
  t.equal(asked(), 'anyone')
})

void test('a folder that is swapped by its symbolic link, as Kubernetes does', async (t) => {
  const folder = scratchFolder(t)
  for (const [version, allow] of [
    ['..one', 'signed-in'],
    ['..two', 'anyone'],
  ] as const) {
    mkdirSync(join(folder, version))
    writeFileSync(join(folder, version, 'gatehouse.yaml'), rulesFor(allow))
  }
  symlinkSync('..one', join(folder, '..data'))
  symlinkSync('..data/gatehouse.yaml', join(folder, 'gatehouse.yaml'))
  const { settled, asked } = startedWith(t, undefined, join(folder, 'gatehouse.yaml'))
  t.equal(await settled(), 'unchanged')
  symlinkSync('..two', join(folder, '..data_tmp'))
  renameSync(join(folder, '..data_tmp'), join(folder, '..data'))
  rmSync(join(folder, '..one'), { recursive: true })
  t.equal(await settled(), 'applied')
  t.equal(asked(), 'anyone')
})

void test('a file that is emptied and then written', async (t) => {
  const { file, look, settled, asked, events } = startedWith(t, rulesFor('signed-in'))
  truncateSync(file)
  t.equal(await look(), 'settling')
  writeFileSync(file, rulesFor('anyone').slice(0, 40))
  t.equal(await look(), 'settling', 'what was cut short is not judged')
  writeFileSync(file, rulesFor('anyone'))
  t.equal(await look(), 'settling')
  t.same(events, [])
  t.equal(await settled(), 'applied')
  t.equal(asked(), 'anyone')
  truncateSync(file)
  t.equal(await settled(), 'applied', 'one that stays empty lists no host')
  t.equal(asked(), undefined)
})

void test('a file that is emptied and written again as it was', async (t) => {
  const { file, look, settled, events } = startedWith(t, rulesFor('signed-in'))
  truncateSync(file)
  t.equal(await look(), 'settling')
  writeFileSync(file, rulesFor('signed-in'))
  t.equal(await settled(), 'unchanged')
  t.same(events, [])
})

void test('a file that is deleted, and comes back', async (t) => {
  const { file, look, settled, asked, events } = startedWith(t, rulesFor('signed-in'))
  rmSync(file)
  t.equal(await look(), 'settling')
  writeFileSync(file, rulesFor('signed-in'))
  t.equal(await settled(), 'unchanged', 'within one look: nothing happened')
  rmSync(file)
  t.equal(await settled(), 'refused')
  t.equal(asked(), 'signed-in')
  t.match(events, [{ event: 'rules.refused', faults: ['gatehouse.yaml: cannot be read (ENOENT)'] }])
  t.equal(await settled(), 'unchanged')
  writeFileSync(file, rulesFor('signed-in'))
  t.equal(await settled(), 'applied', 'which ends the refusal')
  mkdirSync(join(file, '..', 'folder'))
  rmSync(file)
  renameSync(join(file, '..', 'folder'), file)
  t.equal(await settled(), 'refused')
  t.equal(asked(), 'signed-in')
})

void test('a file that appears after a start without one', async (t) => {
  const folder = scratchFolder(t)
  const before = process.cwd()
  process.chdir(folder)
  t.teardown(() => process.chdir(before))
  const { settled, asked } = watching(loadConfig({ GATEHOUSE_DATA_DIR: join(folder, 'data') }))
  t.equal(await settled(), 'unchanged')
  writeFileSync(join(folder, 'gatehouse.yaml'), rulesFor('anyone'))
  t.equal(await settled(), 'applied')
  t.equal(asked(), 'anyone')
})

void test('what can be read only once is not read again', async (t) => {
  const { settled, events } = startedWith(t, undefined, '/dev/null')
  t.equal(await settled(), 'unchanged')
  t.same(events, [])
})

void test('what will not have been meant is told when it is applied, and does not stop it', async (t) => {
  const { file, settled, asked, warnings } = startedWith(t, rulesFor('signed-in'))
  writeFileSync(file, `${rulesFor('anyone')}      - { paths: [/admin/**], allow: { roles: [admin] } }\n`)
  t.equal(await settled(), 'applied')
  t.equal(asked(), 'anyone')
  t.same(warnings, [
    'gatehouse.yaml:5:9: hosts.app.example.test.rules.2: ' +
      'rule 2 (line 5) never decides: rule 1 (line 4) comes first and matches everything that it does',
  ])
})

void test('a file that breaks what it expects is refused, and the old rules stay', async (t) => {
  const expect = '    expect:\n      - { path: /, as: nobody, result: sign_in }\n'
  const { file, settled, asked, events } = startedWith(t, `${rulesFor('signed-in')}${expect}`)
  writeFileSync(file, `${rulesFor('anyone')}${expect}`)
  t.equal(await settled(), 'refused')
  t.equal(asked(), 'signed-in')
  t.match(events, [
    { faults: [/^gatehouse\.yaml:6:9: .*expected sign_in for GET \/ as nobody.* allow by rule 1 \(line 4\)/] },
  ])
})
