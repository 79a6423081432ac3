/** What strangers chose, and what an operator typed, reaches a terminal spelt out. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { openPglite } from '../../src/stores/sql/open.ts'
import { until } from '../support/patience.ts'
import { prepareData, run, serve } from '../support/program.ts'
import { scratchFolder } from '../support/servers.ts'
import { createClock } from '../support/service.ts'

/** All that a terminal could obey, but for lines and columns. */
// oxlint-disable-next-line no-control-regex
const obeyed = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/

void test('no control character of a stored name, or of an argument, reaches the terminal', async (t) => {
  const folder = scratchFolder(t)
  const environment = { GATEHOUSE_DATA_DIR: join(folder, 'data') }
  prepareData(environment.GATEHOUSE_DATA_DIR)
  const gatehouse = (...args: string[]) => run(folder, args, environment)
  const made = await gatehouse('user', 'create', '--email', 'ada@example.test', '--name', 'Ada', '--json')
  const { id } = JSON.parse(made.stdout)
  // As they may have been stored before such names were refused.
  const name = 'Ada\u009b31m\u202etxt\u001b]0;title\u0007\nmore'
  const stores = await openPglite(join(folder, 'data', 'pglite'), createClock())
  await stores.users.changeProfile(id, { name })
  await stores.close()

  await t.test('in a table a name stays in its row', async (t) => {
    const shown = String.raw`Ada\u009b31m\u202etxt\u001b]0;title\u0007\u000amore`
    for (const args of [
      ['user', 'list'],
      ['user', 'show', id],
    ]) {
      const { stdout, code } = await gatehouse(...args)
      t.equal(code, 0)
      t.match(stdout, shown)
      t.notMatch(stdout, obeyed)
    }
  })
  await t.test('as JSON it is the same value', async (t) => {
    const { stdout } = await gatehouse('user', 'show', id, '--json')
    t.notMatch(stdout, obeyed)
    t.equal(JSON.parse(stdout).name, name)
  })
  await t.test('in what a command says is wrong', async (t) => {
    for (const args of [
      ['\u009b2J'],
      ['user', 'list', '--\u202eoption'],
      ['rules', 'check', '\u009b2J.yaml'],
      ['user', 'create', '--email', 'x@example.test', '--name', 'x\u009b2J'],
    ]) {
      const { stdout, stderr, code } = await gatehouse(...args)
      t.not(code, 0)
      t.notMatch(stdout + stderr, obeyed, JSON.stringify(args))
    }
  })
  await t.test('in the lines of the log', async (t) => {
    const service = await serve(t, folder, environment)
    writeFileSync(join(folder, 'gatehouse.yaml'), 'hosts: { "a\\u202eb\\u009b2J": 5 }\n')
    await until('the file is refused', () => service.said.stdout.includes('rules.refused'))
    t.match(service.said.stdout, String.raw`hosts.\"a\u202eb\u009b2J\"`)
    t.notMatch(service.said.stdout, obeyed)
    for (const line of service.said.stdout.trim().split('\n')) t.type(JSON.parse(line).msg, 'string')
  })
})
