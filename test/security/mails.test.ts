/** What a request or a person's words do to a mail: neither chooses where its links lead, nor what stands in its head. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { createMailer } from '../../src/adapters/mailer.ts'
import { backends } from '../support/backends.ts'
import { startMailServer } from '../support/mail-server.ts'
import { linkIn, partsOf, readMail } from '../support/mails.ts'
import { scratchFolder } from '../support/servers.ts'
import { bearer, startService } from '../support/service.ts'

const evil = 'evil.example.test'
/** Every way of naming another host than the one that was asked. */
const spoofed = {
  host: evil,
  'x-forwarded-host': evil,
  'x-forwarded-server': evil,
  'x-original-host': evil,
  'x-forwarded-proto': 'https',
  'x-forwarded-port': '8443',
  forwarded: `host=${evil};proto=https`,
  'x-original-url': `https://${evil}/x`,
  'x-rewrite-url': `https://${evil}/x`,
}

for (const backend of backends) {
  void test(`links in mails begin with the issuer, whatever host a request names (CVE-2023-49097), on ${backend.name} stores`, async (t) => {
    const service = await startService(t, { backend })
    const post = (path: string, json: object, headers = {}) =>
      service.call(path, { method: 'POST', headers: { ...spoofed, ...headers }, json })
    const mailsTo = async (email: string) => (await service.mails()).filter((mail) => mail.includes(`To: ${email}`))
    const linkTo = async (email: string, page: string) => {
      const links = (await mailsTo(email)).flatMap((mail) => linkIn(mail, service.issuer, page) ?? [])
      return links.at(-1)
    }
    const user = await service.createUser()
    const admin = bearer((await service.signIn(await service.createUser({ roles: ['admin'] }))).accessToken)
    const own = bearer((await service.signIn(user)).accessToken)

    await post('/api/auth/register', { name: 'New', email: 'new@example.test', password: 'seven quiet otters juggle' })
    await post('/api/auth/register', { name: 'Ada', email: user.email, password: 'seven quiet otters juggle' })
    await post('/api/auth/resend-verification', { email: user.email })
    await post('/api/auth/forgot-password', { email: user.email })
    t.ok(await linkTo('new@example.test', 'verify-email'))
    t.ok(await linkTo(user.email, 'reset-password'))

    t.equal((await post('/api/admin/invitations', { email: 'guest@example.test', roles: [] }, admin)).status, 201)
    t.ok(await linkTo('guest@example.test', 'invitation'))

    const email = 'moved@example.test'
    t.equal((await post('/api/users/me/email', { email, password: user.password }, own)).status, 202)
    const confirm = { token: await linkTo(email, 'confirm-email') }
    t.equal((await post('/api/auth/confirm-email', confirm)).status, 204)
    t.equal((await post('/api/auth/undo-email', { token: await linkTo(user.email, 'undo-email') })).status, 204)
    t.ok(await linkTo(user.email, 'reset-password'), 'of the mail that an address taken back sends')

    const again = bearer((await service.signIn(user)).accessToken)
    t.equal((await post('/api/users/me/api-keys', { name: 'Job', scopes: [] }, again)).status, 201)
    const next = 'a heron, a lantern and a map'
    t.equal(
      (await post('/api/users/me/password', { current_password: user.password, password: next }, again)).status,
      204,
    )
    await post('/api/auth/login', { email: user.email, password: next })
    t.equal((await service.call('/api/users/me/export', { headers: { ...again, ...spoofed } })).status, 200)
    const ended = await service.call('/api/users/me', {
      ...{ method: 'DELETE', headers: { ...again, ...spoofed }, json: { password: next } },
    })
    t.equal(ended.status, 202)

    const mails = await service.mails()
    t.ok(mails.length >= 14, `${mails.length} mails`)
    for (const mail of mails) {
      const { text, html } = partsOf(mail)
      t.notMatch(mail + text + html, evil)
      for (const [url] of (text + html).matchAll(/https?:\/\/[^\s"<]+/g)) t.ok(url.startsWith(service.issuer), url)
    }
  })
}

const injected = 'Ada\r\nBcc: victim@example.test\r\n\r\n<script>'
/** The lines of the head of a mail, with those that go on joined. */
const headOf = (mail: string) =>
  mail
    .split('\r\n\r\n')[0]!
    .replaceAll(/\r\n[ \t]+/g, ' ')
    .split('\r\n')
const namesOf = (mail: string) => headOf(mail).map((line) => line.split(':')[0]!.toLowerCase())

void test('nothing that somebody writes begins a line in the head of a mail, nor names a recipient', async (t) => {
  await t.test('a name or an address with line breaks is refused before any mail', async (t) => {
    const service = await startService(t)
    const register = (fields: object) =>
      service.call('/api/auth/register', {
        ...{
          method: 'POST',
          json: { name: 'Ada', email: 'ada@example.test', password: 'seven quiet otters juggle', ...fields },
        },
      })
    for (const name of [injected, 'Ada\nBcc: x@example.test', 'Ada\rX', 'Ada\u2028X', 'Ada\u0085X', 'Ada\0']) {
      t.equal((await register({ name })).status, 400, encodeURIComponent(name))
    }
    for (const email of [
      ...[
        'ada@example.test\r\nBcc: x@example.test',
        'ada\r\n@example.test',
        'ada@example.test\nx',
        'a, b@example.test',
      ],
      ...['ada@example.test,eve@example.test', 'Ada <ada@example.test>', '"a\r\n"@example.test', 'ada@example.test\0'],
    ]) {
      t.equal((await register({ email })).status, 400, encodeURIComponent(email))
      const asked = { method: 'POST', json: { email } }
      t.equal((await service.call('/api/auth/forgot-password', asked)).status, 400, encodeURIComponent(email))
    }
    t.same(await service.mails(), [])
  })
  await t.test('what reaches the mailer all the same stays in its own header, over SMTP and in a file', async (t) => {
    const server = await startMailServer(t)
    const folder = scratchFolder(t)
    const log = { info() {}, warn() {}, error() {} }
    const settings = { from: 'Gate <gate@example.test>', requiresTls: false, outboxDirectory: join(folder, 'outbox') }
    const mail = {
      ...{
        id: '01932c07-20a5-7e9c-8f5e-2b1d3a4c5e6f',
        date: new Date('2026-11-20T08:00:00Z'),
        language: 'en' as const,
      },
      ...{ subject: `Welcome ${injected}`, text: `Hello ${injected}`, html: '<p>Hello</p>' },
    }
    const { signal } = new AbortController()
    const overSmtp = createMailer({ ...settings, smtpUrl: server.url }, log)
    const send = (to: string) => overSmtp.send({ ...mail, to }, signal)
    t.match(await send('ada@example.test'), { kind: 'accepted' })
    const [received] = server.received
    t.same(received!.to, ['ada@example.test'])
    t.match(
      headOf(received!.content).filter((line) => /^subject:/i.test(line)),
      { length: 1 },
    )
    t.notOk(namesOf(received!.content).some((name) => /^(bcc|cc)$/.test(name)))
    for (const to of [
      ...['ada@example.test\r\nRCPT TO:<victim@example.test>', 'ada@example.test, victim@example.test'],
      ...['ada@example.test>\r\nBcc: victim@example.test', 'Ada <ada@example.test>, victim@example.test'],
    ]) {
      await send(to)
    }
    t.match(await createMailer(settings, log).send({ ...mail, to: 'ada@example.test' }, signal), { kind: 'accepted' })
    const [file] = readdirSync(settings.outboxDirectory)
    const written = readFileSync(join(settings.outboxDirectory, file!), 'utf8')
    t.notOk(namesOf(written).some((name) => /^(bcc|cc)$/.test(name)))
    const recipients = server.received.flatMap((one) => one.to)
    t.notOk(
      recipients.some((to) => to.startsWith('victim@')),
      recipients.join(' '),
    )
    for (const { content } of server.received) t.notOk(namesOf(content).some((name) => /^(bcc|cc)$/.test(name)))
  })
  await t.test('a fact in the subject of an operator’s template stays on its line', async (t) => {
    const folder = scratchFolder(t)
    const templates = join(folder, 'mails')
    mkdirSync(templates)
    const subject = 'Subject: New sign-in with {{browser}} on {{system}}'
    writeFileSync(join(templates, 'new-device.en.txt'), `${subject}\n\n{{browser}} {{ip}} {{at}}\n`)
    writeFileSync(join(templates, 'new-device.en.html'), '<p>{{browser}}</p>')
    const service = await startService(t, { yaml: { mail: { templates } } })
    const user = await service.createUser()
    const json = { email: user.email, password: user.password }
    // A header of HTTP holds no line break; what a browser may be called by is as odd as it gets without.
    const agent = 'Bcc:victim@example.test/1.0 (X11; Linux x86_64) =?utf-8?Q?=0D=0ABcc:_victim@example.test?='
    await service.call('/api/auth/login', { method: 'POST', headers: { 'user-agent': agent }, json })
    const mail = (await service.mails()).find((one) => one.includes(`To: ${user.email}`))
    t.match(
      headOf(mail!).filter((line) => line.startsWith('Subject: New sign-in')),
      { length: 1 },
    )
    t.notOk(namesOf(mail!).some((name) => /^(bcc|cc)$/.test(name)))
    t.ok(readMail(mail!))
  })
})

void test('a change of the profile sets nothing but the profile (CVE-2026-27946)', async (t) => {
  const service = await startService(t)
  const user = await service.createUser()
  const headers = bearer((await service.signIn(user)).accessToken)
  const patch = (json: object) => service.call('/api/users/me', { method: 'PATCH', headers, json })
  for (const more of [
    ...[{ email_verified: true }, { emailVerified: true }, { email: 'eve@example.test' }, { roles: ['admin'] }],
    ...[
      { permissions: ['gatehouse:*'] },
      { status: 'active' },
      { id: user.id },
      { __proto__: null, email_verified_at: '2026-01-01' },
    ],
  ]) {
    t.equal((await patch({ name: 'Ada', ...more })).status, 400, JSON.stringify(more))
  }
  const profile = (await service.call('/api/users/me', { headers })).json()
  t.match(profile, { name: 'Ada Lovelace', email: user.email, roles: [] })
})
