/** `gatehouse doctor`, as an operator runs it beside a running service and a real nginx. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SMTPServerOptions } from 'smtp-server'
import { test } from 'tap'
import type { ShownMail } from '../../src/features/mail/index.ts'
import { type Edit, hasProxy, startProxy } from '../support/proxies.ts'
import { prepareData, run, serve } from '../support/program.ts'
import { testSecret } from '../support/secrets.ts'
import { mailCredentials, startMailServer } from '../support/mail-server.ts'
import { freePort, scratchFolder } from '../support/servers.ts'
import { patientProxies, until } from '../support/patience.ts'

const [appHost, authHost] = ['app.example.test', 'auth.example.test']
const password = 'seven quiet herons at dawn'

/** A running service, nginx in front of it, and the command. */
async function startAll(t: { teardown(after: () => unknown): unknown }, edits: readonly Edit[] = [], settings = {}) {
  const folder = scratchFolder(t)
  const [port, echo] = [await freePort(), await freePort()]
  const url = `http://${appHost}:${port}/reports`
  const hosts = { [`${appHost}:${port}`]: { rules: [{ allow: 'signed-in' }] } }
  writeFileSync(join(folder, 'gatehouse.yaml'), JSON.stringify({ hosts, proxies: patientProxies }))
  const environment = {
    GATEHOUSE_DATA_DIR: join(folder, 'data'),
    GATEHOUSE_ISSUER: `http://${authHost}:${port}`,
    GATEHOUSE_COOKIE_DOMAIN: 'example.test',
    ...settings,
  }
  prepareData(environment.GATEHOUSE_DATA_DIR)
  const service = await serve(t, folder, environment)
  const issuer = environment.GATEHOUSE_ISSUER
  await startProxy(t, 'nginx', { port, servicePort: service.port, upstreamPort: echo, hosts, issuer, edits })
  const doctor = (args: readonly string[], input?: string, more = {}) =>
    run(folder, ['doctor', ...args], { ...environment, ...more }, input)
  const through = ['--url', url, '--connect', `127.0.0.1:${port}`]
  const newToken = async () => {
    const email = 'ada@example.test'
    const create = ['user', 'create', '--email', email, '--name', 'Ada', '--password-stdin']
    await run(folder, create, environment, password)
    const json = { email, password, token_delivery: 'body' }
    const answer = await service.call('/api/auth/login', { method: 'POST', json })
    return answer.json().access_token as string
  }
  const command = (...args: string[]) => run(folder, args, environment)
  return { url, service, doctor, command, through, echo: ['--echo', String(echo)], newToken }
}

if (hasProxy('nginx')) {
  void test('doctor finds nothing wrong with the documented configuration, and says what it could not check', async (t) => {
    const { url, doctor, through, echo, newToken, service } = await startAll(t)
    const token = await newToken()
    const healthy = await doctor([...through, ...echo, '--token-stdin'], `${token}\n`)
    t.equal(healthy.code, 0, healthy.stderr)
    t.equal(healthy.stdout, `${url}, asked by nginx\n\n18 checks made, 0 not; no findings\n`)
    t.notMatch(service.said.stdout, token.slice(-40), 'the token is not in the log')

    const { code, stdout } = await doctor([...through, '--json'])
    t.equal(code, 0)
    const diagnosis = JSON.parse(stdout)
    t.match(diagnosis, { url, proxy: 'nginx', findings: [] })
    t.match(diagnosis.not_made, [{ check: 'spoofable_headers', why: /--token-stdin/ }])

    await t.test('with --strict a check that was not made is a failure', async (t) => {
      const strict = await doctor([...through, '--strict'])
      t.equal(strict.code, 1)
      t.match(strict.stdout, /not made: spoofable_headers, .*\n[^]*; no findings\n$/)
      const whole = await doctor([...through, ...echo, '--token-stdin', '--strict'], `${token}\n`)
      t.equal(whole.code, 0, whole.stdout)
    })
    await t.test('in clustered mode it makes the checks that need no socket', async (t) => {
      const clustered = {
        DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
        GATEHOUSE_SECRET: testSecret().toString('base64'),
      }
      const { code, stdout } = await doctor([...through, ...echo, '--token-stdin'], token, clustered)
      t.equal(code, 0, stdout)
      t.match(stdout, 'not made: fails_open, since it needs the control socket')
      t.match(stdout, '9 checks made, 9 not; no findings')
    })
    await t.test('what it is told wrongly, and what is not there, is named', async (t) => {
      t.match(await doctor([]), { code: 2, stderr: /--url is required/ })
      t.match(await doctor([...through, '--echo', 'x:y']), { code: 2, stderr: /--echo: expected/ })
      t.match(await doctor([...through, '--token-stdin'], 'two tokens'), { code: 2, stderr: /expected one token/ })
      const unknown = await doctor(['--url', 'http://unknown.example.test/'])
      t.match(unknown, { code: 1, stderr: /its host is not listed/ })
      const closed = await doctor(['--url', url, '--connect', `127.0.0.1:${await freePort()}`])
      t.match(closed, { code: 1, stderr: /the proxy cannot be asked: ECONNREFUSED/ })
      const elsewhere = await doctor(through, undefined, { GATEHOUSE_DATA_DIR: 'another' })
      t.match(elsewhere, { code: 1, stderr: /no service runs on this data directory/ })
    })
  })

  void test('doctor says how many mails were given up, since when, and what to do', async (t) => {
    const refuses: SMTPServerOptions['onRcptTo'] = (_address, _session, done) =>
      done(Object.assign(new Error('no such user'), { responseCode: 550 }))
    const port = await freePort()
    await startMailServer(t, { port, onRcptTo: refuses })
    const SMTP_URL = `smtp://${mailCredentials}127.0.0.1:${port}?starttls=never`
    const { doctor, through, newToken, command } = await startAll(t, [], { SMTP_URL })
    // Signing in from a new device sends a mail.
    await newToken()
    let listed: ShownMail[] = []
    await until('the mail is given up', async () => {
      const { stdout } = await command('mail', 'list', '--state', 'dead', '--json')
      listed = JSON.parse(stdout)
      return listed.length > 0
    })
    const { code, stdout } = await doctor(through)
    t.equal(code, 1)
    t.match(stdout, `\nFOUND mails_given_up\n  seen    1 since ${listed[0]!.ended_at}\n`)
    t.match(stdout, /change {2}.*gatehouse mail list --state dead says why.*gatehouse mail retry/)
  })

  void test('doctor names what it finds, the danger and the line, and exits with 1', async (t) => {
    const SMTP_URL = `smtp://gate:hunter2@127.0.0.1:${await freePort()}`
    const edits: Edit[] = [[/\$host:\d+\$request_uri/, '$http_host$request_uri']]
    const { doctor, through } = await startAll(t, edits, { SMTP_URL })
    const { code, stdout } = await doctor(through)
    t.equal(code, 1)
    t.match(
      stdout,
      /\nFOUND host_confusion\n {2}seen {4}.+\n {2}danger {2}.+\n {2}change {2}.*\$host in place of \$http_host\n/,
    )
    t.match(stdout, /\nFOUND mail_not_sent\n {2}seen {4}SMTP_URL: .*\(ECONNREFUSED\): nothing listens there/)
    t.notMatch(stdout, 'hunter2')
    t.match(stdout, /; 2 findings\n$/)
  })
}
