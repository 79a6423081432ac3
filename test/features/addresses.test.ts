/** However people write an address, it is one account: in other letters, in capitals, with white space around it. */
import { join } from 'node:path'
import { test } from 'tap'
import { backends } from '../support/backends.ts'
import { untilWanted } from '../support/patience.ts'
import { startMailServer } from '../support/mail-server.ts'
import { linkTokenIn } from '../support/mails.ts'
import { prepareData, run, serve } from '../support/program.ts'
import { scratchFolder } from '../support/servers.ts'
import { asks, bearer, type Service, startService } from '../support/service.ts'

const password = 'seven quiet herons at dawn'
/** Spellings of one address; the first is the canonical one. */
const spellingsOf = (name: string) => [
  `${name}@xn--bcher-kva.example`,
  ...[`${name}@bücher.example`, `${name.toUpperCase()}@BÜCHER.example`, `${name}@bu\u0308cher.example`],
  ...[
    ` ${name}@bücher.example`,
    `${name}@bücher.example `,
    `\t${name}@XN--Bcher-KVA.Example\n`,
    `${name}@bücher。example`,
  ],
]
/** What each of them means is that no address can be made of it. */
const bad: [written: string, fault: RegExp][] = [
  ['', /must look like ada@example\.com/],
  ['jürgen@example.test', /ASCII letters, digits and signs before the @/],
  ['ada@bü\u200bcher.example', /must not hold invisible characters/],
  ['ada@אa.example', /a domain after the @ that can exist/],
  ['ada@bücher.example/x', /a domain after the @ that can exist/],
  ['ada@1.2', /a domain after the @ that can exist/],
  [`ada@${'ü.'.repeat(60)}example`, /at most 254 characters/],
]

const logIn = (service: Service, email: string, given = password, headers: Record<string, string> = {}) =>
  service.call('/api/auth/login', { method: 'POST', headers, json: { email, password: given, token_delivery: 'body' } })
async function submit(service: Service, email: string, given = password) {
  const page = await service.call('/login')
  const csrf_token = /name="csrf_token" value="([\w-]+)"/.exec(page.body)![1]!
  const headers = { cookie: `gatehouse_csrf=${page.cookies['gatehouse_csrf']}` }
  return service.call('/login', { method: 'POST', headers, form: { csrf_token, email, password: given } })
}

for (const backend of backends) {
  void test(`one account however its address is written, on ${backend.name} stores`, async (t) => {
    const mailServer = await startMailServer(t)
    const service = await startService(t, {
      backend,
      yaml: { accounts: { registration: 'open', domains: ['BÜCHER.example', 'example.test'] } },
      environment: { SMTP_URL: mailServer.url },
    })
    const register = (email: string, change: object = {}, headers: Record<string, string> = {}) =>
      service.call('/api/auth/register', { method: 'POST', headers, json: { name: 'Ada', email, password, ...change } })
    const verify = (token: string, given?: string) =>
      service.call('/api/auth/verify-email', { method: 'POST', json: { token, password: given } })
    const accounts = async () => (await service.list<{ email: string }>('/users')).map(({ email }) => email)

    await t.test('from registration to sign-out', async (t) => {
      const [canonical = '', ...others] = spellingsOf('user')
      t.equal((await register(others[0]!)).status, 202)
      const [mail] = await mailServer.mailsTo(canonical)
      t.match(mail, { from: 'no-reply@auth.example.test', to: [canonical] })
      t.match(mail!.content, new RegExp(`^To: ${canonical}\r$`, 'm'))
      t.equal((await verify(linkTokenIn(mail!.content, service.issuer))).status, 204)

      for (const [place, written] of [canonical, ...others].entries()) {
        const signedIn = await logIn(service, written)
        t.match([signedIn.status, signedIn.json()], [200, { user: { email: canonical } }], JSON.stringify(written))
        const headers = bearer(signedIn.json().access_token)
        t.match((await service.call('/api/users/me', { headers })).json(), { email: canonical })
        const passed = await service.call('/forward-auth', { headers: { ...asks({ path: '/x' }), ...headers } })
        t.match([passed.status, passed.headers], [200, { 'x-auth-email': canonical }])
        const again = await service.call('/api/auth/step-up', { method: 'POST', headers, json: { password } })
        t.equal(again.status, 200, 'a step-up')
        t.equal((await submit(service, written)).status, 303, 'by the page')

        // From other networks: one alone would reach the limit of mails.
        t.equal((await register(written, {}, { 'x-forwarded-for': `203.0.113.${place}` })).status, 202)
        // Beside what is mailed of each new device.
        const told = async () =>
          (await mailServer.mailsTo(canonical)).filter(({ content }) => content.includes('You have an account already'))
        const taken = await untilWanted('it is told', told, (mails) => mails.length > place)
        t.match(taken.at(-1), { to: [canonical] }, 'it is taken')
        const made = { email: written, name: 'Second', roles: [] }
        await t.rejects(service.operate('POST', '/users', made), /: 409 .*exists already/)
      }
      t.same(await accounts(), [canonical])
    })
    await t.test('what is pending for it is pending for all of its spellings', async (t) => {
      const [canonical = '', ...others] = spellingsOf('rival')
      await register(others[0]!, { password: 'the password of a thief 1' })
      await register(canonical)
      const mails = await mailServer.mailsTo(canonical, 2)
      const tokens = mails.map(({ content }) => linkTokenIn(content, service.issuer))
      t.match((await verify(tokens[0]!)).json(), { code: 'password_required' })
      t.equal((await verify(tokens[1]!, password)).status, 204)
      t.equal((await verify(tokens[0]!, 'the password of a thief 1')).json().code, 'invalid_token')
      t.equal((await logIn(service, others[1]!)).status, 200)
    })
    await t.test('limits count all spellings as one', async (t) => {
      const [canonical = '', ...others] = spellingsOf('limited')
      const { id } = await service.operate('POST', '/users', { email: others[0], name: 'Eve', roles: [], password })
      const device = (await logIn(service, others[1]!)).cookies['gatehouse_device']
      const guesses = Array.from({ length: 40 }, (_, i) =>
        logIn(service, [canonical, ...others][i % (others.length + 1)]!, 'a wrong guess'),
      )
      const statuses = (await Promise.all(guesses)).map(({ status }) => status)
      t.equal(statuses.filter((status) => status === 401).length, 5)
      t.equal(statuses.filter((status) => status === 429).length, 35)
      for (const written of [canonical, ...others]) {
        t.equal((await logIn(service, written)).status, 429, JSON.stringify(written))
        t.equal((await submit(service, written)).status, 429, 'by the page')
        const known = await logIn(service, written, password, { cookie: `gatehouse_device=${device}` })
        t.equal(known.status, 200, 'a browser that is known, is known by all of them')
      }
      await service.operate('POST', `/users/${encodeURIComponent(others[2]!)}/unlock`)
      t.equal((await logIn(service, canonical)).json().user.id, id)

      const [flooded = '', ...spellings] = spellingsOf('flooded')
      for (let i = 0; i < 3; i++) for (const written of spellings) await register(written)
      await register('after@example.test')
      await mailServer.mailsTo('after@example.test')
      t.equal((await mailServer.mailsTo(flooded, 5)).length, 5, 'mails within an hour')
    })
    await t.test('a password holds no spelling of it', async (t) => {
      for (const given of ['my user2@bücher.example', 'my user2@xn--bcher-kva.example']) {
        const answer = await register('user2@bücher.example', { password: given })
        t.match(answer.json(), {
          code: 'password_rejected',
          errors: [{ message: 'must not contain the email address' }],
        })
      }
    })
    await t.test('of what is no address is said what is wrong, and nothing is made of it', async (t) => {
      const before = [await accounts(), mailServer.received.length]
      for (const [written, fault] of bad) {
        const told = { code: 'invalid_request', errors: [{ path: '/body/email', message: fault }] }
        // Without an @ it could be a user name where somebody signs in.
        const asLogin = written.includes('@') ? fault : /must be an email address or a user name/
        const toldAtLogin = { ...told, errors: [{ path: '/body/email', message: asLogin }] }
        const [registered, signedIn] = [await register(written), await logIn(service, written)]
        t.match([registered.status, registered.json()], [400, told], JSON.stringify(written))
        t.match([signedIn.status, signedIn.json()], [400, toldAtLogin], JSON.stringify(written))
        const made = { email: written, name: 'Nobody', roles: [], password }
        await t.rejects(service.operate('POST', '/users', made), new RegExp(`: 400 .*/body/email.*${fault.source}`))
        const page = await submit(service, written, 'typed by mistake')
        t.equal(page.status, 422)
        const [, alert = ''] = /role="alert" id="fault">([^<]+)</.exec(page.body) ?? []
        if (written.includes('@')) t.match(alert, fault)
        t.match(
          alert,
          written.includes('@') ? /^The email address must .*\.$/ : 'Type an email address or a user name.',
        )
        t.match(page.body.replaceAll(/\s+/g, ' '), `name="email" value="${written}"`, 'what was typed is kept')
        t.notMatch(page.body, 'typed by mistake')
      }
      t.same([await accounts(), mailServer.received.length], before)
    })
    await t.test('a domain that may register may in any spelling, and another one in none', async (t) => {
      const refused = await register('user@bucher.example')
      t.match([refused.status, refused.json()], [403, { code: 'registration_closed' }])
      t.equal((await register('user@münchen.example')).status, 403)
      t.equal((await register('domain@XN--BCHER-KVA.example')).status, 202)
    })
  })
}

void test('every command takes every spelling', async (t) => {
  const folder = scratchFolder(t)
  const environment = { GATEHOUSE_DATA_DIR: join(folder, 'data'), GATEHOUSE_ISSUER: 'http://auth.example.test' }
  prepareData(environment.GATEHOUSE_DATA_DIR)
  await serve(t, folder, environment)
  const gatehouse = (args: string[], input?: string) => run(folder, args, environment, input)
  const json = async (args: string[], input?: string) => {
    const { code, stdout, stderr } = await gatehouse([...args, '--json'], input)
    if (code !== 0) throw new Error(`${args.join(' ')}: ${code} ${stderr}`)
    return JSON.parse(stdout)
  }
  const [canonical = '', ...others] = spellingsOf('ada').filter((written) => !/[\t\n]/.test(written))
  const create = (email: string) => ['user', 'create', '--email', email, '--name', 'Ada', '--password-stdin']
  const { id, email } = await json(create(others[0]!), password)
  t.equal(email, canonical)
  const twin = await gatehouse(create(others[1]!), password)
  t.match([twin.code, twin.stderr], [1, /exists already/])
  await json(['role', 'create', 'editor'])
  const about: [args: (written: string) => string[], shown: object, input?: string][] = [
    [(written) => ['user', 'show', written], { id }],
    [(written) => ['user', 'grant-role', written, 'editor'], { id, roles: ['editor'] }],
    [(written) => ['user', 'revoke-role', written, 'editor'], { id, roles: [] }],
    [(written) => ['user', 'disable', written], { id, status: 'disabled' }],
    [(written) => ['user', 'enable', written], { id, status: 'active' }],
    [(written) => ['user', 'unlock', written], { id }],
    [(written) => ['user', 'set-password', written, '--password-stdin'], { id }, 'nine calm otters by the river'],
    [(written) => ['api-key', 'list', '--user', written], []],
    [(written) => ['audit', 'tail', '--user', written, '--event', 'user.created'], [{ subject: id }]],
    [(written) => ['rules', 'explain', '--url', 'http://x.test/', '--user', written], { decision: String }],
  ]
  for (const [place, [args, shown, input]] of about.entries()) {
    const line = args(others[place % others.length]!)
    t.match(await json(line, input), shown, line.join(' '))
  }
  t.match(await json(['user', 'show', ` ${id} `]), { id })
  await t.test('and says what is wrong with what is none', async (t) => {
    for (const [written, fault] of bad.slice(1, 4)) {
      const made = await gatehouse(create(written), password)
      t.match([made.code, made.stderr], [1, fault], written)
      t.match(made.stderr, 'email must ')
    }
    const sought = await gatehouse(['user', 'show', 'ada@bü\u200bcher.example'])
    t.match([sought.code, sought.stderr], [1, /no such user.*must not hold invisible characters/])
    for (const option of [
      ['api-key', 'list'],
      ['audit', 'tail'],
      ['rules', 'explain', '--url', 'http://x.test/'],
    ]) {
      const answer = await gatehouse([...option, '--user', 'ada lovelace'])
      t.match([answer.code, answer.stderr], [1, /no such user.*be an email address or a user name/], option.join(' '))
    }
    t.equal((await json(['user', 'list'])).length, 1)
  })
})

void test('mails are sent from an address in any letters', async (t) => {
  const mailServer = await startMailServer(t)
  const service = await startService(t, {
    yaml: { mail: { from: 'Bücher <no-reply@Bücher.example>' } },
    environment: { SMTP_URL: mailServer.url },
  })
  const json = { name: 'Ada', email: 'ada@faß.example', password }
  await service.call('/api/auth/register', { method: 'POST', json })
  const [mail] = await mailServer.mailsTo('ada@xn--fa-hia.example')
  t.match(mail, { from: 'no-reply@xn--bcher-kva.example', to: ['ada@xn--fa-hia.example'] })
  t.match(mail!.content, /^[\x20-\x7e\r\n]*$/, 'in ASCII, which every mail server takes')
})
