/** The pages on which people change what opens their account, take a copy of it, and end it, asked as browsers without scripts ask. */
import { test } from 'tap'
import { backends } from '../support/backends.ts'
import { linkIn } from '../support/mails.ts'
import { faultAt, fieldsOf, own, submit, titleOf, wordsOf } from '../support/pages.ts'
import { type Answer, type Service, startService, type TestUser } from '../support/service.ts'

const newPassword = 'a heron, a lantern and a map'
let count = 0
const newAddress = () => `moved-${++count}@example.test`

/** Somebody who is signed in, with the cookie of their browser. */
async function somebody(service: Service) {
  const user = await service.createUser()
  return { user, cookie: (await service.signIn(user)).cookie }
}
const lives = async (service: Service, cookie: string) =>
  (await service.call('/api/users/me', { headers: { cookie } })).status === 200
const mayLogIn = async (service: Service, { email }: Pick<TestUser, 'email'>, password: string) =>
  (await service.call('/api/auth/login', { method: 'POST', json: { email, password } })).status === 200
const leadsTo = ({ status, headers }: Answer) => [status, headers['location']]
/** The session cookie that an answer has set, as `name=value`. */
const sessionOf = ({ cookies }: Answer) => `gatehouse=${cookies['gatehouse']}`

for (const backend of backends) {
  void test(`pages of one’s own account on ${backend.name} stores`, async (t) => {
    const service = await startService(t, { backend })

    await t.test('the account leads to all that can be done with it', async (t) => {
      const { cookie } = await somebody(service)
      const { body } = await service.call('/account', { headers: { cookie } })
      const ways = [...body.matchAll(/<a href="([\w-]+)" aria-label/g)].map(([, href]) => href!)
      const all = [
        'profile',
        'change-email',
        'change-password',
        'factors',
        'sessions',
        'api-keys',
        'grants',
        'activity',
        'export',
      ]
      t.same([...new Set(ways)].toSorted(), [...all, 'delete-account'].toSorted())
      for (const way of ways) t.equal((await service.call(`/${way}`, { headers: { cookie } })).status, 200, way)
    })

    await t.test('a new password needs the present one, ends the other sessions, and is confirmed', async (t) => {
      const { user, cookie } = await somebody(service)
      const other = (await service.signIn(user)).cookie
      const change = (current_password: string, password: string) =>
        submit(service, '/change-password', { current_password, password }, cookie)

      const wrong = await change('not the password at all', newPassword)
      t.equal(wrong.status, 422)
      t.equal(faultAt(wrong, 'current_password'), 'The password is wrong.')
      t.notMatch(wrong.body, newPassword)
      const weak = await change(user.password, 'short')
      t.equal(weak.status, 422)
      t.equal(faultAt(weak, 'password'), 'The password must have at least 12 characters.')
      t.equal(await lives(service, other), true, 'nothing is done by halves')

      const changed = await change(user.password, newPassword)
      t.same(leadsTo(changed), [303, 'account?done=password'])
      t.same([await lives(service, other), await lives(service, sessionOf(changed))], [false, true])
      const page = await service.call('/account?done=password', { headers: { cookie: sessionOf(changed) } })
      t.match(wordsOf(page), 'Your password is changed. Everywhere else you are signed out.')
      t.same([await mayLogIn(service, user, user.password), await mayLogIn(service, user, newPassword)], [false, true])
    })

    await t.test('another address counts once its mailbox has confirmed it, by a form and not by a look', async (t) => {
      const { user, cookie } = await somebody(service)
      const email = newAddress()
      const change = (fields: Record<string, string>) => submit(service, '/change-email', fields, cookie)
      const { password } = user

      for (const [typed, said] of [
        ['nobody', 'The email address must look like ada@example.com.'],
        [` ${user.email.toUpperCase()}`, 'This is the address of your account already.'],
      ] as const) {
        const faulty = await change({ email: typed, password })
        t.equal(faulty.status, 422, typed)
        t.equal(faultAt(faulty, 'email'), said)
        t.equal(fieldsOf(faulty)['email'], typed, 'what was typed stays')
        t.notMatch(faulty.body, password)
      }
      const wrong = await change({ email, password: 'not the password at all' })
      t.equal(wrong.status, 422)
      t.equal(faultAt(wrong, 'password'), 'The password is wrong.')
      t.equal(fieldsOf(wrong)['email'], email)
      const mailsTo = async (to: string) => (await service.mails()).filter((mail) => mail.includes(`To: ${to}`))
      t.same(await mailsTo(email), [], 'none of it is mailed')
      t.notMatch((await mailsTo(user.email)).join(), 'about to change')

      t.same(leadsTo(await change({ email, password })), [303, 'account?done=email'])
      const told = await service.call('/account?done=email', { headers: { cookie } })
      t.match(wordsOf(told), 'Look into the mail of the new address.')
      t.match(wordsOf(told), user.email, 'nothing has changed yet')

      const token = linkIn((await mailsTo(email))[0]!, service.issuer, 'confirm-email')!
      const path = `/confirm-email?token=${token}`
      for (let looks = 0; looks < 2; looks++) t.match(wordsOf(await service.call(path)), email)
      t.equal(await mayLogIn(service, { email }, password), false, 'looking at a link uses nothing up')
      const done = await submit(service, path, { token })
      t.equal(titleOf(done), 'Address confirmed')
      t.equal(await mayLogIn(service, { email }, password), true)
      const again = await submit(service, '/confirm-email', { token }, undefined, '/login')
      t.same([again.status, titleOf(again)], [400, 'This link does not work any more'])
    })

    await t.test('the former mailbox stops a change, and takes one back, by a form and not by a look', async (t) => {
      for (const isConfirmed of [false, true]) {
        const { user, cookie } = await somebody(service)
        const email = newAddress()
        await submit(service, '/change-email', { email, password: user.password }, cookie)
        const linkOf = async (page: string) =>
          (await service.mails()).flatMap((mail) => linkIn(mail, service.issuer, page) ?? []).at(-1)!
        if (isConfirmed) {
          const token = await linkOf('confirm-email')
          await submit(service, `/confirm-email?token=${token}`, { token })
        }
        const token = await linkOf('undo-email')
        const path = `/undo-email?token=${token}`
        for (let looks = 0; looks < 2; looks++) t.match(wordsOf(await service.call(path)), user.email)
        t.equal(await lives(service, cookie), true, 'looking at a link does nothing')
        const done = await submit(service, path, { token })
        t.equal(titleOf(done), isConfirmed ? 'Address taken back' : 'Change stopped')
        t.equal(await lives(service, cookie), !isConfirmed)
        const again = await submit(service, '/undo-email', { token }, undefined, '/login')
        t.same([again.status, titleOf(again)], [400, 'This link does not work any more'])
      }
    })

    await t.test('a copy is one file, which wants a fresh proof of who asks', async (t) => {
      const { user, cookie } = await somebody(service)
      const copy = await submit(service, '/export', {}, cookie)
      t.match(copy.headers, {
        'content-type': /^application\/json/,
        'content-disposition': 'attachment; filename="account.json"',
        'cache-control': 'no-store',
      })
      t.equal(copy.json().profile.email, user.email)
      service.clock.advance(3_600)
      t.same(
        leadsTo(await service.call('/export', { headers: { cookie } })),
        [303, './step-up?return_to=%2Fexport'],
        'an older proof leads to another one',
      )
      t.same(leadsTo(await submit(service, '/export', {}, cookie, '/profile')), [
        303,
        './step-up?return_to=%2Fexport&unsent=yes',
      ])
    })

    await t.test(
      'an account ends by who has proven lately who they are, and is kept by whoever signs in',
      async (t) => {
        const stale = await somebody(service)
        service.clock.advance(301)
        t.same(leadsTo(await service.call('/delete-account', { headers: { cookie: stale.cookie } })), [
          303,
          './step-up?return_to=%2Fdelete-account',
        ])
        t.same(leadsTo(await submit(service, '/delete-account', {}, stale.cookie, '/profile')), [
          303,
          './step-up?return_to=%2Fdelete-account&unsent=yes',
        ])
        t.equal(await lives(service, stale.cookie), true)

        const { user, cookie } = await somebody(service)
        const ended = await submit(service, '/delete-account', {}, cookie)
        t.same([ended.status, titleOf(ended), ended.cookies['gatehouse']], [200, 'Your account ends', ''])
        t.equal(await lives(service, cookie), false)
        const offered = await submit(service, '/login', { email: user.email, password: user.password })
        t.equal(titleOf(offered), 'Keep the account?')
        const { keep_token = '' } = fieldsOf(offered)
        const useless = await submit(service, '/keep-account', { keep_token: 'x' }, undefined, '/login')
        t.same([useless.status, titleOf(useless)], [400, 'The account was not kept'])
        const kept = await submit(service, '/keep-account', { keep_token }, undefined, '/login')
        t.equal(titleOf(kept), 'Your account stays')
        t.equal(await mayLogIn(service, user, user.password), true)
        const again = await submit(service, '/keep-account', { keep_token }, undefined, '/login')
        t.equal(again.status, 400, 'once')
      },
    )

    await t.test('too many wrong passwords are told of, whichever form they came by', async (t) => {
      for (const [path, name] of [
        ['/change-password', 'current_password'],
        ['/change-email', 'password'],
      ] as const) {
        const { user, cookie } = await somebody(service)
        const typed = { password: newPassword, email: 'next@example.test' }
        const send = (given: string) => submit(service, path, { ...typed, [name]: given }, cookie)
        for (let tries = 0; tries < 5; tries++) await send(`wrong password ${tries}`)
        const limited = await send(user.password)
        t.equal(limited.status, 429, path)
        t.match(limited.headers['retry-after'], /^\d+$/)
        t.match(wordsOf(limited), 'Too many failed tries.')
      }
    })

    await t.test('a form of another site does nothing, and an old one is asked for again', async (t) => {
      const { user, cookie } = await somebody(service)
      const { password } = user
      const email = newAddress()
      for (const [path, form] of [
        ['/change-password', { current_password: password, password: newPassword }],
        ['/change-email', { email, password }],
        ['/delete-account', {}],
        ['/export', {}],
        ['/confirm-email', { token: 'x' }],
        ['/undo-email', { token: 'x' }],
        ['/keep-account', { keep_token: 'x' }],
      ] as const) {
        const send = (origin: string) => service.call(path, { method: 'POST', headers: { cookie, origin }, form })
        t.equal((await send('https://evil.example')).status, 403, path)
        const old = await send(own.origin)
        if ('token' in form || 'keep_token' in form) t.ok([400, 422].includes(old.status), path)
        else {
          t.equal(old.status, 422, path)
          t.match(wordsOf(old), 'This page had been open for a while.')
        }
      }
      t.equal(await lives(service, cookie), true)
      t.same([await mayLogIn(service, user, password), await mayLogIn(service, user, newPassword)], [true, false])
    })

    await t.test('nobody else gets to see any of it', async (t) => {
      for (const path of ['/change-password', '/change-email', '/delete-account', '/export']) {
        const way = `./login?return_to=${encodeURIComponent(path)}`
        t.same(leadsTo(await service.call(path)), [303, way])
        const sent = await service.call(path, { method: 'POST', headers: own, form: { password: 'x' } })
        t.same(leadsTo(sent), [303, `${way}&unsent=yes`])
      }
    })
  })
}

void test('the last administrator is told why their account stays', async (t) => {
  const service = await startService(t)
  const user = await service.createUser({ roles: ['admin'] })
  const { cookie } = await service.signIn(user)
  const refused = await submit(service, '/delete-account', {}, cookie)
  t.equal(refused.status, 409)
  t.match(refused.body, 'role="alert"')
  t.equal(await lives(service, cookie), true)
})

void test('what was typed for a new API key is kept by a limit', async (t) => {
  const service = await startService(t, { yaml: { limits: { requests_per_minute: 10 } } })
  await service.operate('PUT', '/roles/reader', { permissions: ['reports:read', 'reports:write'] })
  const { cookie } = await service.signIn(await service.createUser({ roles: ['reader'] }))
  const page = await service.call('/new-api-key', { headers: { cookie } })
  const { csrf_token = '' } = fieldsOf(page)
  const form = { csrf_token, name: 'Nightly export', days: '365', 'scope:reports:read': 'on' }
  const send = () => service.call('/new-api-key', { method: 'POST', headers: { cookie, ...own }, form })
  for (let n = 0; n < 10; n++) await service.call('/login')
  const refused = await send()
  t.equal(refused.status, 429)
  t.match(refused.headers, { 'content-type': /^text\/html/, 'retry-after': /./ })
  t.equal(fieldsOf(refused)['name'], 'Nightly export')
  t.match(refused.body, /<option value="365" selected/)
  t.match(refused.body, /<input[^>]*name="scope:reports:read"[^>]* checked/)
  service.clock.advance(61)
  t.match(wordsOf(await send()), 'Nightly export', 'and what is shown once more can be sent')
})
