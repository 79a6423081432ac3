/** Ways into an account that begin with a mailed link: a new password, and an invitation. */
import { test } from 'tap'
import { backends } from '../support/backends.ts'
import { linkIn, mailsTo, tokenOf } from '../support/mails.ts'
import { bearer, metadataOf, type Service, startService } from '../support/service.ts'

const newPassword = 'a heron, a lantern and a map'
const post = (service: Service, path: string, json: object) => service.call(path, { method: 'POST', json })
const logIn = (service: Service, email: string, password: string) =>
  post(service, '/api/auth/login', { email, password })

for (const backend of backends) {
  void test(`mailed ways in on ${backend.name} stores`, async (t) => {
    const service = await startService(t, { backend })
    const send = (id: string) => service.operate('POST', `/users/${id}/reset`)
    const forgot = (email: string, headers = {}) =>
      service.call('/api/auth/forgot-password', { method: 'POST', json: { email }, headers })
    const reset = (token: string, password = newPassword) =>
      post(service, '/api/auth/reset-password', { token, password })

    await t.test('a link sets a new password once, ends sessions and known devices, and signs nobody in', async (t) => {
      const user = await service.createUser()
      const { accessToken } = await service.signIn(user)
      await send(user.id)
      const token = await tokenOf(service, user.email, 'reset-password')
      t.notMatch(service.logged(), token)
      t.match((await reset(token, 'short')).json(), { code: 'password_rejected' })
      const uses = await Promise.all(Array.from({ length: 8 }, () => reset(token)))
      t.equal(uses.filter(({ status }) => status === 204).length, 1, 'a password that is refused has used nothing up')
      t.ok(uses.every(({ headers }) => headers['set-cookie'] === undefined))
      t.equal((await service.call('/api/users/me', { headers: bearer(accessToken) })).status, 401)
      t.equal((await logIn(service, user.email, user.password)).status, 401)
      t.equal((await logIn(service, user.email, newPassword)).status, 200)
      t.equal(
        (await mailsTo(service, user.email)).filter((mail) => mail.includes('Your password was changed')).length,
        1,
      )
    })

    await t.test(
      'a link is void after an hour, after a later one, and after any change of password or address',
      async (t) => {
        const fresh = async () => {
          const user = await service.createUser()
          await send(user.id)
          return { user, token: await tokenOf(service, user.email, 'reset-password') }
        }
        const refused = async (token: string) => t.match((await reset(token)).json(), { code: 'invalid_token' })

        const outdated = await fresh()
        service.clock.advance(3_600)
        await refused(outdated.token)

        const replaced = await fresh()
        await send(replaced.user.id)
        await refused(replaced.token)

        const changed = await fresh()
        await service.operate('PUT', `/users/${changed.user.id}/password`, { password: newPassword })
        await refused(changed.token)

        const moved = await fresh()
        const { accessToken } = await service.signIn(moved.user)
        const email = `elsewhere@example.test`
        const headers = bearer(accessToken)
        await service.call('/api/users/me/email', {
          method: 'POST',
          headers,
          json: { email, password: moved.user.password },
        })
        await post(service, '/api/auth/confirm-email', { token: await tokenOf(service, email, 'confirm-email') })
        await refused(moved.token)

        const disabled = await fresh()
        await service.operate('PUT', `/users/${disabled.user.id}/status`, { status: 'disabled' })
        await refused(disabled.token)
        await service.operate('PUT', `/users/${disabled.user.id}/status`, { status: 'active' })
        await refused(disabled.token)
        await refused('a-guess')
      },
    )

    await t.test('is asked for alike by everybody, whoever the address belongs to', async (t) => {
      const [known, disabled, leaving] = [
        await service.createUser(),
        await service.createUser(),
        await service.createUser(),
      ]
      await service.operate('PUT', `/users/${disabled.id}/status`, { status: 'disabled' })
      const left = { method: 'DELETE', headers: bearer((await service.signIn(leaving)).accessToken) }
      t.equal((await service.call('/api/users/me', left)).status, 202)
      const [unverified, unknown, passwordless] = ['waits', 'nobody', 'no-password'].map(
        (name) => `${name}@example.test`,
      )
      await post(service, '/api/auth/register', { name: 'Ada', email: unverified, password: newPassword })
      await service.operate('POST', '/users', { email: passwordless, name: 'Ada', roles: [] })
      const addresses = [known.email, disabled.email, leaving.email, unverified!, unknown!, passwordless!]
      await service.mails()
      const requests = async () => {
        const { mail_requests: rows = [] } = await service.backend.everyRow!()
        return rows.map((row) => JSON.parse(row) as Record<string, string>)
      }
      const answers = []
      for (const email of addresses) {
        const answer = await forgot(` ${email.toUpperCase()} `)
        const { 'ratelimit-remaining': _left, ...headers } = metadataOf(answer)
        answers.push({ status: answer.status, body: answer.body, headers })
      }
      const stored = await requests()
      t.match(answers[0], { status: 202, body: '{"status":"check_your_email"}' })
      for (const [n, answer] of answers.entries()) t.same(answer, answers[0], addresses[n]!)
      t.ok(new Set(stored.map((row) => Object.keys(row).join())).size <= 1, 'rows of one form')
      const links = async (email: string) =>
        (await mailsTo(service, email)).flatMap((mail) => linkIn(mail, service.issuer, 'reset-password') ?? []).length
      const sent = []
      for (const email of addresses) sent.push(await links(email))
      t.same(sent, [1, 0, 1, 0, 0, 1], 'a link where there is an account that is not disabled')
      t.same(await requests(), [], 'whoever it was, the request is answered')
      t.equal((await reset(await tokenOf(service, passwordless!, 'reset-password'))).status, 204)
      t.equal((await logIn(service, passwordless!, newPassword)).status, 200)
    })

    await t.test('is mailed in the language of the account, and else in that of whoever asks', async (t) => {
      const german = { email: 'grete@example.test', name: 'Grete', roles: [], locale: 'de' }
      await service.operate('POST', '/users', german)
      const unset = await service.createUser()
      for (const { email } of [german, unset]) await forgot(email, { 'accept-language': 'en' })
      t.match((await mailsTo(service, german.email)).at(-1), 'neues')
      t.match((await mailsTo(service, unset.email)).at(-1), 'Subject: Choose a new password')
      await forgot(unset.email, { 'accept-language': 'de' })
      t.match((await mailsTo(service, unset.email)).at(-1), 'neues')
    })

    await t.test('has its limits, for addresses of anybody and of nobody', async (t) => {
      const user = await service.createUser()
      for (const email of [user.email, 'never@example.test']) {
        for (let n = 0; n < 8; n++) t.equal((await forgot(email, { 'x-forwarded-for': '203.0.113.7' })).status, 202)
      }
      t.equal((await mailsTo(service, user.email)).length, 5, 'of one network')
      for (let n = 0; n < 30; n++) await forgot(user.email, { 'x-forwarded-for': `198.51.100.${n}` })
      t.equal((await mailsTo(service, user.email)).length, 20, 'of all together')
      const [first, last] = [0, -1].map((index) => tokenOf(service, user.email, 'reset-password', index))
      t.equal((await reset(await first!)).status, 400)
      t.equal((await reset(await last!)).status, 204, 'the last one works')
    })

    await t.test(
      'is not lost by a process that dies with the request, and its link is used once all the same',
      async (t) => {
        const user = await service.createUser()
        const claims = async () => {
          const now = service.clock.now()
          return service.stores.mailRequests.claim(new Date(now), new Date(now + 60_000))
        }
        await forgot(user.email)
        t.ok(await claims(), 'as one that dies now')
        t.same(await mailsTo(service, user.email), [])
        service.clock.advance(60)
        const token = await tokenOf(service, user.email, 'reset-password')
        t.equal((await reset(token)).status, 204)
        service.clock.advance(60)
        t.equal((await mailsTo(service, user.email)).filter((mail) => mail.includes('reset-password')).length, 1)
        t.equal((await reset(token)).status, 400)
      },
    )

    await t.test('of a request and a change of password since nothing comes', async (t) => {
      const user = await service.createUser()
      await forgot(user.email)
      const now = service.clock.now()
      t.ok(await service.stores.mailRequests.claim(new Date(now), new Date(now + 60_000)))
      service.clock.advance(1)
      await service.operate('PUT', `/users/${user.id}/password`, { password: newPassword })
      service.clock.advance(60)
      t.notMatch((await mailsTo(service, user.email)).join(''), 'reset-password?')
    })

    await t.test('an invitation opens a verified account with its roles, once, for seven days', async (t) => {
      await service.operate('PUT', '/roles/invited', { permissions: ['reports:read'] })
      const invite = (email: string) =>
        service.operate('POST', '/invitations', {
          email,
          username: email.split('@')[0],
          roles: ['invited'],
          locale: 'de',
        })
      const accept = (invitation: string, more: object = {}) =>
        post(service, '/api/auth/register', { invitation, name: 'Grace Hopper', password: newPassword, ...more })

      const email = 'grace@example.test'
      await invite(email)
      const token = await tokenOf(service, email, 'invitation')
      t.equal((await accept(token, { email: 'other@example.test' })).status, 400, 'the address is the invitation’s')
      t.match((await accept(token, { password: 'short' })).json(), { code: 'password_rejected' })
      const uses = await Promise.all(Array.from({ length: 8 }, () => accept(token)))
      t.equal(uses.filter(({ status }) => status === 201).length, 1)
      t.equal(uses.filter(({ status }) => status === 400).length, 7)
      const signedIn = await logIn(service, 'grace', newPassword)
      t.match(signedIn.json().user, { email, roles: ['invited'] })
      const me = await service.call('/api/users/me', { headers: bearer(signedIn.json().access_token) })
      t.match(me.json(), { email_verified: true, locale: 'de', permissions: ['reports:read'] })
      await t.rejects(invite(email), /conflict/)

      const planted = 'ada@example.test'
      await post(service, '/api/auth/register', {
        name: 'Mallory',
        email: planted,
        password: 'mallory planted this one',
      })
      const pending = await tokenOf(service, planted, 'verify-email')
      await invite(planted)
      t.equal((await accept(await tokenOf(service, planted, 'invitation'))).status, 201)
      const late = await post(service, '/api/auth/verify-email', { token: pending })
      t.match(late.json(), { status: 400, code: 'invalid_token' }, 'no registration of the address is left to confirm')
      t.equal((await logIn(service, planted, 'mallory planted this one')).status, 401)
      t.equal((await logIn(service, planted, newPassword)).status, 200)

      await invite('late@example.test')
      const [first] = [await tokenOf(service, 'late@example.test', 'invitation')]
      await invite('late@example.test')
      t.equal((await accept(first)).status, 400, 'a later one is in its place')
      service.clock.advance(7 * 86_400)
      t.equal((await accept(await tokenOf(service, 'late@example.test', 'invitation'))).status, 400)

      const { id } = await invite('withdrawn@example.test')
      t.ok((await service.list<{ id: string }>('/invitations')).some((each) => each.id === id))
      await service.operate('DELETE', `/invitations/${id}`)
      t.equal((await accept(await tokenOf(service, 'withdrawn@example.test', 'invitation'))).status, 400)
      await t.rejects(service.operate('DELETE', `/invitations/${id}`), /not_found/)
    })

    await t.test(
      'an invitation whose role has gone makes no account, and can still be used once it is back',
      async (t) => {
        await service.operate('PUT', '/roles/passing', { permissions: [] })
        const email = 'passing@example.test'
        await service.operate('POST', '/invitations', { email, roles: ['passing'] })
        const token = await tokenOf(service, email, 'invitation')
        const accept = () =>
          post(service, '/api/auth/register', { invitation: token, name: 'Pat', password: newPassword })
        await service.operate('DELETE', '/roles/passing')
        t.match((await accept()).json(), { code: 'conflict' })
        await service.operate('PUT', '/roles/passing', { permissions: [] })
        t.equal((await accept()).status, 201)
      },
    )
  })
}

void test('who may open an account: with registration closed, by invitation and open, always whoever was invited', async (t) => {
  for (const registration of ['closed', 'invite', 'open'] as const) {
    const service = await startService(t, { yaml: { accounts: { registration } } })
    const asked = post(service, '/api/auth/register', { name: 'Ada', email: 'ada@example.test', password: newPassword })
    t.equal((await asked).status, registration === 'open' ? 202 : 403, registration)
    await service.operate('POST', '/invitations', { email: 'guest@example.test', roles: [] })
    const invitation = await tokenOf(service, 'guest@example.test', 'invitation')
    const accepted = await post(service, '/api/auth/register', { invitation, name: 'Guest', password: newPassword })
    t.equal(accepted.status, 201, registration)
  }
})
