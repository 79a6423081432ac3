/** Every change of what opens an account is told to its person by mail, with what to do if it was not they. */
import { test } from 'tap'
import { backends } from '../support/backends.ts'
import { readMail } from '../support/mails.ts'
import { bearer, type Service, startService, type TestUser } from '../support/service.ts'

const next = 'a heron, a lantern and a map'

/** What changes a way in: how the subject of its mail begins, in both languages, what it leads to, and the change. */
const changes: Record<
  string,
  [english: string, german: string, link: string, change: (service: Service, user: TestUser) => Promise<unknown>]
> = {
  'an API key of one’s own, by API': [
    'An API key was made',
    'Ein API-Schlüssel',
    'api-keys',
    async (service, user) => {
      const { accessToken } = await service.signIn(user)
      const json = { name: 'Nightly export', scopes: [] }
      return service.call('/api/users/me/api-keys', { method: 'POST', headers: bearer(accessToken), json })
    },
  ],
  'an API key of one’s own, by page': [
    'An API key was made',
    'Ein API-Schl',
    'api-keys',
    async (service, user) => {
      const { cookie } = await service.signIn(user)
      const page = await service.call('/new-api-key', { headers: { cookie } })
      const csrf_token = /name="csrf_token" value="([\w-]+)"/.exec(page.body)![1]!
      const headers = { origin: service.issuer, cookie: `${cookie}; gatehouse_csrf=${page.cookies['gatehouse_csrf']}` }
      return service.call('/new-api-key', { method: 'POST', headers, form: { csrf_token, name: 'Job', days: '30' } })
    },
  ],
  'the role of administrators': [
    'You are an administrator now',
    'Sie verwalten jetzt',
    'forgot-password',
    (service, { id }) => service.operate('PUT', `/users/${id}/roles/admin`),
  ],
  'a password that an operator set': [
    'An administrator set your password',
    'Sie haben ein neues Passwort bekommen',
    'forgot-password',
    (service, { id }) => service.operate('PUT', `/users/${id}/password`, { password: next }),
  ],
  'a password of one’s own': [
    'Your password was changed',
    'Ihr Passwort wurde geändert',
    'forgot-password',
    async (service, user) => {
      const { accessToken } = await service.signIn(user)
      const json = { current_password: user.password, password: next }
      return service.call('/api/users/me/password', { method: 'POST', headers: bearer(accessToken), json })
    },
  ],
}

/** The subject as a person reads it. */
const subjectOf = (mail: string) =>
  (/^Subject: ((?:.|\r\n )*)\r$/m.exec(mail)?.[1] ?? '').replaceAll(
    /=\?UTF-8\?([QB])\?([^?]*)\?=(\r\n )?/g,
    (_, form: string, text: string) => {
      if (form === 'B') return Buffer.from(text, 'base64').toString()
      const bytes = text.replaceAll('_', ' ').replaceAll(/=([0-9A-F]{2})/g, (__, hex: string) => `%${hex}`)
      return decodeURIComponent(bytes)
    },
  )

for (const backend of backends) {
  void test(`mails about what opens an account on ${backend.name} stores`, async (t) => {
    const service = await startService(t, { backend })
    const mailsTo = async ({ email }: TestUser) =>
      (await service.mails()).filter((mail) => mail.includes(`To: ${email}`))

    for (const [what, [english, german, link, change]] of Object.entries(changes)) {
      await t.test(`${what} is told of, in the person’s language, with what to do`, async (t) => {
        for (const [language, subject] of Object.entries({ en: english, de: german })) {
          const user = await service.createUser()
          const { accessToken } = await service.signIn(user)
          const headers = bearer(accessToken)
          await service.call('/api/users/me', { method: 'PATCH', headers, json: { locale: language } })
          await change(service, user)
          const told = (await mailsTo(user)).filter((mail) => subjectOf(mail).startsWith(subject))
          t.equal(told.length, 1, language)
          const text = readMail(told[0]!)
          t.match(text, `${service.issuer}\n`)
          t.match(text, `${service.issuer}/${link}`)
          t.match(
            text.replaceAll(/\s+/g, ' '),
            language === 'en' ? /If (it was not you|you did not)/ : /Wenn Sie (das nicht|nicht)/,
          )
        }
      })
    }
    await t.test('what was not done is not told of, nor what was so already', async (t) => {
      const user = await service.createUser({ roles: ['admin'] })
      const { accessToken } = await service.signIn(user)
      const before = (await mailsTo(user)).length
      await service.operate('PUT', `/users/${user.id}/roles/admin`)
      await service.operate('PUT', '/roles/editor', { permissions: [] })
      await service.operate('PUT', `/users/${user.id}/roles/editor`)
      await t.rejects(service.operate('PUT', `/users/${user.id}/roles/nobody-made-this`), /400/)
      await t.rejects(service.operate('PUT', `/users/${user.id}/password`, { password: 'short' }), /400|422/)
      const json = { name: 'Job', scopes: ['not:mine'] }
      const refused = await service.call('/api/users/me/api-keys', {
        ...{ method: 'POST', headers: bearer(accessToken), json },
      })
      t.equal(refused.status, 400)
      t.equal((await mailsTo(user)).length, before)
    })
    await t.test('of 100 keys a hundred and first is not told of', async (t) => {
      const user = await service.createUser()
      const { accessToken } = await service.signIn(user)
      const make = () =>
        service.call('/api/users/me/api-keys', {
          ...{ method: 'POST', headers: bearer(accessToken), json: { name: 'Job', scopes: [] } },
        })
      const statuses = []
      for (let made = 0; made < 101; made++) statuses.push((await make()).status)
      t.equal(statuses.at(-1), 409)
      const told = (await mailsTo(user)).filter((mail) => subjectOf(mail) === 'An API key was made')
      t.equal(told.length, 100)
    })
  })
}
