/** Mail to real servers, as operators have them: with and without TLS, with logins, with certificates that are not trusted. */
import { randomUUID } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { pino } from 'pino'
import { type Test, test } from 'tap'
import { loadConfig } from '../../src/config.ts'
import { createMailer } from '../../src/adapters/mailer.ts'
import { authorityIn, selfSignedIn } from '../support/certificates.ts'
import { mailCredentials, type MailServer, mailUser, startMailServer } from '../support/mail-server.ts'
import { until } from '../support/patience.ts'
import { prepareData, run, serve } from '../support/program.ts'
import { freePort, scratchFolder } from '../support/servers.ts'
import { testSecret } from '../support/secrets.ts'
import { type Service, startService } from '../support/service.ts'

/** Leads to this machine, and is none of its loopback addresses: one host like any other. */
const otherHost = '0.0.0.0'
const encodedPassword = encodeURIComponent(mailUser.password)

/** A service whose mails go to `smtpUrl`. */
const withMail = (t: Test, smtpUrl: string) => startService(t, { environment: { SMTP_URL: smtpUrl } })

/** Asks for an account, which has a link mailed to the address. */
async function register(t: Test, service: Service) {
  const json = { name: 'Ada', email: 'ada@example.test', password: 'seven quiet herons at dawn' }
  const answer = await service.call('/api/auth/register', { method: 'POST', json })
  t.equal(answer.status, 202, answer.body)
}

/** What sends the mails of a service with this configuration, and what it logged. */
function mailerOf(t: Test, SMTP_URL: string, mail: object = {}) {
  const folder = scratchFolder(t)
  writeFileSync(join(folder, 'gatehouse.yaml'), JSON.stringify({ mail }))
  const config = loadConfig({
    SMTP_URL,
    GATEHOUSE_DATA_DIR: folder,
    GATEHOUSE_CONFIG: join(folder, 'gatehouse.yaml'),
    GATEHOUSE_SECRET: testSecret().toString('base64'),
  })
  const lines: string[] = []
  const log = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) })
  return { ...createMailer(config.mail, log), logged: () => lines.join('') }
}
type ConfiguredMailer = ReturnType<typeof mailerOf>

/** What `gatehouse doctor` is told. */
const faultOf = ({ check }: Pick<ConfiguredMailer, 'check'>) => check()

const send = (mailer: ConfiguredMailer) => {
  const link = 'https://auth.example.test/?token=x'
  const content = { to: 'ada@example.test', subject: 'A link', text: link, html: `<p>${link}</p>`, language: 'en' }
  return mailer.send({ ...content, id: randomUUID(), date: new Date() }, new AbortController().signal)
}

/** A mail arrives, over what it has to. */
async function arrives(t: Test, mailer: ConfiguredMailer, server: MailServer, expected: { isSecured: boolean }) {
  t.equal(await faultOf(mailer), undefined)
  t.same(await send(mailer), { kind: 'accepted' })
  t.match(server.received, [{ ...expected, to: ['ada@example.test'], content: /token=/, user: mailUser.user }])
  for (const login of server.logins) t.match(login, { ...expected, isRight: true })
  t.notMatch(mailer.logged(), /"level":[456]0/)
}

void test('without TLS no login and no link goes to another machine; the log says what to do, and the mail waits', async (t) => {
  const refusal =
    /^SMTP_URL: the server cannot be used \(NO_STARTTLS \d+\): it offers no TLS; .*mail\.require_tls: false/
  const [folder, port] = [scratchFolder(t), await freePort()]
  const authority = authorityIn(join(folder, 'ours'))
  const first = await startMailServer(t, { port })
  const words = `sslrootcert=${encodeURIComponent(authority.ca)}`
  const service = await withMail(t, `smtp://${mailCredentials}${otherHost}:${port}?${words}`)
  t.match(await service.operate('POST', '/mail/check'), { fault: refusal })
  await register(t, service)
  const lines = () =>
    service
      .logged()
      .split('\n')
      .filter((line) => line.includes('mail.failed'))
      .map((line) => JSON.parse(line) as Record<string, unknown>)
  await until('the mail was refused', () => lines().length > 0)
  t.match(lines(), [{ level: 40, attempts: 1, reason: /^NO_STARTTLS \d+$/, last: false, msg: refusal }])
  t.same([first.logins, first.received], [[], []])
  for (const secret of [mailUser.password, encodedPassword, 'token=', 'ada@example.test'])
    t.notMatch(JSON.stringify(lines()), secret)

  await first.close()
  const second = await startMailServer(t, { port, certificate: authority.issue('s', 'mail', `IP:${otherHost}`) })
  service.clock.advance(10)
  await until('the mail is there', () => second.received.length > 0)
  t.match(second.received, [{ isSecured: true, to: ['ada@example.test'], content: /verify-email\?token=/ }])
  t.match(await service.operate('POST', '/mail/check'), { fault: null })
})

void test('a server that takes STARTTLS back, or only pretends, gets nothing in clear', async (t) => {
  const said: string[] = []
  /** Answers each command in clear, whatever it is, like somebody on the way who cannot show a certificate. */
  const pretender = createServer((socket) => {
    socket.on('error', () => {})
    socket.write('220 mail.example.test ESMTP\r\n')
    socket.on('data', (chunk) => {
      said.push(chunk.toString('latin1'))
      socket.write(
        chunk.toString().startsWith('EHLO') ? '250-hello\r\n250 AUTH PLAIN LOGIN\r\n' : '220 go on\r\n250 fine\r\n',
      )
    })
  })
  const port = await freePort()
  await new Promise<void>((listening) => pretender.listen(port, '127.0.0.1', listening))
  t.teardown(() => pretender.close())
  const pretending = mailerOf(t, `smtp://${mailCredentials}${otherHost}:${port}`)
  t.match(await faultOf(pretending), /^SMTP_URL: the server cannot be used \((ERR_SSL\w+|EPROTO)\): .*/)
  t.match(said.slice(0, 2), [/^EHLO /, /^STARTTLS\r\n$/])
  for (const later of said.slice(2)) t.notMatch(later, /AUTH|MAIL|gate/, 'all else is a TLS handshake')

  const folder = scratchFolder(t)
  const authority = authorityIn(join(folder, 'ours'))
  const certificate = authority.issue('server', 'mail', `IP:${otherHost}`)
  const hiding = await startMailServer(t, { certificate, hideSTARTTLS: true })
  const url = `smtp://${mailCredentials}${otherHost}:${hiding.port}?sslrootcert=${authority.ca}`
  await arrives(t, mailerOf(t, url), hiding, { isSecured: true })
})

void test('mail goes in clear to this machine, and elsewhere where the setting says so', async (t) => {
  for (const host of ['127.0.0.1', 'localhost', 'mail.localhost', '127.8.8.8']) {
    const server = await startMailServer(t, { host: host.startsWith('127') ? host : '127.0.0.1' })
    await arrives(t, mailerOf(t, `smtp://${mailCredentials}${host}:${server.port}`), server, { isSecured: false })
  }
  const server = await startMailServer(t)
  const url = `smtp://${mailCredentials}${otherHost}:${server.port}`
  await arrives(t, mailerOf(t, url, { require_tls: false }), server, { isSecured: false })
})

void test('TLS is used where it is offered, and its certificate checked, whether or not it is required', async (t) => {
  const folder = scratchFolder(t)
  const authority = authorityIn(join(folder, 'ours'))
  const certificate = authority.issue('server', 'mail', `DNS:localhost,IP:127.0.0.1,IP:${otherHost}`)
  const root = `sslrootcert=${encodeURIComponent(authority.ca)}`
  for (const secure of [true, false]) {
    const scheme = secure ? 'smtps' : 'smtp'
    for (const [host, mail] of [
      [otherHost, {}],
      [otherHost, { require_tls: false }],
      ['localhost', {}],
      ['127.0.0.1', {}],
    ] as const) {
      await t.test(`${scheme}://${host} ${JSON.stringify(mail)}`, async (t) => {
        const server = await startMailServer(t, { certificate, secure })
        const url = `${scheme}://${mailCredentials}${host}:${server.port}`
        await arrives(t, mailerOf(t, `${url}?${root}`, mail), server, { isSecured: true })
        server.received.length = server.logins.length = 0
        const untrusting = mailerOf(t, url, mail)
        t.match(
          await faultOf(untrusting),
          /^SMTP_URL: the server cannot be used \(\w*(CERT|VERIFY)\w*\): its certificate is not trusted; .*NODE_EXTRA_CA_CERTS, or in sslrootcert/,
        )
        t.same([server.logins, server.received], [[], []])
      })
    }
  }

  await t.test('a certificate of itself, and one for another name', async (t) => {
    const own = selfSignedIn(join(folder, 'own'), `IP:${otherHost}`)
    const elsewhere = authority.issue('elsewhere', 'mail', 'DNS:elsewhere.example')
    for (const secure of [true, false]) {
      const scheme = secure ? 'smtps' : 'smtp'
      const selfSigned = await startMailServer(t, { certificate: own, secure })
      const url = `${scheme}://${mailCredentials}${otherHost}:${selfSigned.port}`
      t.match(await faultOf(mailerOf(t, url)), /SELF_SIGNED.* is not trusted/)
      t.equal(await faultOf(mailerOf(t, `${url}?sslrootcert=${own.cert}`)), undefined)
      const other = await startMailServer(t, { certificate: elsewhere, secure })
      const named = `${scheme}://${mailCredentials}localhost:${other.port}?${root}`
      t.match(await faultOf(mailerOf(t, named)), /ALTNAME.* another name; connect by a name that it holds$/)
      t.same([...other.logins, ...other.received, ...selfSigned.received], [])
    }
  })
  await t.test('starttls=never leaves an offer alone, where clear is allowed at all', async (t) => {
    const server = await startMailServer(t, { certificate: selfSignedIn(join(folder, 'snakeoil'), 'DNS:snakeoil') })
    const at = (host: string) => `smtp://${mailCredentials}${host}:${server.port}?starttls=never&name=auth.example.test`
    await arrives(t, mailerOf(t, at('127.0.0.1')), server, { isSecured: false })
    t.same(server.greetings, ['auth.example.test'])
    t.equal(await faultOf(mailerOf(t, at(otherHost), { require_tls: false })), undefined)
    t.throws(() => mailerOf(t, at(otherHost)), { message: /^SMTP_URL: starttls: never goes with mail\.require_tls/ })
  })
  await t.test('a certificate of the service is shown', async (t) => {
    const ca = authority.ca
    const client = authority.issue('client', 'gatehouse', 'DNS:client')
    const asks = { requestCert: true, rejectUnauthorized: true, ca: readFileSync(ca), secure: true }
    const server = await startMailServer(t, { certificate, ...asks })
    const url = `smtps://${mailCredentials}localhost:${server.port}?${root}`
    t.match(await faultOf(mailerOf(t, url)), /^SMTP_URL: the server cannot be used/)
    const shown = `${url}&sslcert=${client.cert}&sslkey=${client.key}`
    await arrives(t, mailerOf(t, shown), server, { isSecured: true })
    t.throws(() => mailerOf(t, `${url}&sslcert=/nowhere.pem&sslkey=${client.key}`), {
      message: /^SMTP_URL: sslcert: the file cannot be read \(ENOENT\)$/,
    })
  })
})

void test('what keeps mails from being sent is told with what to do, and without the login', async (t) => {
  const server = await startMailServer(t, { onRcptTo: (_, __, done) => done(new Error('ada@example.test: no such')) })
  const silent = createServer(() => {}).listen(0, '127.0.0.1')
  t.teardown(() => silent.close())
  const cases: [url: string, line: RegExp][] = [
    [`smtp://gate:hunter2@127.0.0.1:${server.port}`, /\(EAUTH 535\): it does not accept this user with this password/],
    [`smtp://${mailCredentials}127.0.0.1:${await freePort()}`, /\(ECONNREFUSED\): nothing listens there/],
    [`smtps://${mailCredentials}127.0.0.1:${server.port}`, /\((ERR_SSL\w+|EPROTO)\): .*smtps:\/\/ is for ports that/],
  ]
  for (const [url, line] of cases) {
    const fault = await faultOf(mailerOf(t, url))
    t.match(fault, line)
    t.match(fault, /^SMTP_URL: the server cannot be used/)
    for (const secret of ['hunter2', encodedPassword, mailUser.password]) t.notMatch(fault, secret)
  }
  const service = mailerOf(t, `smtp://${mailCredentials}127.0.0.1:${server.port}`)
  const refused = await send(service)
  const text = 'SMTP_URL: the server refuses the mail (EENVELOPE 550): look at mail.from'
  t.match(refused, { kind: 'failed', reason: 'EENVELOPE 550', text, isPermanent: true })
  t.notMatch(JSON.stringify(refused), /no such/, 'what servers answer holds addresses of people')
})

void test('a service starts and is ready whatever its mail server does, and says at once that mails cannot be sent', async (t) => {
  const folder = scratchFolder(t)
  writeFileSync(join(folder, 'gatehouse.yaml'), 'accounts: { registration: open }')
  const authority = authorityIn(join(folder, 'ours'))
  const certificate = authority.issue('server', 'mail', `IP:${otherHost}`)
  const server = await startMailServer(t, { certificate })
  const SMTP_URL = `smtp://${mailCredentials}${otherHost}:${server.port}`
  const environment = { SMTP_URL, GATEHOUSE_DATA_DIR: join(folder, 'data') }
  prepareData(environment.GATEHOUSE_DATA_DIR)

  await t.test('a certificate that nobody vouches for', async (t) => {
    const service = await serve(t, folder, environment)
    await until('it is told', () => service.said.stdout.includes('mail.unusable'))
    const line = service.said.stdout.split('\n').find((line) => line.includes('mail.unusable'))!
    t.match(JSON.parse(line), { level: 40, msg: /^SMTP_URL: .*is not trusted; .*NODE_EXTRA_CA_CERTS/ })
    for (const secret of [mailUser.password, encodedPassword]) t.notMatch(service.said.stdout, secret)
    service.child.kill('SIGKILL')
    await service.finished
  })
  await t.test('NODE_EXTRA_CA_CERTS names who vouches', async (t) => {
    const service = await serve(t, folder, { ...environment, NODE_EXTRA_CA_CERTS: authority.ca })
    await until('it has logged in', () => server.logins.length > 0)
    const json = { name: 'Ada', email: 'ada@example.test', password: 'seven quiet herons at dawn' }
    await service.call('/api/auth/register', { method: 'POST', json })
    await until('the mail is there', () => server.received.length > 0)
    t.match(server.received, [{ isSecured: true, user: 'gate' }])
    t.notMatch(service.said.stdout, /"level":[456]0/)
  })
  await t.test('an SMTP_URL that cannot be kept to stops the start', async (t) => {
    const { code, stderr } = await run(folder, ['serve'], { ...environment, SMTP_URL: `${SMTP_URL}?requireTLS=false` })
    t.equal(code, 1)
    t.match(stderr, /SMTP_URL: requireTLS: leave it out/)
    t.notMatch(stderr, encodedPassword)
  })
})
