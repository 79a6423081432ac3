import { test } from 'tap'
import { hashSecret } from '../../src/core/secrets.ts'
import { backends } from '../support/backends.ts'
import { linkTokenIn } from '../support/mails.ts'
import { freePort } from '../support/servers.ts'
import { asks, bearer, type Service, startService } from '../support/service.ts'

const password = 'seven quiet herons at dawn'
let count = 0
const newAddress = () => `new-${++count}@example.test`

function register(service: Service, change: object = {}, headers: Record<string, string> = {}) {
  const json = { name: 'Grace Hopper', email: newAddress(), password, ...change }
  return service.call('/api/auth/register', { method: 'POST', headers, json })
}
function verify(service: Service, token: string, password?: string) {
  return service.call('/api/auth/verify-email', { method: 'POST', json: { token, password } })
}
/** Opens a page with a form and sends that, with what is filled in. */
async function submit(service: Service, url: string, filled: Record<string, string>) {
  const page = await service.call(url)
  const csrf_token = /name="csrf_token" value="([\w-]+)"/.exec(page.body)?.[1] ?? ''
  const headers = { cookie: `gatehouse_csrf=${page.cookies['gatehouse_csrf']}` }
  return service.call(url.split('?')[0]!, { method: 'POST', headers, form: { csrf_token, ...filled } })
}
function logIn(service: Service, email: string, given = password) {
  return service.call('/api/auth/login', { method: 'POST', json: { email, password: given } })
}
/** The mails to one address, oldest first. */
const mailsTo = async (service: Service, email: string) =>
  (await service.mails()).filter((mail) => mail.includes(`To: ${email}`))
/** The token of the link that a mail shows. */
const linkToken = async (service: Service, email: string, index = -1) =>
  linkTokenIn((await mailsTo(service, email)).at(index) ?? '', service.issuer)

void test('an account from registration to sign-out', async (t) => {
  const service = await startService(t)
  const email = newAddress()
  const opened = await register(service, { email: email.toUpperCase().replace('@EXAMPLE.TEST', '@Example.test') })
  t.equal(opened.status, 202)
  t.same(opened.json(), { status: 'check_your_email' })
  t.equal((await mailsTo(service, email)).length, 1, 'one mail, to the canonical address')

  const early = await logIn(service, email)
  t.equal(early.status, 401, 'there is no account before the address is confirmed')
  t.equal(early.json().code, 'invalid_credentials')

  const token = await linkToken(service, email)
  t.notMatch(service.logged(), token, 'the link is a secret, the log does not hold it')
  t.equal((await verify(service, token)).status, 204)
  const again = await verify(service, token)
  t.equal(again.status, 400)
  t.equal(again.json().code, 'invalid_token')

  const signedIn = await logIn(service, email)
  t.equal(signedIn.status, 200)
  const headers = bearer(signedIn.json().access_token)
  const me = await service.call('/api/users/me', { headers })
  t.equal(me.status, 200)
  t.equal(me.headers['cache-control'], 'no-store')
  t.match(me.json(), { email, name: 'Grace Hopper', email_verified: true, roles: [], permissions: [] })
  t.equal(new Date(me.json().created_at).toISOString(), me.json().created_at)
  t.same(Object.keys(me.json()).toSorted(), [
    ...['created_at', 'email', 'email_verified', 'groups', 'id', 'locale', 'name', 'permissions', 'roles', 'username'],
  ])

  const cookie = `gatehouse=${signedIn.cookies['gatehouse']}`
  const byCookie = await service.call('/api/users/me', { headers: { cookie } })
  t.same(byCookie.json(), me.json(), 'the session cookie authenticates the API too')
  const renamed = await service.call('/api/users/me', { method: 'PATCH', headers, json: { name: 'Grace B. Hopper' } })
  t.equal(renamed.status, 200)
  t.equal(renamed.json().name, 'Grace B. Hopper')
  t.equal((await service.call('/api/users/me', { headers: { cookie } })).json().name, 'Grace B. Hopper')

  t.equal((await service.call('/api/auth/logout', { method: 'POST', headers })).status, 204)
  for (const dead of [headers, { cookie }]) {
    const answer = await service.call('/api/users/me', { headers: dead })
    t.equal(answer.status, 401)
    t.match(answer.headers['www-authenticate'], /^Bearer /)
  }
})

void test('who registers in German gets German mails later, from whatever browser', async (t) => {
  const service = await startService(t)
  const [email, again] = [newAddress(), newAddress()]
  const german = { 'accept-language': 'de' }
  for (const address of [email, again]) await register(service, { email: address }, german)
  const resent = { method: 'POST', json: { email: again }, headers: { 'accept-language': 'en' } }
  await service.call('/api/auth/resend-verification', resent)
  for (const address of [email, again]) {
    t.equal((await verify(service, await linkToken(service, address))).status, 204)
    const { access_token } = (await logIn(service, address)).json()
    t.match((await service.call('/api/users/me', { headers: bearer(access_token) })).json(), { locale: 'de' })
    const asked = { method: 'POST', json: { email: address }, headers: { 'accept-language': 'en' } }
    await service.call('/api/auth/forgot-password', asked)
    t.match((await mailsTo(service, address)).at(-1), /Subject: .*neues[ _]Passwort/i)
  }
})

void test('confirming an address', async (t) => {
  const service = await startService(t)
  await t.test('opening the page uses nothing up, its button does', async (t) => {
    const email = newAddress()
    await register(service, { email })
    const token = await linkToken(service, email)
    const url = `/verify-email?token=${token}`
    await service.call(url)
    const page = await service.call(url)
    t.equal(page.status, 200)
    t.match(page.headers['content-type'], /^text\/html/)
    t.equal(page.headers['cache-control'], 'no-store')
    t.equal(page.headers['referrer-policy'], 'no-referrer')
    t.equal((await logIn(service, email)).status, 401)
    const csrf = /name="csrf_token" value="([\w-]+)"/.exec(page.body)![1]!
    const cookie = `gatehouse_csrf=${page.cookies['gatehouse_csrf']}`
    const press = (headers: Record<string, string>, csrf_token = csrf) =>
      service.call('/verify-email', { method: 'POST', headers, form: { token, csrf_token, password } })
    t.equal((await press({})).status, 403, 'without the browser’s cookie')
    t.equal((await press({ cookie }, 'x'.repeat(43))).status, 403, 'with another form’s token')
    t.equal((await press({ cookie, origin: 'https://evil.test' })).status, 403, 'from another site')
    const done = await press({ cookie, origin: service.issuer })
    t.equal(done.status, 200)
    t.match(done.body, 'Email address confirmed')
    t.equal((await logIn(service, email)).status, 200)
    const late = await press({ cookie })
    t.equal(late.status, 400)
    t.match(late.body, 'This link does not work')
    for (const dead of [url, '/verify-email', '/verify-email?token=guess']) {
      const answer = await service.call(dead)
      t.equal(answer.status, 400, dead)
      t.match(answer.body, 'This link does not work')
    }
  })
  await t.test('the page always asks for the password that shall count, and says what is wrong with one', async (t) => {
    const email = newAddress()
    await register(service, { email })
    const token = await linkToken(service, email)
    const url = `/verify-email?token=${token}`
    t.match((await service.call(url)).body, email, 'and shows whose account it is')
    const refused: Record<string, RegExp> = {
      '': /Type a password/,
      short: /must have at least 12 characters/,
      password1234: /is one of the most common ones/,
      'abcdefghijklmn!': /is too easy to guess/,
      [`${email} and more`]: /must not contain the email address/,
    }
    for (const [given, fault] of Object.entries(refused)) {
      const answer = await submit(service, url, { token, password: given })
      t.equal(answer.status, 422, given)
      t.match(answer.body, fault)
      if (given !== '') t.notMatch(answer.body, `value="${given}"`)
    }
    t.equal((await submit(service, url, { token, password: 'another one of her own choice' })).status, 200)
    t.equal((await logIn(service, email)).status, 401, 'the one of the registration does not count')
    t.equal((await logIn(service, email, 'another one of her own choice')).status, 200)
  })
  await t.test('a link works for 24 hours and not a second longer', async (t) => {
    const [inTime, late] = [newAddress(), newAddress()]
    await register(service, { email: inTime })
    await register(service, { email: late })
    service.clock.advance(24 * 3600 - 1)
    t.equal((await verify(service, await linkToken(service, inTime))).status, 204)
    service.clock.advance(1)
    const answer = await verify(service, await linkToken(service, late))
    t.equal(answer.status, 400)
    t.equal(answer.json().code, 'invalid_token')
    t.equal((await verify(service, 'a-guess')).json().code, 'invalid_token')
  })
  await t.test(
    'of two registrations neither password counts unasked: the API says so, the link stays good',
    async (t) => {
      const email = newAddress()
      await register(service, { email, name: 'Thief', password: 'the password of a thief 1' })
      await register(service, { email, name: 'Owner', password: 'the password of its owner 2' })
      const [thiefs, owners] = [await linkToken(service, email, -2), await linkToken(service, email, -1)]
      for (const token of [thiefs, owners]) {
        const answer = await verify(service, token)
        t.equal(answer.status, 400)
        t.equal(answer.json().code, 'password_required')
      }
      const weak = await verify(service, owners, 'password1234')
      t.match(weak.json(), { code: 'password_rejected', errors: [{ path: '/body/password' }] })
      t.equal((await verify(service, owners, 'the password of its owner 2')).status, 204)
      t.equal((await verify(service, thiefs, 'the password of a thief 1')).status, 400)
      t.equal((await logIn(service, email, 'the password of a thief 1')).status, 401)
      const signedIn = await logIn(service, email, 'the password of its owner 2')
      t.equal(signedIn.json().user.name, 'Owner')
    },
  )
  await t.test('the owner of a taken address hears of it, whoever asked does not', async (t) => {
    const ada = await service.createUser()
    const [taken, free] = [await register(service, { email: ada.email }), await register(service)]
    t.equal(taken.status, free.status)
    t.equal(taken.body, free.body)
    const names = (answer: typeof taken) => Object.keys(answer.headers).toSorted()
    t.same(names(taken), names(free))
    const [mail, ...more] = await mailsTo(service, ada.email)
    t.same(more, [])
    t.match(mail, 'You have an account already')
    t.notMatch(mail, 'token=')
    t.equal((await logIn(service, ada.email, ada.password)).status, 200, 'the account stays as it was')
    t.equal((await logIn(service, ada.email)).status, 401)
  })
  await t.test('the link stands in the file whole, for people and scripts that read the outbox', async (t) => {
    const email = newAddress()
    await register(service, { email })
    const lines = (await mailsTo(service, email))[0]!.split(/\r?\n/)
    t.ok(
      lines.includes(`${service.issuer}/verify-email?token=${await linkToken(service, email)}`),
      'as one line, not encoded',
    )
  })
  await t.test('a link in a mail leads to the issuer, whatever host the caller names', async (t) => {
    const email = newAddress()
    const headers = { host: 'evil.test', 'x-forwarded-host': 'evil.test', 'x-forwarded-proto': 'https' }
    const json = { name: 'Grace', email, password }
    t.equal((await service.call('/api/auth/register', { method: 'POST', headers, json })).status, 202)
    t.notMatch((await mailsTo(service, email))[0], 'evil.test')
    t.ok(await linkToken(service, email))
  })
})

void test('a stranger who registers somebody else’s address', async (t) => {
  const service = await startService(t)
  const from = (ip: string) => ({ 'x-forwarded-for': ip })
  const thief = { name: 'Thief', password: 'the password of a thief 1' }

  await t.test('does not choose the password of the account, whichever link its owner opens', async (t) => {
    const email = newAddress()
    for (let i = 0; i < 5; i++) await register(service, { email, ...thief }, from('203.0.113.7'))
    const token = await linkToken(service, email)
    const url = `/verify-email?token=${token}`
    t.equal((await submit(service, url, { token, password: 'a password of her very own' })).status, 200)
    t.equal((await logIn(service, email, thief.password)).status, 401)
    t.equal((await logIn(service, email, 'a password of her very own')).status, 200)
  })
  await t.test('does not use up the mails of its owner', async (t) => {
    const email = newAddress()
    for (const ip of ['203.0.113.7', '2001:db8:1:2::1', '2001:db8:1:2::2']) {
      for (let i = 0; i < 6; i++) await register(service, { email, ...thief }, from(ip))
    }
    t.equal((await mailsTo(service, email)).length, 10, 'five for each network; a /64 is one')
    const asked = await register(service, { email }, from('198.51.100.4'))
    t.equal(asked.status, 202)
    t.equal((await mailsTo(service, email)).length, 11)
    t.equal((await verify(service, await linkToken(service, email), password)).status, 204)
    t.equal((await logIn(service, email)).status, 200)
  })
  await t.test(
    'does not flood the mailbox from many networks, and every link of those mails helps the owner',
    async (t) => {
      const email = newAddress()
      for (let i = 0; i < 30; i++) await register(service, { email, ...thief }, from(`203.0.113.${i}`))
      t.equal((await mailsTo(service, email)).length, 20)
      t.equal((await verify(service, await linkToken(service, email, 7), password)).status, 204)
      t.equal((await logIn(service, email)).json().user.email, email)
    },
  )
  await t.test('does not stand in the way of an operator, whose account no link changes', async (t) => {
    const email = newAddress()
    await register(service, { email, ...thief })
    const token = await linkToken(service, email)
    const { id } = await service.operate('POST', '/users', { email, name: 'Owner', roles: ['admin'], password })
    for (const given of [undefined, thief.password])
      t.equal((await verify(service, token, given)).json().code, 'invalid_token')
    const signedIn = await logIn(service, email)
    t.match(signedIn.json().user, { id, name: 'Owner', roles: ['admin'] })
  })
  await t.test('learns nothing: a free and a taken address answer alike at every step', async (t) => {
    const [free, taken] = [newAddress(), (await service.createUser()).email]
    const steps: ((email: string) => Promise<{ status: number; headers: object; body: string }>)[] = [
      (email) => register(service, { email, ...thief }),
      (email) => logIn(service, email, thief.password),
      (email) => submit(service, '/login', { email, password: thief.password }),
      (email) => register(service, { email, ...thief }),
      (email) => logIn(service, email, thief.password),
    ]
    const told = ({ status, headers, body }: { status: number; headers: object; body: string }, email: string) => ({
      status,
      headers: Object.keys(headers).toSorted(),
      body: body
        .replaceAll(email, 'the address')
        .replaceAll(/"request_id":"[^"]+"|name="csrf_token" value="[^"]+"/g, ''),
    })
    const statuses: number[] = []
    for (const [index, step] of steps.entries()) {
      const [one, other] = [told(await step(free), free), told(await step(taken), taken)]
      t.same(one, other, `step ${index + 1}`)
      statuses.push(one.status)
    }
    t.same(statuses, [202, 401, 422, 202, 401])
  })
})

for (const backend of backends) {
  void test(`another link to confirm an address, on ${backend.name} stores`, async (t) => {
    const service = await startService(t, { backend })
    const resend = (email: string, headers = {}) =>
      service.call('/api/auth/resend-verification', { method: 'POST', json: { email }, headers })
    const subjects = async (email: string) =>
      (await mailsTo(service, email)).map((mail) => /^Subject: (.*)$/m.exec(mail)![1]!.trim())
    const disabled = await service.createUser()
    await service.operate('PUT', `/users/${disabled.id}/status`, { status: 'disabled' })
    const [known, pending, unknown] = [await service.createUser(), newAddress(), newAddress()]
    await register(service, { email: pending })
    t.equal((await mailsTo(service, pending)).length, 1)

    await t.test('is asked for alike by whom it is sent to and by whom it is not', async (t) => {
      const answers = []
      for (const { email } of [{ email: pending }, known, disabled, { email: unknown }]) {
        const { status, body, headers } = await resend(` ${email.toUpperCase()} `)
        answers.push({ status, body, headers: Object.keys(headers).toSorted() })
      }
      t.match(answers[0], { status: 202, body: '{"status":"check_your_email"}' })
      for (const answer of answers) t.same(answer, answers[0])
      t.same(await subjects(pending), ['Confirm your email address', 'Confirm your email address'])
      t.same(await subjects(known.email), ['Your email address is confirmed'])
      t.same(await subjects(disabled.email), ['Your email address is confirmed'])
      t.same(await subjects(unknown), [], 'nobody registered it')
    })
    await t.test('leaves the link before it, and is no rival of it', async (t) => {
      const [first, second] = [await linkToken(service, pending, 0), await linkToken(service, pending, 1)]
      t.equal((await verify(service, second)).status, 204, 'the password of the registration counts')
      t.equal((await verify(service, first)).json().code, 'invalid_token')
      t.equal((await logIn(service, pending)).status, 200)
    })
    await t.test('counts with the registrations of an address, whether or not anybody has it', async (t) => {
      for (const email of [newAddress(), known.email]) {
        const before = (await mailsTo(service, email)).length
        await register(service, { email })
        for (let i = 0; i < 7; i++) t.equal((await resend(email)).status, 202)
        t.equal((await mailsTo(service, email)).length, 5, `${before} and as many as the limit lets through`)
      }
    })
    await t.test('is in the language of the person where they have chosen one', async (t) => {
      const german = { email: newAddress(), name: 'Grete', roles: [], password, locale: 'de' }
      await service.operate('POST', '/users', german)
      await resend(german.email, { 'accept-language': 'en' })
      t.match(await subjects(german.email), [/=\?UTF-8\?Q\?Ihre_E-Mail-Adresse_ist_best=C3=A4tigt/])
    })
  })
}

void test('who may register is a setting', async (t) => {
  const closed = { status: 403, code: 'registration_closed' }
  const asked = async (service: Service, change: object = {}) => {
    const answer = await register(service, change)
    return { status: answer.status, code: answer.json().code }
  }
  for (const registration of ['closed', 'invite']) {
    await t.test(`${registration}: nobody, and links of before make no account any more`, async (t) => {
      const service = await startService(t, { yaml: { accounts: { registration } } })
      const taken = await service.createUser()
      t.same(await asked(service), closed)
      t.same(await asked(service, { email: taken.email }), closed)
      t.same(await service.mails(), [])
      const [tokenHash, email] = [hashSecret('pending'), newAddress()]
      const expiresAt = new Date(service.clock.now() + 60_000)
      await service.stores.registrations.open({ tokenHash, email, name: 'Ada', passwordHash: 'hash', expiresAt })
      t.match((await verify(service, 'pending', password)).json(), closed)
      const page = await service.call('/verify-email?token=pending')
      t.equal(page.status, 403)
      t.match(page.body, 'Nobody can register here.')
      t.same((await service.list('/users')).length, 1)
      t.match(service.logged(), `"registration is ${registration}: accounts.registration says so"`)
    })
  }
  await t.test('without the setting, on an issuer that others reach: nobody', async (t) => {
    const service = await startService(t, { yaml: { accounts: {} } })
    t.same(await asked(service), closed)
    t.match(
      service.logged(),
      'registration is closed: accounts.registration is not set, and the issuer is not this machine',
    )
  })
  await t.test('without the setting, on one’s own machine with embedded stores: anybody', async (t) => {
    const port = await freePort()
    const environment = { GATEHOUSE_ISSUER: `http://localhost:${port}` }
    const service = await startService(t, { port, environment, yaml: { accounts: {} } })
    t.equal((await asked(service)).status, 202)
    t.match(service.logged(), 'registration is open: accounts.registration is not set, the issuer is this machine')
  })
  await t.test('some mail domains alone', async (t) => {
    const service = await startService(t, { yaml: { accounts: { registration: 'open', domains: ['example.test'] } } })
    t.equal((await asked(service, { email: 'Ada@Example.test' })).status, 202)
    for (const email of ['ada@other.test', 'ada@sub.example.test', 'ada@notexample.test', 'example.test@other.test']) {
      t.same(await asked(service, { email }), closed, email)
    }
  })
})

void test('what registration refuses', async (t) => {
  const service = await startService(t)
  const refusals: Record<string, [change: object, code: string, path: string]> = {
    'a password of 11 characters': [{ password: 'xk7#mQ2vL9p' }, 'password_rejected', '/body/password'],
    'a password of 129 characters': [
      { password: 'xk7#mQ2vL'.repeat(15).slice(0, 129) },
      'password_rejected',
      '/body/password',
    ],
    'a widely known password': [{ password: 'password1234' }, 'password_rejected', '/body/password'],
    'a keyboard walk': [{ password: 'qwertyuiop[]' }, 'password_rejected', '/body/password'],
    'a widely known password in full-width letters': [
      { password: 'ｐａｓｓｗｏｒｄ１２３４' },
      'password_rejected',
      '/body/password',
    ],
    'a password that is too long once it is normalised': [
      { password: '㍱xk7#mQ2vL9'.repeat(11) },
      'password_rejected',
      '/body/password',
    ],
    'one character that stands for a phrase of eighteen': [
      { password: '\u{fdfa}' },
      'password_rejected',
      '/body/password',
    ],
    'halves of surrogates, which are all hashed alike': [
      { password: '\ud8a1\ud93c\ud807\udb5e\ud9f2\ud811\udaa9\ud8ff\ud842\udbd3\ud96b\ud820\uda17\ud8c4' },
      'password_rejected',
      '/body/password',
    ],
    'a line break, which no form takes': [
      { password: 'seven quiet\nherons at dawn' },
      'password_rejected',
      '/body/password',
    ],
    'a NUL in the password': [{ password: 'seven quiet\0herons at dawn' }, 'password_rejected', '/body/password'],
    'the email address in full-width letters': [
      { email: 'holder@example.test', password: 'zz ｈｏｌｄｅｒ and more of it' },
      'password_rejected',
      '/body/password',
    ],
    'the email address in the password': [
      { email: 'Holder@Example.test', password: 'zz holder@example.TEST zz' },
      'password_rejected',
      '/body/password',
    ],
    'something that is no address': [{ email: 'nobody' }, 'invalid_request', '/body/email'],
    'a control character in the name': [{ name: 'Ada\nBcc: x@example.test' }, 'invalid_request', '/body/name'],
    'an empty name': [{ name: '' }, 'invalid_request', '/body/name'],
    'a number as name': [{ name: 12 }, 'invalid_request', '/body/name'],
    'an unknown field': [{ roles: ['admin'] }, 'invalid_request', '/body/roles'],
    'a claim of being verified': [{ email_verified: true }, 'invalid_request', '/body/email_verified'],
  }
  for (const [what, [change, code, path]] of Object.entries(refusals)) {
    const answer = await register(service, change)
    t.equal(answer.status, 400, what)
    t.match(answer.json(), { code, errors: [{ path, message: String }] }, what)
    t.notMatch(answer.body, String(Object.values(change).at(-1)).slice(0, 12), `${what} is not repeated`)
  }
  t.same(await service.mails(), [], 'no mail leaves')
  await t.test('12 to 128 characters of any kind are fine', async (t) => {
    for (const good of [
      'xk7#mQ2vL9pw',
      '🦉🌵🎻🧭🪁🛶🍋🧶🗿🪐🎈🌋',
      'p '.repeat(20) + 'zebra harvest moon 42 !'.repeat(3),
    ]) {
      t.equal((await register(service, { password: good })).status, 202, good)
    }
  })
  await t.test('40 registrations at once with a walk over the keyboard stall nobody', async (t) => {
    const user = await service.createUser()
    const walk = '!qaz@wsx#edc$rfv%tgb^yhn&ujm*ik<(ol>)p:?_{+}zaq1xsw2cde3vfr4bgt5'
    const order: string[] = []
    const noted = async (what: string, answer: Promise<{ status: number }>) => {
      const { status } = await answer
      order.push(what)
      return status
    }
    const statuses = await Promise.all([
      ...Array.from({ length: 40 }, () => noted('registration', register(service, { password: walk }))),
      noted('sign-in', logIn(service, user.email, user.password)),
      noted('question', service.call('/forward-auth', { headers: asks({ path: '/public/x' }) })),
    ])
    t.same(statuses.splice(40), [200, 200])
    const others = statuses.filter((status) => status !== 202 && status !== 503)
    t.same(others, [], 'what finds too many before it is told to come again')
    t.ok(statuses.filter((status) => status === 202).length >= 33)
    for (const what of ['sign-in', 'question']) t.ok(order.indexOf(what) < order.lastIndexOf('registration'), what)
  })
  await t.test('a profile accepts a name and nothing else', async (t) => {
    const { accessToken } = await service.signIn(await service.createUser())
    const patch = (json: object) =>
      service.call('/api/users/me', { method: 'PATCH', headers: bearer(accessToken), json })
    for (const json of [{}, { email: newAddress() }, { email_verified: true }, { roles: ['admin'] }, { name: null }]) {
      t.equal((await patch(json)).status, 400, JSON.stringify(json))
    }
    t.match((await service.call('/api/users/me', { headers: bearer(accessToken) })).json(), { roles: [] })
  })
  await t.test('a profile needs someone who is signed in', async (t) => {
    const answer = await service.call('/api/users/me')
    t.equal(answer.status, 401)
    t.equal(answer.json().code, 'unauthorized')
    t.match(answer.headers['www-authenticate'], /^Bearer /)
  })
})
