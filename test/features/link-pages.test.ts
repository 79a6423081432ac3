/** The pages where links are asked for by mail, and where they lead, asked as browsers without scripts ask. */
import { test } from 'tap'
import { backends } from '../support/backends.ts'
import { linkIn } from '../support/mails.ts'
import { faultAt, fieldsOf, own, submit, titleOf, wordsOf } from '../support/pages.ts'
import { type Answer, type Service, startService } from '../support/service.ts'

const newPassword = 'a heron, a lantern and a map'
let count = 0
const newAddress = () => `linked-${++count}@example.test`

const useless = 'This link does not work any more'
const mayLogIn = async (service: Service, email: string, password: string) =>
  (await service.call('/api/auth/login', { method: 'POST', json: { email, password } })).status === 200
/** The tokens of the links of a page in the mails to an address, oldest first. */
const tokensOf = async (service: Service, email: string, page: string) =>
  (await service.mails())
    .filter((mail) => mail.includes(`To: ${email}`))
    .flatMap((mail) => linkIn(mail, service.issuer, page) ?? [])
/** What an answer tells, but for what is another one each time. */
const told = ({ status, headers: { location, 'content-type': type }, body, cookies }: Answer) => [
  ...[status, location, type, body],
  Object.keys(cookies),
]

for (const backend of backends) {
  void test(`pages of links on ${backend.name} stores`, async (t) => {
    const service = await startService(t, { backend })
    const askFor = (page: string, email: string) => submit(service, `/${page}`, { email })

    await t.test('a link is asked for by everybody alike, and by what is an address alone', async (t) => {
      const known = await service.createUser()
      const disabled = await service.createUser()
      await service.operate('PUT', `/users/${disabled.id}/status`, { status: 'disabled' })
      const registered = newAddress()
      await submit(service, '/register', { name: 'Grace', email: registered })
      for (const page of ['forgot-password', 'resend-verification']) {
        const answers = []
        for (const email of [known.email, disabled.email, registered, newAddress()]) {
          answers.push(told(await askFor(page, email)))
        }
        for (const answer of answers) t.same(answer, answers[0], page)
        t.same(answers[0]!.slice(0, 2), [303, `check-your-mail?from=${page}`])
        const next = await service.call(`/check-your-mail?from=${page}`)
        t.equal(titleOf(next), 'Look into your mail')
        t.match(next.body, `<a href="${page}">Ask for another link</a>`)

        const faulty = await askFor(page, 'nobody"<b>')
        t.equal(faulty.status, 422)
        t.equal(faultAt(faulty, 'email'), 'The email address must look like ada@example.com.')
        t.equal(fieldsOf(faulty)['email'], 'nobody"<b>')
        const form = { email: known.email }
        const forged = await service.call(`/${page}`, {
          method: 'POST',
          headers: { origin: 'https://evil.test' },
          form,
        })
        t.equal(forged.status, 403)
        const old = await service.call(`/${page}`, { method: 'POST', headers: own, form })
        t.equal(old.status, 422)
        t.equal(fieldsOf(old)['email'], known.email)
      }
      t.match(wordsOf(await service.call('/check-your-mail?from=/evil')), 'Ask for another link')
      t.equal((await tokensOf(service, registered, 'verify-email')).length, 2, 'another link was sent')
      t.equal((await tokensOf(service, known.email, 'reset-password')).length, 1)
      t.same(await tokensOf(service, disabled.email, 'reset-password'), [])
    })

    await t.test('a link to confirm an address that is lost leads to another one, which works', async (t) => {
      const email = newAddress()
      await submit(service, '/register', { name: 'Grace', email })
      const lost = await service.call('/verify-email?token=x')
      t.equal(lost.status, 400)
      t.match(lost.body, '<a href="resend-verification">')
      await askFor('resend-verification', email)
      const token = (await tokensOf(service, email, 'verify-email')).at(-1)!
      const confirmed = await submit(service, `/verify-email?token=${token}`, { token, password: newPassword })
      t.equal(titleOf(confirmed), 'Email address confirmed')
      t.equal(await mayLogIn(service, email, newPassword), true)
    })

    await t.test('a forgotten password is replaced by the form behind a link, and not by a look', async (t) => {
      const user = await service.createUser()
      await askFor('forgot-password', user.email)
      const [token = ''] = await tokensOf(service, user.email, 'reset-password')
      const path = `/reset-password?token=${token}`
      const choose = (password: string, from = path) =>
        submit(service, '/reset-password', { token, password }, undefined, from)
      for (let looks = 0; looks < 2; looks++) t.equal(titleOf(await service.call(path)), 'Choose a new password')
      t.equal(await mayLogIn(service, user.email, user.password), true, 'looking at a link does nothing')

      const weak = await choose('short')
      t.equal(weak.status, 422)
      t.equal(faultAt(weak, 'password'), 'The password must have at least 12 characters.')
      t.match(weak.body, user.email)
      const form = { token, password: newPassword }
      const send = (headers: Record<string, string>) =>
        service.call('/reset-password', { method: 'POST', headers, form })
      t.equal((await send({ origin: 'https://evil.example' })).status, 403)
      const old = await send(own)
      t.equal(old.status, 422)
      t.equal(fieldsOf(old)['token'], token, 'an old form can be sent once more')
      t.notMatch(old.body, newPassword)

      const chosen = await choose(newPassword)
      t.same([chosen.status, titleOf(chosen)], [200, 'Your password is changed'])
      t.notOk('gatehouse' in chosen.cookies, 'nobody is signed in by a link')
      t.same(
        [await mayLogIn(service, user.email, user.password), await mayLogIn(service, user.email, newPassword)],
        [false, true],
      )
      for (const again of [await choose(newPassword, '/login'), await service.call(path)]) {
        t.same([again.status, titleOf(again)], [400, useless])
        t.match(again.body, 'href="forgot-password"')
      }
    })

    await t.test('an invitation is accepted by its form, and not by a look', async (t) => {
      const email = newAddress()
      await service.operate('POST', '/invitations', { email, roles: [] })
      const [token = ''] = await tokensOf(service, email, 'invitation')
      const path = `/invitation?token=${token}`
      const accept = (name: string, password: string, from = path) =>
        submit(service, '/invitation', { token, name, password }, undefined, from)
      for (let looks = 0; looks < 2; looks++) t.match((await service.call(path)).body, email)

      const unnamed = await accept(' ', newPassword)
      t.equal(unnamed.status, 422)
      t.equal(faultAt(unnamed, 'name'), 'The name must have 1 to 200 characters, all of them visible.')
      const weak = await accept('Grace "G" Hopper', 'short')
      t.equal(weak.status, 422)
      t.equal(faultAt(weak, 'password'), 'The password must have at least 12 characters.')
      t.equal(fieldsOf(weak)['name'], 'Grace "G" Hopper')
      const form = { token, name: 'Eve', password: newPassword }
      const send = (headers: Record<string, string>) => service.call('/invitation', { method: 'POST', headers, form })
      t.equal((await send({ origin: 'https://evil.example' })).status, 403)
      const old = await send(own)
      t.equal(old.status, 422)
      t.match(fieldsOf(old), { token, name: 'Eve' })
      t.equal(await mayLogIn(service, email, newPassword), false, 'nothing of this has made an account')

      const accepted = await accept(' Grace Hopper ', newPassword)
      t.equal(titleOf(accepted), 'Your account is ready')
      const { cookie } = await service.signIn({ id: '', email, password: newPassword })
      t.match(wordsOf(await service.call('/', { headers: { cookie } })), 'signed in as Grace Hopper')
      for (const again of [await accept('Grace', newPassword, '/login'), await service.call(path)]) {
        t.same([again.status, titleOf(again)], [400, useless])
      }
    })

    await t.test('an invitation to a role that has gone says so, and works once it is back', async (t) => {
      const email = newAddress()
      await service.operate('PUT', '/roles/passing', { permissions: [] })
      await service.operate('POST', '/invitations', { email, roles: ['passing'] })
      const [token = ''] = await tokensOf(service, email, 'invitation')
      await service.operate('DELETE', '/roles/passing')
      const accept = () =>
        submit(service, `/invitation?token=${token}`, { token, name: 'Grace', password: newPassword })
      const gone = await accept()
      t.equal(gone.status, 409)
      t.match(wordsOf(gone), 'What this invitation was for is not there any more.')
      await service.operate('PUT', '/roles/passing', { permissions: [] })
      t.equal(titleOf(await accept()), 'Your account is ready')
    })

    await t.test('what is no link says so, and leads on', async (t) => {
      for (const page of ['verify-email', 'reset-password', 'invitation', 'confirm-email', 'undo-email']) {
        for (const query of ['', '?token=', '?token=x', `?token=${'x'.repeat(2_000)}`]) {
          const looked = await service.call(`/${page}${query}`)
          t.equal(looked.status, 400, `${page}${query}`)
          t.match(looked.body, 'href="login"')
        }
        const sent = await submit(service, `/${page}`, { token: 'x', password: newPassword }, undefined, '/login')
        t.equal(sent.status, 400, page)
      }
    })
  })
}

void test('a link of one purpose serves no other, whoever is signed in', async (t) => {
  const service = await startService(t)
  const user = await service.createUser()
  const { cookie } = await service.signIn(await service.createUser())
  await submit(service, '/forgot-password', { email: user.email })
  const [token = ''] = await tokensOf(service, user.email, 'reset-password')
  for (const page of ['verify-email', 'invitation', 'confirm-email', 'undo-email']) {
    t.equal((await service.call(`/${page}?token=${token}`)).status, 400, page)
  }
  const chosen = await submit(service, `/reset-password?token=${token}`, { token, password: newPassword }, cookie)
  t.equal(titleOf(chosen), 'Your password is changed')
  t.equal(await mayLogIn(service, user.email, newPassword), true, 'it is the password of whom the link was for')
  t.equal((await service.call('/api/users/me', { headers: { cookie } })).status, 200)
})
