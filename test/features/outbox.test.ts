/** Mails wait in the database: what a mail server, a process or a secret does to them. */
import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Test, test } from 'tap'
import type { SMTPServerOptions } from 'smtp-server'
import type { ShownMail } from '../../src/features/mail/index.ts'
import { auditRows } from '../support/audit.ts'
import { backends, hasServers } from '../support/backends.ts'
import { authorityIn } from '../support/certificates.ts'
import { mailCredentials, startMailServer } from '../support/mail-server.ts'
import { linkTokenIn } from '../support/mails.ts'
import { until } from '../support/patience.ts'
import { serve } from '../support/program.ts'
import { freePort, scratchFolder } from '../support/servers.ts'
import { testSecret } from '../support/secrets.ts'
import { bearer, type Service, startService } from '../support/service.ts'

const password = 'seven quiet herons at dawn'
const registration = (email: string) => ({ method: 'POST', json: { name: 'Ada', email, password } })

async function register(t: Test, { call }: Pick<Service, 'call'>, email: string) {
  const answer = await call('/api/auth/register', registration(email))
  t.equal(answer.status, 202, answer.body)
}
/** What operators are told of the mails. */
const listed = async ({ operate }: Service) => (await operate<{ items: ShownMail[] }>('GET', '/mails')).items
const messageIdOf = (content: string) => /^Message-ID: (.*)\r$/m.exec(content)?.[1]
/** Has the service try what is due after so many seconds. */
async function later({ clock, gatehouse }: Service, seconds: number) {
  clock.advance(seconds)
  await gatehouse.deliverMails()
}

/** A mail server with STARTTLS and a login, in front of a service; `options` say what is wrong with it. */
async function startBoth(t: Test, options: Parameters<typeof startService>[1] = {}, faults: SMTPServerOptions = {}) {
  const authority = authorityIn(join(scratchFolder(t), 'ours'))
  const certificate = authority.issue('s', 'mail', 'DNS:localhost')
  const port = await freePort()
  const start = (now: Parameters<typeof startMailServer>[1] = faults) =>
    startMailServer(t, { port, certificate, authOptional: false, ...now })
  const url = `smtp://${mailCredentials}localhost:${port}?sslrootcert=${encodeURIComponent(authority.ca)}`
  const environment = { SMTP_URL: url, ...options.environment }
  const service = await startService(t, { ...options, environment })
  return { service, start, url }
}

for (const backend of backends) {
  void test(`mails on ${backend.name} stores`, async (t) => {
    await t.test('a mail says that a program wrote it, in text and HTML, under one id', async (t) => {
      const { service, start } = await startBoth(t, { backend })
      const server = await start()
      await register(t, service, 'ada@example.test')
      await service.gatehouse.deliverMails()
      const [mail, ...more] = server.received
      t.same(more, [])
      t.match(mail, { isSecured: true, user: 'gate', to: ['ada@example.test'] })
      const [head = ''] = mail!.content.split('\r\n\r\n')
      const [{ id, created_at }] = (await listed(service)) as [ShownMail]
      for (const line of [
        `Message-ID: <${id}@auth.example.test>`,
        `Date: ${new Date(created_at).toUTCString().replace('GMT', '+0000')}`,
        'Auto-Submitted: auto-generated',
        'Content-Language: en',
      ]) {
        t.ok(head.split('\r\n').includes(line), line)
      }
      t.notMatch(head, /^(List-Unsubscribe|Bcc|Cc):/im)
      t.match(mail!.content, /Content-Type: text\/plain; charset=utf-8[^]*Content-Type: text\/html; charset=utf-8/)
      t.ok(linkTokenIn(mail!.content, service.issuer))
      t.match(await listed(service), [{ state: 'sent', attempts: 1, fault: null, kind: 'verify-email' }])
    })

    await t.test('greylisted: tried again a little later, as the same mail', async (t) => {
      const asked: string[] = []
      const onRcptTo: SMTPServerOptions['onRcptTo'] = ({ address }, _, done) => {
        asked.push(address)
        done(asked.length > 2 ? null : Object.assign(new Error('come again'), { responseCode: 451 }))
      }
      const { service, start } = await startBoth(t, { backend }, { onRcptTo })
      const server = await start()
      await register(t, service, 'ada@example.test')
      await service.gatehouse.deliverMails()
      t.match(await listed(service), [{ state: 'queued', attempts: 1, fault: 'EENVELOPE 451' }])
      await later(service, 9)
      t.equal(asked.length, 1, 'not before its time')
      await later(service, 1)
      await later(service, 30)
      t.equal(server.received.length, 1)
      t.match(await listed(service), [{ state: 'sent', attempts: 3 }])
    })

    await t.test(
      'refused for good: given up at once, kept sealed, and sent when an operator has it tried again',
      async (t) => {
        let refuses = true
        const onRcptTo: SMTPServerOptions['onRcptTo'] = ({ address }, _, done) =>
          done(
            refuses && address.startsWith('ada@')
              ? Object.assign(new Error('no such user'), { responseCode: 550 })
              : null,
          )
        const { service, start } = await startBoth(t, { backend }, { onRcptTo })
        const server = await start()
        await register(t, service, 'ada@example.test')
        await service.gatehouse.deliverMails()
        const [dead] = await listed(service)
        t.match(dead, { state: 'dead', attempts: 1, fault: 'EENVELOPE 550', due_at: null })
        t.match((await service.call('/metrics')).body, /^gatehouse_mails_dead 1$/m)

        const admin = await service.createUser({ roles: ['admin'] })
        const headers = bearer((await service.signIn(admin)).accessToken)
        const page = await service.call('/api/admin/mails?state=dead', { headers })
        t.match(page.json(), { items: [{ id: dead!.id }], next_cursor: null })
        t.notMatch(page.body, /ada@example|token|sealed/)
        const somebody = bearer((await service.signIn(await service.createUser())).accessToken)
        t.equal((await service.call('/api/admin/mails', { headers: somebody })).status, 403)
        refuses = false
        const retry = (id: string) => service.call(`/api/admin/mails/${id}/retry`, { method: 'POST', headers })
        t.match((await retry(dead!.id)).json(), { state: 'queued', attempts: 0 })
        await service.gatehouse.deliverMails()
        t.equal(server.received.filter(({ to }) => to.includes('ada@example.test')).length, 1)
        t.match((await retry(dead!.id)).json(), { status: 409, code: 'conflict' }, 'nothing of it is left')
        t.equal((await retry(admin.id)).status, 404)
        const trail = (await auditRows(service)).filter(({ event }) => event === 'mail.retried')
        t.match(trail, [{ actor: admin.id }])
      },
    )

    await t.test('a connection that drops in the middle of a mail', async (t) => {
      let cuts = 0
      const { service, start } = await startBoth(t, { backend })
      const server = await start({ hangsUp: () => cuts++ === 0 })
      await register(t, service, 'ada@example.test')
      await service.gatehouse.deliverMails()
      t.match(await listed(service), [{ state: 'queued', attempts: 1 }])
      await later(service, 10)
      t.equal(server.received.length, 1)
    })

    await t.test('a mail server that is away: people are answered, and mails arrive once it is back', async (t) => {
      const { service, start } = await startBoth(t, { backend })
      for (const name of ['ada', 'grace']) await register(t, service, `${name}@example.test`)
      await service.gatehouse.deliverMails()
      await later(service, 10)
      t.match(await listed(service), [{ state: 'queued', attempts: 2, fault: 'ECONNREFUSED' }, { state: 'queued' }])
      const [, waits] = /^gatehouse_mails_oldest_queued_seconds (\S+)$/m.exec((await service.call('/metrics')).body)!
      t.equal(Number(waits), 10)
      t.equal((await service.call('/health/ready')).status, 200, 'people sign in without mail')
      const server = await start()
      await later(service, 3_600)
      t.same(server.received.flatMap(({ to }) => to).toSorted(), ['ada@example.test', 'grace@example.test'])
      await later(service, 7_200)
      t.equal(server.received.length, 2)
    })

    await t.test('after 24 hours a mail is given up, and one whose link has ended is dropped', async (t) => {
      const { service, start } = await startBoth(t, { backend })
      const user = await service.createUser()
      await register(t, service, user.email)
      await register(t, service, 'ada@example.test')
      await service.gatehouse.deliverMails()
      for (let hour = 0; hour < 13; hour++) await later(service, 7_200)
      const states = Object.fromEntries((await listed(service)).map(({ kind, state }) => [kind, state]))
      t.same(states, { 'address-taken': 'dead', 'verify-email': 'expired' })
      const server = await start()
      const dead = (await listed(service)).find(({ state }) => state === 'dead')
      await service.operate('POST', `/mails/${dead!.id}/retry`)
      await service.gatehouse.deliverMails()
      t.same(
        server.received.flatMap(({ to }) => to),
        [user.email],
      )
      t.match(service.logged(), /"event":"mail.expired"/)
    })

    await t.test('a claim of a process that died ends, and the mail is sent', async (t) => {
      const { service, start } = await startBoth(t, { backend })
      await register(t, service, 'ada@example.test')
      await service.gatehouse.deliverMails()
      service.clock.advance(10)
      const now = service.clock.now()
      t.ok(await service.stores.mails.claim(new Date(now), new Date(now + 180_000)), 'as one that dies now')
      const server = await start()
      await later(service, 179)
      t.equal(server.received.length, 0)
      await later(service, 1)
      t.equal(server.received.length, 1)
    })
  })
}

if (hasServers) {
  const [, clustered] = backends
  void test('two replicas send nothing twice', async (t) => {
    const { service, start, url } = await startBoth(t, { backend: clustered! })
    const replica = await startService(t, { beside: service, environment: { SMTP_URL: url } })
    const addresses = Array.from({ length: 24 }, (_, i) => `person-${i}@example.test`)
    for (const [i, email] of addresses.entries()) await register(t, i % 2 === 0 ? service : replica, email)
    await Promise.all([service, replica].map(({ gatehouse }) => gatehouse.deliverMails()))
    const server = await start()
    service.clock.advance(3_600)
    await Promise.all(
      [service, replica].flatMap(({ gatehouse }) => [gatehouse.deliverMails(), gatehouse.deliverMails()]),
    )
    await Promise.all([service, replica].map(({ gatehouse }) => gatehouse.deliverMails()))
    t.same(server.received.flatMap(({ to }) => to).toSorted(), addresses.toSorted())
    const ids = server.received.map(({ content }) => messageIdOf(content))
    t.equal(new Set(ids).size, addresses.length)
  })
  void test('a mail that waits while the secret is changed is opened by the one before', async (t) => {
    const { service, start, url } = await startBoth(t, { backend: clustered! })
    await register(t, service, 'ada@example.test')
    await service.gatehouse.deliverMails()
    await service.gatehouse.close()
    const server = await start()
    const beside = (environment: Record<string, string>) =>
      startService(t, { beside: service, environment: { SMTP_URL: url, ...environment } })

    const secrets = { GATEHOUSE_SECRET: testSecret(8), GATEHOUSE_SECRET_PREVIOUS: testSecret() }
    const inBase64 = Object.entries(secrets).map(([name, secret]) => [name, secret.toString('base64')])
    const changed = await beside(Object.fromEntries(inBase64))
    const lost = {
      id: randomUUID(),
      kind: 'verify-email',
      language: 'en',
      userId: null,
      recipient: 'x',
      expiresAt: null,
    }
    await changed.stores.mails.queue([{ ...lost, sealed: 'by a secret that is lost', createdAt: new Date(0) }])
    await later(changed, 10)
    t.equal(server.received.length, 1)
    t.match(
      (await listed(changed)).find(({ id }) => id === lost.id),
      { state: 'dead', fault: 'SECRET' },
    )
    t.match(changed.logged(), /GATEHOUSE_SECRET: it does not open a mail that waits/)
  })
}

void test('kill -9 of the process loses no mail', async (t) => {
  const folder = scratchFolder(t)
  writeFileSync(join(folder, 'gatehouse.yaml'), 'accounts: { registration: open }')
  const port = await freePort()
  const environment = { SMTP_URL: `smtp://127.0.0.1:${port}`, GATEHOUSE_DATA_DIR: join(folder, 'data') }
  const first = await serve(t, folder, environment)
  const emails = ['ada@example.test', 'grace@example.test']
  for (const email of emails) t.equal((await first.call('/api/auth/register', registration(email))).status, 202)
  first.child.kill('SIGKILL')
  await first.finished
  const server = await startMailServer(t, { port })
  await serve(t, folder, environment)
  await until('the mails are there', () => server.received.length >= emails.length)
  t.same(server.received.flatMap(({ to }) => to).toSorted(), emails)
  // Whichever process wrote it, before the kill or after.
  for (const { content } of server.received)
    t.match(content, /^http:\/\/localhost:\d+\/verify-email\?token=[\w-]{22}\r$/m)
})
