/** Values that work once: of parallel uses one wins and the others are told so, and each opens what it was made for alone. */
import { test } from 'tap'
import { backends } from '../support/backends.ts'
import { linkIn } from '../support/mails.ts'
import { bearer, type Service, startService, type TestUser } from '../support/service.ts'

const password = 'seven quiet herons at dawn'
let count = 0
const newAddress = () => `once-${++count}@example.test`
const post = (service: Service, path: string, json: object, headers = {}) =>
  service.call(path, { method: 'POST', headers, json })
const tokenOf = async (service: Service, email: string, page: string) => {
  const mails = (await service.mails()).filter((mail) => mail.includes(`To: ${email}`))
  const token = mails.flatMap((mail) => linkIn(mail, service.issuer, page) ?? []).at(-1)
  if (token === undefined) throw new Error(`no link of ${page} to ${email}`)
  return token
}
const logIn = (service: Service, { email, password: known }: TestUser) =>
  post(service, '/api/auth/login', { email, password: known })
async function asksForAddress(service: Service, user: TestUser, email = newAddress()) {
  const { accessToken } = await service.signIn(user)
  await post(service, '/api/users/me/email', { email, password: user.password }, bearer(accessToken))
  return email
}
async function moves(service: Service, user: TestUser) {
  const email = await asksForAddress(service, user)
  await post(service, '/api/auth/confirm-email', { token: await tokenOf(service, email, 'confirm-email') })
  return email
}

/** Each value that works once: how somebody gets one, and what they send with it. `owner`: whose account it is about. */
const values: Record<
  string,
  {
    path: string
    made: (service: Service, owner: TestUser) => Promise<string>
    sent: (value: string) => object
    won: number
  }
> = {
  'a link to a new password': {
    path: '/api/auth/reset-password',
    async made(service, { id, email }) {
      await service.operate('POST', `/users/${id}/reset`)
      return tokenOf(service, email, 'reset-password')
    },
    sent: (token) => ({ token, password }),
    won: 204,
  },
  'an invitation': {
    path: '/api/auth/register',
    async made(service) {
      const email = newAddress()
      await service.operate('POST', '/invitations', { email, roles: [] })
      return tokenOf(service, email, 'invitation')
    },
    sent: (invitation) => ({ invitation, name: 'Guest', password }),
    won: 201,
  },
  'a link to confirm a registration': {
    path: '/api/auth/verify-email',
    async made(service) {
      const email = newAddress()
      await post(service, '/api/auth/register', { email, name: 'Grace', password })
      return tokenOf(service, email, 'verify-email')
    },
    sent: (token) => ({ token, password }),
    won: 204,
  },
  'a link to confirm another address': {
    path: '/api/auth/confirm-email',
    made: async (service, user) => tokenOf(service, await asksForAddress(service, user), 'confirm-email'),
    sent: (token) => ({ token }),
    won: 204,
  },
  'a link to stop a change of address': {
    path: '/api/auth/undo-email',
    async made(service, user) {
      await asksForAddress(service, user)
      return tokenOf(service, user.email, 'undo-email')
    },
    sent: (token) => ({ token }),
    won: 204,
  },
  'a link to take an address back': {
    path: '/api/auth/undo-email',
    async made(service, user) {
      await moves(service, user)
      return tokenOf(service, user.email, 'undo-email')
    },
    sent: (token) => ({ token }),
    won: 204,
  },
  'a way to keep an account': {
    path: '/api/users/me/keep',
    async made(service, user) {
      const { accessToken } = await service.signIn(user)
      await service.call('/api/users/me', { method: 'DELETE', headers: bearer(accessToken) })
      return (await logIn(service, user)).json().keep_token
    },
    sent: (keep_token) => ({ keep_token }),
    won: 204,
  },
}

for (const backend of backends) {
  void test(`values that work once, on ${backend.name} stores`, async (t) => {
    const service = await startService(t, { backend })
    const replica = service.backend.replica === undefined ? service : await startService(t, { beside: service })

    for (const [what, { path, made, sent, won }] of Object.entries(values)) {
      await t.test(`${what}: of 50 uses at once over the replicas one wins, and the others are told so`, async (t) => {
        const body = sent(await made(service, await service.createUser()))
        const uses = Array.from({ length: 50 }, (_, n) => post([service, replica][n % 2]!, path, body))
        const statuses = new Map<number, number>()
        for (const { status } of await Promise.all(uses)) statuses.set(status, (statuses.get(status) ?? 0) + 1)
        t.same(Object.fromEntries(statuses), { [won]: 1, 400: 49 })
      })
    }

    await t.test('a value of another purpose is refused everywhere, and is as good as before', async (t) => {
      for (const [what, { path, made, sent, won }] of Object.entries(values)) {
        const value = await made(service, await service.createUser())
        for (const [other, { path: elsewhere, sent: as }] of Object.entries(values)) {
          if (elsewhere === path) continue
          const refused = await post(service, elsewhere, as(value))
          t.match([refused.status, refused.json()], [400, { code: 'invalid_token' }], `${what} in place of ${other}`)
        }
        t.equal((await post(service, path, sent(value))).status, won, what)
      }
    })

    await t.test('a link acts for the account that it was made for, whoever is signed in', async (t) => {
      const reader = await service.createUser()
      const { accessToken, cookie } = await service.signIn(reader)
      const stillThere = async () =>
        (await service.call('/api/users/me', { headers: bearer(accessToken) })).json().email === reader.email
      for (const [what, { path, made, sent, won }] of Object.entries(values)) {
        const owner = await service.createUser()
        const body = sent(await made(service, owner))
        const origin = { origin: service.issuer, 'sec-fetch-site': 'same-origin' }
        const used = await post(service, path, body, { cookie, ...origin })
        t.equal(used.status, won, what)
        t.equal(used.headers['set-cookie'], undefined, `${what} signs nobody in or out`)
        t.equal(await stillThere(), true, what)
      }
      t.equal((await logIn(service, reader)).status, 200, 'with the password that they had')
    })
  })
}
