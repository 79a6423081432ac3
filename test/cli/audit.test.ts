/** `gatehouse audit tail`, as an operator runs it. */
import { spawn } from 'node:child_process'
import { test } from 'tap'
import { commandLine, handedOn, prepareData, run, serve } from '../support/program.ts'
import { scratchFolder } from '../support/servers.ts'
import { until } from '../support/patience.ts'

void test('audit tail shows what happened, with and without a running service, and follows', async (t) => {
  const folder = scratchFolder(t)
  const environment = { GATEHOUSE_DATA_DIR: `${folder}/data` }
  prepareData(environment.GATEHOUSE_DATA_DIR)
  const gatehouse = (line: string, input?: string) => run(folder, line.split(' '), environment, input)
  const tail = async (line = '') => JSON.parse((await gatehouse(`audit tail --json${line}`)).stdout)
  const create = (name: string) => gatehouse(`user create --email ${name}@example.test --name ${name} --json`)
  const ada = JSON.parse((await create('ada')).stdout)
  await create('eve')

  await t.test('of a command alone, which writes before it ends', async (t) => {
    t.match(await tail(), [
      { event: 'user.created', subject: ada.id, actor: 'operator', at: /^\d{4}-/, request_id: String },
      { event: 'user.created' },
    ])
    t.equal((await tail(' --user ada@example.test')).length, 1)
    t.equal((await tail(` --user ${ada.id}`)).length, 1)
    t.match((await tail(' --limit 1'))[0], { event: 'user.created', details: { roles: [] } })
    t.same(await tail(' --event user.disabled'), [])
    t.same(await tail(` --since ${new Date(Date.now() + 60_000).toISOString()}`), [])
    const people = await gatehouse('audit tail')
    t.match(people.stdout, /^at +event +subject +actor +ip +details\n.+user\.created +\S+ +operator +- +roles=\n/)
  })
  await t.test('called wrongly it says how', async (t) => {
    t.match(await gatehouse('audit tail --since yesterday'), { code: 2, stderr: /--since expects a time/ })
    t.match(await gatehouse('audit tail --limit none'), { code: 2, stderr: /--limit expects/ })
    t.match(await gatehouse('audit'), { code: 2, stderr: /expected one of tail/ })
    t.match(await gatehouse('audit tail --event no.such'), {
      code: 1,
      stderr: /event must be one of administration\.refused, api_key\.created, /,
    })
    t.match(await gatehouse('audit tail --user nobody@example.test'), { code: 1, stderr: /no such user/ })
  })
  await t.test('of a running service as it happens, each event once', async (t) => {
    await serve(t, folder, environment)
    const args = commandLine('audit', 'tail', '--follow', '--json', '--event', 'user.disabled')
    const follower = spawn(process.execPath, args, { cwd: folder, env: { ...handedOn(), ...environment } })
    const ended = new Promise((done) => follower.once('close', done))
    t.teardown(async () => {
      follower.kill('SIGKILL')
      await ended
    })
    let seen = ''
    follower.stdout.on('data', (chunk: Buffer) => (seen += chunk.toString()))
    const lines = () => seen.split('\n').filter(Boolean)
    await gatehouse('user disable ada@example.test')
    await until('the first is shown', () => lines().length === 1)
    await gatehouse('user disable eve@example.test')
    await until('the second is shown', () => lines().length === 2)
    t.match(JSON.parse(lines()[0]!), { event: 'user.disabled', subject: ada.id })
    t.equal(new Set(lines()).size, 2)
  })
})
