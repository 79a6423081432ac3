/** `gatehouse sessions`, as an operator runs it. */
import tap, { test } from 'tap'
import { run, serve } from '../support/program.ts'
import { scratchFolder } from '../support/servers.ts'

tap.setTimeout(300_000)

void test('sessions list and revoke show and end who is signed in where', async (t) => {
  const folder = scratchFolder(t)
  const environment = { GATEHOUSE_DATA_DIR: `${folder}/data` }
  const gatehouse = (line: string, input?: string) => run(folder, line.split(' '), environment, input)
  const list = async (line = '') => JSON.parse((await gatehouse(`sessions list --json${line}`)).stdout)
  const password = 'a horse, a battery and a staple'
  for (const name of ['ada', 'eve']) {
    await gatehouse(`user create --email ${name}@example.test --name ${name} --password-stdin`, password)
  }
  const service = await serve(t, folder, environment)
  const logIn = async (name: string) => {
    const json = { email: `${name}@example.test`, password }
    const headers = { 'user-agent': 'reports-job/1.0' }
    return (await service.call('/api/auth/login', { method: 'POST', headers, json })).json().access_token
  }
  const isLive = async (token: string) =>
    (await service.call('/api/users/me', { headers: { authorization: `Bearer ${token}` } })).status === 200
  const [first, second, eve] = [await logIn('ada'), await logIn('ada'), await logIn('eve')]

  t.equal((await list()).length, 3)
  const own = await list(' --user ada@example.test')
  t.match(own, [{ device: 'reports-job', ip: '127.0.0.1', created_at: /^\d{4}-/ }, { device: 'reports-job' }])
  t.match((await gatehouse('sessions list')).stdout, /^id +device +ip +created_at +last_seen_at +expires_at +user\n/)
  t.match(await gatehouse(`sessions revoke ${own[1].id}`), { code: 0 })
  t.same([await isLive(first), await isLive(second)], [false, true])
  t.same(JSON.parse((await gatehouse('sessions revoke all --user ada@example.test --json')).stdout), { ended: 1 })
  t.same([await isLive(second), await isLive(eve)], [false, true])

  t.match(await gatehouse(`sessions revoke ${own[1].id}`), { code: 1, stderr: /no such session/ })
  t.match(await gatehouse('sessions revoke all'), { code: 2, stderr: /--user/ })
  t.match(await gatehouse('sessions revoke all --user nobody@example.test'), { code: 1, stderr: /no such user/ })
})
