import { decodeJwt } from 'jose'
import { test } from 'tap'
import { backends } from '../support/backends.ts'
import { asks, bearer, exampleRules, type Service, startService } from '../support/service.ts'

const example = 'app.example.test'
const hosts = {
  ...exampleRules.hosts,
  [example]: { headers: { preset: 'remote', user: 'username' }, rules: [{ allow: 'signed-in' }] },
}
/** What an operator is told who is refused. */
const refusal = async (task: Promise<unknown>) => {
  const error = await task.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  return JSON.parse(/\{.*\}$/s.exec(String(error))?.[0] ?? '{}')
}
const logIn = (service: Service, email: string, password: string, ip = '192.0.2.1') =>
  service.call('/api/auth/login', { method: 'POST', headers: { 'x-forwarded-for': ip }, json: { email, password } })

for (const backend of backends) {
  void test(`user names on ${backend.name} stores`, async (t) => {
    const service = await startService(t, { backend, yaml: { hosts } })
    const { operate } = service
    const give = (user: string, username: string | null) => operate('PUT', `/users/${user}/username`, { username })

    await t.test(
      'a user name signs in in place of the address, in any case, and names the account to operators',
      async (t) => {
        const ada = await service.createUser()
        t.equal((await give(ada.id, 'Ada.L')).username, 'ada.l', 'one spelling')
        for (const name of ['ada.l', ' ADA.L ', ada.email]) {
          const answer = await logIn(service, name, ada.password)
          t.equal(answer.status, 200, name)
          t.equal(answer.json().user.username, 'ada.l')
        }
        t.equal((await operate('GET', '/users/ADA.l')).id, ada.id)
      },
    )

    await t.test(
      'it is a claim of the assertion and the user of an application, at once; and empty for who has none',
      async (t) => {
        const grace = await service.createUser()
        const { cookie } = await service.signIn(grace)
        const asked = (target: Parameters<typeof asks>[0]) =>
          service.call('/forward-auth/traefik', { headers: { ...asks(target), cookie } })
        const told = async () => {
          const { headers } = await asked({ path: '/only/x', host: 'other.example.test' })
          const claims = decodeJwt(String(headers['x-auth-assertion']))
          const name = 'preferred_username' in claims ? claims['preferred_username'] : 'no claim'
          return [(await asked({ path: '/' })).headers['remote-user'], name]
        }
        t.same(await told(), ['', 'no claim'])
        await give(grace.id, 'grace')
        t.same(await told(), ['grace', 'grace'])
        await give(grace.id, null)
        t.same(await told(), ['', 'no claim'], 'taken away')
      },
    )

    await t.test('an account has one budget of wrong passwords, by whatever it is named', async (t) => {
      const user = await service.createUser()
      await give(user.id, 'budget')
      const tries = await Promise.all(
        Array.from({ length: 30 }, (_, i) =>
          logIn(service, i % 2 === 0 ? 'budget' : user.email, 'not the password at all', `192.0.2.${i}`),
        ),
      )
      const limit = 10
      t.equal(tries.filter(({ status }) => status === 401).length, limit)
      t.equal(tries.filter(({ status }) => status === 429).length, 30 - limit)
    })

    await t.test(
      'a name of another account is taken, also after it was freed, and until the audit trail forgets it',
      async (t) => {
        const [first, second] = [await service.createUser(), await service.createUser()]
        await give(first.id, 'wanted')
        const taken = { code: 'conflict', errors: [{ path: '/body/username', message: 'is taken' }] }
        const asked = () => refusal(give(second.id, 'WANTED'))
        t.match(await asked(), taken)
        await give(first.id, 'other')
        t.match(await asked(), taken, 'freed, and still reserved')
        t.equal((await give(first.id, 'wanted')).username, 'wanted', 'its former holder may take it back')
        await give(first.id, null)
        service.clock.advance(364 * 86_400)
        await service.gatehouse.maintain()
        t.match(await asked(), taken)
        service.clock.advance(2 * 86_400)
        await service.gatehouse.maintain()
        t.equal((await give(second.id, 'wanted')).username, 'wanted')
      },
    )

    await t.test('of fifty accounts that are given one name at once, one has it', async (t) => {
      const users: { id: string }[] = []
      for (let n = 0; n < 50; n += 1) users.push(await service.createUser())
      const outcomes = await Promise.allSettled(users.map(({ id }) => give(id, 'popular')))
      t.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
      const named = (await service.list<{ username: string | null }>('/users')).filter(
        (user) => user.username === 'popular',
      )
      t.equal(named.length, 1)
      const create = (n: number) =>
        operate('POST', '/users', { email: `made-${n}@example.test`, username: 'made', name: 'Made', roles: [] })
      const made = await Promise.allSettled(Array.from({ length: 20 }, (_, n) => create(n)))
      t.equal(made.filter(({ status }) => status === 'fulfilled').length, 1)
      const there = (await service.list<{ email: string }>('/users')).filter(({ email }) => email.startsWith('made-'))
      t.equal(there.length, 1, 'whoever does not get the name gets no account either')
    })

    await t.test('what cannot be a user name is refused by name, and nothing is changed', async (t) => {
      const { id } = await service.createUser()
      for (const username of ['', 'a@b', 'a b', '.hidden', 'ünal', 'а', 'x'.repeat(65), '-a', 'a\u0000', id, 'ａda']) {
        const error = await refusal(give(id, username))
        t.match(error, { code: 'invalid_request', errors: [{ path: '/body/username' }] }, JSON.stringify(username))
      }
      t.equal((await operate('GET', `/users/${id}`)).username, null)
    })
  })
}

void test('people choose their user name only where accounts.usernames lets them', async (t) => {
  for (const usernames of ['operator', 'person']) {
    const service = await startService(t, { yaml: { accounts: { usernames } } })
    const headers = bearer((await service.signIn(await service.createUser())).accessToken)
    const change = (json: object) => service.call('/api/users/me', { method: 'PATCH', headers, json })
    const answer = await change({ username: 'Chosen', name: 'New Name' })
    const me = (await service.call('/api/users/me', { headers })).json()
    if (usernames === 'person') {
      t.match({ status: answer.status, me }, { status: 200, me: { username: 'chosen', name: 'New Name' } })
      t.equal((await change({ username: null })).json().username, null)
    } else {
      t.match({ status: answer.status, code: answer.json().code }, { status: 403, code: 'forbidden' })
      t.equal(me.username, null)
      t.not(me.name, 'New Name', 'the change is done as a whole or not at all')
    }
    t.match((await change({ locale: 'de' })).json(), { locale: 'de' })
    t.equal((await change({ locale: 'xx' })).status, 400)
    t.equal((await change({ locale: null })).json().locale, null)
    t.equal((await change({ email: 'other@example.test' })).status, 400, 'an address has a way of its own')
  }
})
