/** What people do to their own account: password, address, copy and end of it. */
import { test } from 'tap'
import { backends } from '../support/backends.ts'
import { auditRows } from '../support/audit.ts'
import { mailsTo, tokenOf } from '../support/mails.ts'
import { asks, bearer, type Service, type SignedIn, startService, type TestUser } from '../support/service.ts'

const newPassword = 'a heron, a lantern and a map'
let count = 0
const newAddress = () => `moved-${++count}@example.test`

const post = (service: Service, path: string, json: object, signedIn?: SignedIn) =>
  service.call(path, { method: 'POST', headers: signedIn ? bearer(signedIn.accessToken) : {}, json })
const logIn = (service: Service, email: string, password: string) =>
  post(service, '/api/auth/login', { email, password })
/** Whether a session still counts, at the API. */
const counts = async (service: Service, { accessToken }: SignedIn) =>
  (await service.call('/api/users/me', { headers: bearer(accessToken) })).status === 200

for (const backend of backends) {
  void test(`one’s own account on ${backend.name} stores`, async (t) => {
    const service = await startService(t, { backend })
    await service.operate('PUT', '/roles/writer', { permissions: ['reports:write'] })
    const person = async () => {
      const user = await service.createUser({ roles: ['writer'] })
      return { user, signedIn: await service.signIn(user) }
    }
    const changeEmail = (user: TestUser, signedIn: SignedIn, email: string) =>
      post(service, '/api/users/me/email', { email, password: user.password }, signedIn)

    await t.test('a new password needs the present one, ends every other session, and is told by mail', async (t) => {
      const { user, signedIn } = await person()
      const other = await service.signIn(user)
      const change = (current_password: string, password = newPassword) =>
        post(service, '/api/users/me/password', { current_password, password }, signedIn)
      const wrong = await change('not the password at all')
      t.match(
        [wrong.status, wrong.json()],
        [401, { code: 'invalid_credentials', errors: [{ path: '/body/current_password' }] }],
      )
      t.match((await change(user.password, 'short')).json(), { code: 'password_rejected' })
      t.equal(await counts(service, other), true, 'nothing is done by halves')
      t.equal((await change(user.password)).status, 204)
      t.equal(await counts(service, other), false)
      t.equal(await counts(service, signedIn), true)
      const asked = { ...asks({ path: '/' }), cookie: signedIn.cookie }
      t.equal(
        (await service.call('/forward-auth/traefik', { headers: asked })).status,
        401,
        'a copy of its cookie is worth nothing',
      )
      t.equal((await logIn(service, user.email, user.password)).status, 401)
      t.equal((await logIn(service, user.email, newPassword)).status, 200)
      t.equal(
        (await mailsTo(service, user.email)).filter((mail) => mail.includes('Your password was changed')).length,
        1,
      )
    })

    await t.test('of several changes of a password at once one counts, and one mail tells of it', async (t) => {
      const { user, signedIn } = await person()
      const changes = Array.from({ length: 8 }, (_, n) =>
        post(
          service,
          '/api/users/me/password',
          { current_password: user.password, password: `${newPassword} ${n}` },
          signedIn,
        ),
      )
      const statuses = (await Promise.all(changes)).map(({ status }) => status)
      t.equal(statuses.filter((status) => status === 204).length, 1, statuses.join())
      const told = (await mailsTo(service, user.email)).filter((mail) => mail.includes('Your password was changed'))
      t.equal(told.length, 1)
    })

    await t.test('another address counts once it is confirmed, and its link works once', async (t) => {
      const { user, signedIn } = await person()
      const email = newAddress()
      t.equal(
        (await post(service, '/api/users/me/email', { email, password: 'not the password' }, signedIn)).status,
        401,
      )
      t.same((await changeEmail(user, signedIn, `  ${email.toUpperCase()} `)).json(), { status: 'check_your_email' })
      t.equal((await logIn(service, user.email, user.password)).status, 200)
      t.equal((await logIn(service, email, user.password)).status, 401, 'not yet')
      const token = await tokenOf(service, email, 'confirm-email')
      t.equal((await service.call(`/confirm-email?token=${token}`)).status < 500, true)
      const uses = await Promise.all(
        Array.from({ length: 20 }, () => post(service, '/api/auth/confirm-email', { token })),
      )
      t.equal(uses.filter(({ status }) => status === 204).length, 1)
      t.equal(uses.filter(({ status }) => status === 400).length, 19)
      t.equal((await logIn(service, email, user.password)).status, 200)
      t.equal((await logIn(service, user.email, user.password)).status, 401)
      const me = await service.call('/api/users/me', { headers: bearer(signedIn.accessToken) })
      t.match(me.json(), { email, email_verified: true }, 'the session goes on')
    })

    await t.test('an address of somebody else is answered alike, never confirmed, and its owner is told', async (t) => {
      const { user, signedIn } = await person()
      const { user: owner } = await person()
      const [taken, free] = [
        await changeEmail(user, signedIn, owner.email),
        await changeEmail(user, signedIn, newAddress()),
      ]
      t.equal(taken.status, free.status)
      t.equal(taken.body, free.body)
      const [mail = ''] = (await mailsTo(service, owner.email)).slice(-1)
      t.match(mail, 'You have an account already')
      t.notMatch(mail, 'token=')
    })

    await t.test('the owner of an address is told in their own language, whoever asks for it', async (t) => {
      const { user, signedIn } = await person()
      await service.call('/api/users/me', {
        method: 'PATCH',
        headers: bearer(signedIn.accessToken),
        json: { locale: 'de' },
      })
      const subjectTo = async (email: string) =>
        /^Subject: (.*)$/m.exec((await mailsTo(service, email)).at(-1) ?? '')?.[1]?.trim()
      const { user: unset } = await person()
      await changeEmail(user, signedIn, unset.email)
      t.equal(await subjectTo(unset.email), 'You have an account already', 'that of the service, and not of who asks')
      const { user: other, signedIn: atOther } = await person()
      await changeEmail(other, atOther, user.email)
      t.equal(await subjectTo(user.email), 'Sie haben schon ein Konto')
      const mails = await service.stores.mails.list({ state: undefined, before: undefined, limit: 50 })
      const taken = mails.filter(({ kind }) => kind === 'address-taken')
      const owners = new Set(taken.map(({ userId }) => userId))
      t.ok(
        [unset.id, user.id].every((id) => owners.has(id)),
        'and the mail leaves with the account of its owner',
      )
    })

    await t.test('the present mailbox stops a change before it is confirmed', async (t) => {
      const { user, signedIn } = await person()
      const email = newAddress()
      await changeEmail(user, signedIn, email)
      const stop = await tokenOf(service, user.email, 'undo-email')
      t.equal((await post(service, '/api/auth/undo-email', { token: stop })).status, 204)
      const token = await tokenOf(service, email, 'confirm-email')
      t.equal((await post(service, '/api/auth/confirm-email', { token })).status, 400)
      t.equal(await counts(service, signedIn), true, 'the session has proven itself by the password')
    })

    await t.test(
      'the former mailbox takes a change back for 72 hours: sessions and newer keys end, nobody is signed in',
      async (t) => {
        const { user, signedIn } = await person()
        const makeKey = async (name: string) =>
          (await post(service, '/api/users/me/api-keys', { name, scopes: ['reports:write'] }, signedIn)).json().key
        const older = await makeKey('older')
        service.clock.advance(1)
        const email = newAddress()
        await changeEmail(user, signedIn, email)
        await post(service, '/api/auth/confirm-email', { token: await tokenOf(service, email, 'confirm-email') })
        const newer = await makeKey('newer')
        const token = await tokenOf(service, user.email, 'undo-email')
        t.equal((await service.call(`/undo-email?token=${token}`)).status < 500, true)
        service.clock.advance(71 * 3_600)
        const again = await service.signIn({ ...user, email })
        const uses = await Promise.all(
          Array.from({ length: 20 }, () => post(service, '/api/auth/undo-email', { token })),
        )
        t.equal(uses.filter(({ status }) => status === 204).length, 1)
        t.ok(uses.every(({ headers }) => headers['set-cookie'] === undefined))
        t.equal(await counts(service, again), false)
        const usable = async (key: string) => (await service.call('/api/users/me', { headers: bearer(key) })).status
        t.same([await usable(older), await usable(newer)], [200, 401])
        t.equal((await logIn(service, email, user.password)).status, 401)
        const reset = await tokenOf(service, user.email, 'reset-password')
        t.equal((await post(service, '/api/auth/reset-password', { token: reset, password: newPassword })).status, 204)
        t.equal((await logIn(service, user.email, newPassword)).status, 200)
      },
    )

    await t.test('a link to take an address back ends after 72 hours, and with it the address is free', async (t) => {
      const { user, signedIn } = await person()
      const email = newAddress()
      await changeEmail(user, signedIn, email)
      await post(service, '/api/auth/confirm-email', { token: await tokenOf(service, email, 'confirm-email') })
      const create = () => service.operate('POST', '/users', { email: user.email, name: 'Another', roles: [] })
      await t.rejects(create(), /conflict/, 'kept for whoever may take it back')
      const squat = await post(service, '/api/auth/register', {
        name: 'Squatter',
        email: user.email,
        password: newPassword,
      })
      t.equal(squat.status, 202)
      const registered = await tokenOf(service, user.email, 'verify-email')
      t.equal((await post(service, '/api/auth/verify-email', { token: registered, password: newPassword })).status, 400)
      service.clock.advance(72 * 3_600)
      const token = await tokenOf(service, user.email, 'undo-email')
      t.equal((await post(service, '/api/auth/undo-email', { token })).status, 400)
      t.match(await create(), { email: user.email })
    })

    await t.test('of several links to take an address back the oldest wins', async (t) => {
      const { user, signedIn } = await person()
      const addresses = [user.email, newAddress(), newAddress(), newAddress()]
      let current = signedIn
      for (const [n, email] of addresses.slice(1).entries()) {
        await changeEmail({ ...user, email: addresses[n]! }, current, email)
        await post(service, '/api/auth/confirm-email', { token: await tokenOf(service, email, 'confirm-email') })
        current = await service.signIn({ ...user, email })
        service.clock.advance(60)
      }
      const undo = async (n: number) =>
        (await post(service, '/api/auth/undo-email', { token: await tokenOf(service, addresses[n]!, 'undo-email') }))
          .status
      const middle = await undo(1)
      t.equal(middle, 204)
      t.match(await service.operate('GET', `/users/${user.id}`), { email: addresses[1] })
      t.equal(await undo(2), 400, 'a later one is void')
      t.equal(await undo(0), 204)
      t.match(await service.operate('GET', `/users/${user.id}`), { email: addresses[0] })
      t.equal(await undo(1), 400)
    })

    await t.test('a later change of address voids the link of an earlier one', async (t) => {
      const { user, signedIn } = await person()
      const [earlier, later] = [newAddress(), newAddress()]
      for (const email of [earlier, later]) await changeEmail(user, signedIn, email)
      const confirm = async (email: string) => {
        const token = await tokenOf(service, email, 'confirm-email')
        return (await post(service, '/api/auth/confirm-email', { token })).status
      }
      t.same([await confirm(earlier), await confirm(later)], [400, 204])
    })

    await t.test('a change of password ends an address that is not confirmed', async (t) => {
      const { user, signedIn } = await person()
      const email = newAddress()
      await changeEmail(user, signedIn, email)
      const token = await tokenOf(service, email, 'confirm-email')
      await post(
        service,
        '/api/users/me/password',
        { current_password: user.password, password: newPassword },
        signedIn,
      )
      t.equal((await post(service, '/api/auth/confirm-email', { token })).status, 400)
    })

    await t.test(
      'a copy of all that is stored holds no secret, needs a fresh proof, and is told by mail',
      async (t) => {
        const { user, signedIn } = await person()
        await post(service, '/api/users/me/api-keys', { name: 'deploys', scopes: ['reports:write'] }, signedIn)
        const ask = () => service.call('/api/users/me/export', { headers: bearer(signedIn.accessToken) })
        await auditRows(service)
        const answer = await ask()
        t.equal(answer.status, 200)
        t.equal(answer.headers['cache-control'], 'no-store')
        t.match(answer.json(), {
          profile: { id: user.id, email: user.email, has_password: true },
          sessions: [{ methods: ['pwd'] }],
          api_keys: [{ name: 'deploys' }],
        })
        t.ok(answer.json().activity.some((row: { event: string }) => row.event === 'sign_in.succeeded'))
        t.notMatch(answer.body, /\$argon2|ghk_|[Hh]ash/)
        t.equal((await mailsTo(service, user.email)).filter((mail) => mail.includes('A copy of your data')).length, 1)
        t.same([(await ask()).status, (await ask()).status, (await ask()).status], [200, 200, 429], 'three a day')
        service.clock.advance(3_600)
        const late = await ask()
        t.ok([401, 429].includes(late.status))
      },
    )

    await t.test(
      'a person deletes their account, can keep it for the time that is set, and then it is gone',
      async (t) => {
        const { user, signedIn } = await person()
        const { user: second, signedIn: secondIn } = await person()
        const key = (
          await post(service, '/api/users/me/api-keys', { name: 'k', scopes: ['reports:write'] }, signedIn)
        ).json().key
        const remove = (who: SignedIn, json?: object) =>
          service.call('/api/users/me', { method: 'DELETE', headers: bearer(who.accessToken), json })
        t.equal((await remove(signedIn, { password: 'not the password' })).status, 401)
        const answer = await remove(signedIn, { password: user.password })
        t.equal(answer.status, 202)
        t.equal(Date.parse(answer.json().deleted_at), service.clock.now() + 14 * 86_400_000)
        t.equal(await counts(service, signedIn), false)
        t.equal((await service.call('/api/users/me', { headers: bearer(key) })).status, 401)
        t.equal((await logIn(service, user.email, 'not the password')).json().code, 'invalid_credentials')
        const offered = await logIn(service, user.email, user.password)
        t.match(
          [offered.status, offered.json()],
          [403, { code: 'account_deletion_pending', deleted_at: answer.json().deleted_at }],
        )
        t.equal(offered.headers['set-cookie'], undefined, 'it signs nobody in')
        const { keep_token } = offered.json()
        const keeps = await Promise.all(
          Array.from({ length: 10 }, () => post(service, '/api/users/me/keep', { keep_token })),
        )
        t.equal(keeps.filter(({ status }) => status === 204).length, 1)
        t.equal((await logIn(service, user.email, user.password)).status, 200)
        t.equal((await service.call('/api/users/me', { headers: bearer(key) })).status, 401, 'what has ended stays so')

        t.equal((await remove(secondIn)).status, 202, 'a proof a short while ago is enough')
        service.clock.advance(14 * 86_400 - 60)
        await service.gatehouse.maintain()
        const { keep_token: late } = (await logIn(service, second.email, second.password)).json()
        service.clock.advance(60)
        t.equal((await post(service, '/api/users/me/keep', { keep_token: late })).status, 400, 'its time is over')
        await service.gatehouse.maintain()
        await t.rejects(service.operate('GET', `/users/${second.id}`), /not_found/)
        t.equal((await logIn(service, second.email, second.password)).json().code, 'invalid_credentials')
        const again = await service.operate('POST', '/users', { email: second.email, name: 'Again', roles: [] })
        t.not(again.id, second.id)
        const trail = (await auditRows(service)).filter(({ subject }) => subject === second.id)
        t.ok(
          trail.some(({ event }) => event === 'user.deleted'),
          'the trail keeps the id',
        )
        t.notMatch(JSON.stringify(trail), second.email)
      },
    )

    await t.test('what keeps an account is good for one deletion, and undoes nothing else', async (t) => {
      const { user } = await person()
      const remove = async () => {
        const { accessToken } = await service.signIn(user)
        return (await service.call('/api/users/me', { method: 'DELETE', headers: bearer(accessToken) })).status
      }
      const way = async () => (await logIn(service, user.email, user.password)).json().keep_token
      const keep = async (keep_token: string) => (await post(service, '/api/users/me/keep', { keep_token })).status
      t.equal(await remove(), 202)
      const former = [await way(), await way()]
      t.equal(await keep(former[0]), 204)
      service.clock.advance(1)
      t.equal(await remove(), 202)
      for (const token of former) t.equal(await keep(token), 400, 'of the deletion before')
      const own = await way()
      await service.operate('PUT', `/users/${user.id}/status`, { status: 'disabled' })
      t.equal(await keep(own), 400, 'while an operator keeps the account shut')
      t.equal((await logIn(service, user.email, user.password)).status, 401)
      await service.operate('PUT', `/users/${user.id}/status`, { status: 'active' })
      t.equal(await keep(own), 204)
    })

    await t.test('of administrators who delete their accounts at once, one is left', async (t) => {
      const admins: SignedIn[] = []
      for (let n = 0; n < 5; n += 1) admins.push(await service.signIn(await service.createUser({ roles: ['admin'] })))
      const answers = await Promise.all(
        admins.map(({ accessToken }) =>
          service.call('/api/users/me', { method: 'DELETE', headers: bearer(accessToken) }),
        ),
      )
      t.equal(answers.filter(({ status }) => status === 202).length, 4)
      t.match(answers.find(({ status }) => status !== 202)?.json(), { code: 'last_administrator' })
    })

    await t.test(
      'over HTTP one administrator is left, however others are taken away; an operator may take all',
      async (t) => {
        const replica = service.backend.replica === undefined ? service : await startService(t, { beside: service })
        for (const { id, roles } of await service.list<{ id: string; roles: string[] }>('/users'))
          if (roles.includes('admin')) await service.operate('DELETE', `/users/${id}/roles/admin`)
        const admins: { id: string; signedIn: SignedIn }[] = []
        for (let n = 0; n < 9; n += 1) {
          const user = await service.createUser({ roles: ['admin'] })
          admins.push({ id: user.id, signedIn: await service.signIn(user) })
        }
        const ways = (id: string): [method: string, path: string, json?: object][] => [
          ['DELETE', `/users/${id}`],
          ['DELETE', `/users/${id}/roles/admin`],
          ['PUT', `/users/${id}/status`, { status: 'disabled' }],
        ]
        const take = ({ id, signedIn }: (typeof admins)[number], n: number, at = service) => {
          const [method, path, json] = ways(id)[n % 3]!
          return at.call(`/api/admin${path}`, {
            method,
            headers: bearer(signedIn.accessToken),
            ...(json && { json }),
          })
        }
        const answers = await Promise.all(admins.map((admin, n) => take(admin, n, [service, replica][n % 2])))
        const refused = answers.flatMap((answer, n) => (answer.status === 200 ? [] : [{ answer, n }]))
        t.equal(refused.length, 1, answers.map(({ status }) => status).join())
        t.match(refused[0]!.answer.json(), {
          status: 409,
          code: 'last_administrator',
          detail: /Nobody else could administer/,
        })
        const last = admins[refused[0]!.n]!
        for (const n of [0, 1, 2]) t.equal((await take(last, n)).status, 409)
        t.equal(await counts(service, last.signedIn), true)
        await service.operate('PUT', `/users/${last.id}/status`, { status: 'disabled' })
        await service.operate('DELETE', `/users/${last.id}/roles/admin`)
        await service.operate('DELETE', `/users/${last.id}`)
      },
    )

    await t.test(
      'a person whose deletion was asked for stays so while an operator disables and enables them',
      async (t) => {
        const { user, signedIn } = await person()
        const headers = bearer(signedIn.accessToken)
        const { deleted_at: end } = (await service.call('/api/users/me', { method: 'DELETE', headers })).json()
        const set = (status: string) => service.operate('PUT', `/users/${user.id}/status`, { status })
        t.match(await set('active'), { status: 'deleting' })
        t.match(await set('disabled'), { status: 'disabled' })
        t.equal((await logIn(service, user.email, user.password)).json().code, 'invalid_credentials')
        t.match(await set('active'), { status: 'deleting' })
        t.match((await logIn(service, user.email, user.password)).json(), { deleted_at: end })
        await set('disabled')
        service.clock.advance(14 * 86_400)
        await service.gatehouse.maintain()
        await t.rejects(service.operate('GET', `/users/${user.id}`), /not_found/)
      },
    )

    await t.test('an operator deletes an account at once, and its mails, keys and user name go with it', async (t) => {
      const { user, signedIn } = await person()
      await service.operate('PUT', `/users/${user.id}/username`, { username: 'leaver' })
      await service.operate('DELETE', `/users/${user.id}`)
      t.equal(await counts(service, signedIn), false)
      await t.rejects(service.operate('GET', `/users/${user.id}`), /not_found/)
      const { id } = await service.createUser()
      await t.rejects(
        service.operate('PUT', `/users/${id}/username`, { username: 'leaver' }),
        /conflict/,
        'reserved still',
      )
    })
  })
}

void test('another address is of a mail domain that may register', async (t) => {
  const service = await startService(t, { yaml: { accounts: { registration: 'closed', domains: ['example.test'] } } })
  const user = await service.createUser()
  const signedIn = await service.signIn(user)
  const ask = (email: string) => post(service, '/api/users/me/email', { email, password: user.password }, signedIn)
  t.equal((await ask('ada@Example.test')).status, 202)
  for (const email of ['ada@other.test', 'ada@sub.example.test', 'example.test@other.test']) {
    const refused = await ask(email)
    t.match([refused.status, refused.json()], [403, { code: 'registration_closed' }], email)
    t.same(await mailsTo(service, email), [])
  }
  const page = await service.call('/change-email', { headers: { cookie: signedIn.cookie } })
  const csrf_token = /name="csrf_token" value="([\w-]+)"/.exec(page.body)?.[1] ?? ''
  const sent = await service.call('/change-email', {
    method: 'POST',
    headers: { cookie: `${signedIn.cookie}; gatehouse_csrf=${page.cookies['gatehouse_csrf']}` },
    form: { csrf_token, email: 'ada@other.test', password: user.password },
  })
  t.equal(sent.status, 422)
  t.match(sent.body, 'Addresses of this domain cannot be used here.')
})
