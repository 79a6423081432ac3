/** What `npm run dev` puts around the service: people and a program, an application behind it, and its mails as a page. */
import { once } from 'node:events'
import { join } from 'node:path'
import { readFileSync } from 'node:fs'
import { test } from 'tap'
import { parse } from 'yaml'
import { CommandError } from '../src/cli/command.ts'
import type { Operator } from '../src/cli/operator.ts'
import { serveApplication } from './dev/application.ts'
import { serveMailbox } from './dev/mailbox.ts'
import { password, people, seed } from './dev/seed.ts'
import { freePort } from './support/servers.ts'
import { ask, startService } from './support/service.ts'

const yaml = parse(readFileSync(new URL('dev/gatehouse.yaml', import.meta.url), 'utf8')) as { hosts: object }
const host = 'app.gate.localhost:8080'

void test('npm run dev', async (t) => {
  const service = await startService(t, {
    yaml,
    environment: { GATEHOUSE_ISSUER: 'http://auth.gate.localhost:3000', GATEHOUSE_COOKIE_DOMAIN: 'gate.localhost' },
  })
  /** As the command line asks. */
  const operator: Operator = async (method, path, body) => {
    const reply = await service.gatehouse.control.inject({
      method,
      url: path,
      ...(body && { payload: body }),
    })
    if (reply.statusCode >= 400) throw new CommandError(reply.json<{ detail: string }>().detail)
    return reply.json()
  }
  const [port, mailboxPort] = [await freePort(), await freePort()]
  const { issuer } = service
  const application = serveApplication({ port, ask: `${service.url}/forward-auth/traefik`, issuer, mailbox: '/mails' })
  const mailbox = serveMailbox(join(service.folder, 'outbox'), mailboxPort)
  t.teardown(() => [application, mailbox].map((server) => server.close()))
  for (const server of [application, mailbox]) if (!server.listening) await once(server, 'listening')
  const open = (path: string, headers: Record<string, string> = {}) =>
    ask(port, path, {
      headers: { host, accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', ...headers },
    })

  await t.test('has people who can sign in, and makes them once', async (t) => {
    await seed(operator)
    await seed(operator)
    const users = await service.list<{ email: string }>('/users')
    t.same(users.map(({ email }) => email).toSorted(), people.map(({ email }) => email).toSorted())
    t.match(await service.list('/clients'), [{ client_id: 'reports-job' }])
  })
  await t.test('leads to the sign-in page and back to an application that shows who came', async (t) => {
    const stranger = await open('/staff/')
    t.match(
      [stranger.status, stranger.headers['location']],
      [302, /^http:\/\/auth\.gate\.localhost:3000\/login\?return_to=/],
    )
    t.match(await open('/public/'), { status: 200, body: 'GET /public/' })
    const { cookie } = await service.signIn({ id: '', email: 'ada@gate.localhost', password })
    const known = await open('/staff/', { cookie })
    t.match(known, { status: 200, body: 'Ada Lovelace' })
    t.match(known.body, '<code>x-auth-roles</code>')
    t.equal((await open('/nobody/', { cookie })).status, 403)
  })
  await t.test('shows mails with links that can be followed, and nothing of them as markup', async (t) => {
    t.match((await ask(mailboxPort, '/', {})).body, 'No mail yet')
    const json = { name: '<b>Eve</b>', email: 'eve@gate.localhost', password: 'a horse, a battery and a staple' }
    t.equal((await service.call('/api/auth/register', { method: 'POST', json })).status, 202)
    await service.mails()
    const { body } = await ask(mailboxPort, '/', {})
    t.match(body, /<a href="http:\/\/auth\.gate\.localhost:3000\/verify-email\?token=[\w-]+">/)
    t.match(body, 'eve@gate.localhost')
    t.notMatch(body, '<b>Eve')
  })
})
