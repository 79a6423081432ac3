/** Ten wrong tries, which anybody can make, lock out whoever guesses, and not the person whose account it is. */
import { test } from 'tap'
import { createPasswordHasher } from '../../src/adapters/password-hasher.ts'
import { unavailable } from '../../src/core/errors.ts'
import { auditRows } from '../support/audit.ts'
import { backends } from '../support/backends.ts'
import { type Answer, bearer, type Service, startService, type TestUser } from '../support/service.ts'

const [most, windowSeconds] = [10, 900]
const cookiesOf = (answer: Answer, ...names: string[]) =>
  names.map((name) => `${name}=${answer.cookies[name]}`).join('; ')

async function logIn(service: Service, user: TestUser, password = user.password, cookie?: string): Promise<Answer> {
  const json = { email: user.email, password }
  return service.call('/api/auth/login', { method: 'POST', json, headers: cookie === undefined ? {} : { cookie } })
}
/** Signs in by the page's form. */
async function submit(service: Service, user: TestUser, password = user.password, cookie = ''): Promise<Answer> {
  const page = await service.call('/login')
  const csrf_token = /name="csrf_token" value="([\w-]+)"/.exec(page.body)![1]!
  const headers = { cookie: `${cookiesOf(page, 'gatehouse_csrf')}; ${cookie}` }
  return service.call('/login', { method: 'POST', headers, form: { csrf_token, email: user.email, password } })
}
async function lockOut(service: Service, user: TestUser): Promise<void> {
  while ((await logIn(service, user, 'a wrong guess')).status !== 429);
}

for (const backend of backends) {
  void test(`a stranger locks nobody out on ${backend.name} stores`, async (t) => {
    const service = await startService(t, { backend })
    const replica = service.backend.replica === undefined ? service : await startService(t, { beside: service })
    const trail = () => (replica === service ? auditRows(service) : auditRows(service, replica))
    /** One whose queue of strangers' passwords is full when it is told so. */
    const startBusy = async () => {
      const hasher = createPasswordHasher({ memory_kib: 8, passes: 1, parallelism: 1 })
      const queue = { isFull: false }
      const assertRoom = () => {
        if (queue.isFull) throw unavailable(new Error('too many passwords are waiting'))
      }
      const verify: typeof hasher.verify = async (stored, password, isPreferred) => {
        if (!isPreferred) assertRoom()
        return hasher.verify(stored, password, isPreferred)
      }
      return { service: await startService(t, { backend, hasher: { ...hasher, assertRoom, verify } }), queue }
    }
    /** What a browser keeps of a sign-in after it has signed out. */
    const knownTo = async (user: TestUser) => cookiesOf(await logIn(service, user), 'gatehouse_device')

    await t.test('whose browser is known, signs in by API and page, on every replica; others wait', async (t) => {
      const user = await service.createUser()
      const device = await knownTo(user)
      await lockOut(service, user)
      t.equal((await logIn(service, user)).status, 429, 'the right password alone is not enough')
      t.equal((await logIn(replica, user, user.password, device)).status, 200)
      t.equal((await submit(service, user, user.password, device)).status, 303)
      t.equal((await logIn(service, user)).status, 429, 'which lets no stranger try again')
      const rows = (await trail()).filter(({ subject }) => subject === user.id)
      t.same(
        rows.map(({ event }) => event).filter((event) => event === 'sign_in.limited'),
        ['sign_in.limited'],
      )
      t.notMatch(service.logged(), device.split('=')[1])
    })
    await t.test('the cookie comes with a complete sign-in alone, and stays the same', async (t) => {
      const user = await service.createUser()
      t.notOk('gatehouse_device' in (await logIn(service, user, 'a wrong guess')).cookies)
      t.notOk('gatehouse_device' in (await submit(service, user, 'a wrong guess')).cookies)
      const device = cookiesOf(await submit(service, user), 'gatehouse_device')
      t.equal(cookiesOf(await logIn(service, user, user.password, device), 'gatehouse_device'), device)
      const out = await service.call('/api/auth/logout', { method: 'POST', headers: { cookie: device } })
      t.notOk('gatehouse_device' in out.cookies)
    })
    await t.test('it is good for one account', async (t) => {
      const [user, other] = [await service.createUser(), await service.createUser()]
      const device = await knownTo(other)
      await lockOut(service, user)
      t.equal((await logIn(service, user, user.password, device)).status, 429)
      t.equal((await logIn(service, user, user.password, 'gatehouse_device=made-up')).status, 429)
      const browser = cookiesOf(await logIn(service, other, other.password, device), 'gatehouse_device')
      t.equal(browser, device)
      await service.operate('POST', `/users/${user.id}/unlock`)
      t.not(cookiesOf(await logIn(service, user, user.password, browser), 'gatehouse_device'), device)
      await lockOut(service, other)
      t.equal((await logIn(service, other, other.password, device)).status, 429, 'another person signed in there')
    })
    await t.test('it has ten failures a window, of parallel tries too, and then counts for nothing', async (t) => {
      const user = await service.createUser()
      const device = await knownTo(user)
      await lockOut(service, user)
      const tries = Array.from({ length: 50 }, (_, i) =>
        logIn([service, replica][i % 2]!, user, 'a wrong guess', device),
      )
      const statuses = (await Promise.all(tries)).map(({ status }) => status)
      t.equal(statuses.filter((status) => status === 401).length, most)
      t.equal(statuses.filter((status) => status === 429).length, 50 - most)
      t.equal((await logIn(service, user, user.password, device)).status, 429)
      // Budgets in Redis know no other clock than its own.
      if (backend.name === 'clustered') return
      service.clock.advance(windowSeconds * (61 / 60))
      t.equal((await logIn(service, user, user.password, device)).status, 200, 'until the window ends')
    })
    await t.test('a made-up cookie counts nothing while the queue has no room, and skips it nowhere', async (t) => {
      const { service: busy, queue } = await startBusy()
      const user = await busy.createUser()
      const device = cookiesOf(await logIn(busy, user), 'gatehouse_device')
      queue.isFull = true
      for (let at = 0; at < 2 * most; at++) {
        t.equal((await logIn(busy, user, 'a wrong guess', 'gatehouse_device=made-up')).status, 503)
      }
      t.equal((await logIn(busy, user, user.password, device)).status, 200, 'a known one has room of its own')
      queue.isFull = false
      t.equal((await logIn(busy, user)).status, 200, 'no try was taken from the account')
    })
    await t.test('one whose failures are used up has no room of its own, and is told of as a new one', async (t) => {
      const { service: busy, queue } = await startBusy()
      const user = await busy.createUser()
      const device = cookiesOf(await logIn(busy, user), 'gatehouse_device')
      const newDevices = async () =>
        (await busy.mails()).filter((mail) => mail.includes('Subject: A new sign-in')).length
      for (let at = 0; at < most; at++) t.equal((await logIn(busy, user, 'a wrong guess', device)).status, 401)
      t.equal(await newDevices(), 1)
      queue.isFull = true
      for (let at = 0; at < 2 * most; at++) t.equal((await logIn(busy, user, user.password, device)).status, 503)
      queue.isFull = false
      const fresh = cookiesOf(await logIn(busy, user, user.password, device), 'gatehouse_device')
      t.not(fresh, device, 'the browser is known anew')
      t.equal(await newDevices(), 2)
      t.equal((await logIn(busy, user, 'a wrong guess', fresh)).status, 401)
    })
    await t.test(
      'a right password is forgiven where the account is going to be deleted, and nowhere else',
      async (t) => {
        const user = await service.createUser()
        const { accessToken } = await service.signIn(user)
        const ask = { method: 'DELETE', headers: bearer(accessToken), json: { password: user.password } }
        t.equal((await service.call('/api/users/me', ask)).status, 202)
        for (let at = 0; at < 3 * most; at++)
          t.equal((await logIn(replica, user)).json().code, 'account_deletion_pending')
        const disabled = await service.createUser()
        await service.operate('PUT', `/users/${disabled.id}/status`, { status: 'disabled' })
        const statuses = []
        for (let at = 0; at <= most; at++) statuses.push((await logIn(service, disabled)).status)
        t.ok(statuses.includes(429), 'of a disabled one nobody learns whether it was right')
      },
    )
    await t.test('a success clears what it has failed', async (t) => {
      const user = await service.createUser()
      const device = await knownTo(user)
      await lockOut(service, user)
      for (let round = 0; round < 2; round++) {
        for (let i = 0; i < most - 1; i++) {
          t.equal((await logIn(service, user, 'a wrong guess', device)).status, 401)
        }
        t.equal((await logIn(service, user, user.password, device)).status, 200)
      }
    })
    await t.test('a new password and disabling end it', async (t) => {
      const password = 'nine calm otters by the river'
      const ends: ((user: TestUser) => Promise<unknown>)[] = [
        ({ id }) => service.operate('PUT', `/users/${id}/password`, { password }),
        async ({ id }) => {
          await service.operate('PUT', `/users/${id}/status`, { status: 'disabled' })
          await service.operate('PUT', `/users/${id}/status`, { status: 'active' })
        },
      ]
      for (const end of ends) {
        const user = await service.createUser()
        const device = await knownTo(user)
        await end(user)
        await lockOut(service, user)
        for (const given of [user.password, password]) {
          t.equal((await logIn(service, user, given, device)).status, 429)
        }
      }
    })
    await t.test('it skips no limit of the network', async (t) => {
      const limits = { requests_per_minute: 1_000, secret_tests_per_minute: 3 }
      const limited = await startService(t, { backend, yaml: { limits } })
      const user = await limited.createUser()
      const device = cookiesOf(await logIn(limited, user), 'gatehouse_device')
      for (let i = 0; i < 2; i++) t.equal((await logIn(limited, user, user.password, device)).status, 200)
      t.equal((await logIn(limited, user, user.password, device)).status, 429)
    })
    await t.test('an operator lifts a lockout, with a new password or without', async (t) => {
      const user = await service.createUser()
      const password = 'nine calm otters by the river'
      await lockOut(service, user)
      t.match(await service.operate('POST', `/users/${user.email}/unlock`), { id: user.id })
      t.equal((await logIn(replica, user)).status, 200)
      await lockOut(service, user)
      await service.operate('PUT', `/users/${user.id}/password`, { password })
      t.equal((await logIn(replica, user, password)).status, 200)
      const rows = (await trail()).filter(({ subject }) => subject === user.id)
      t.match(
        rows.find(({ event }) => event === 'user.unlocked'),
        { actor: 'operator', details: {} },
      )
      await t.rejects(service.operate('POST', '/users/nobody@example.test/unlock'), /404/)
    })
    await t.test('signing in again ends the session that the browser had, whoever’s it was', async (t) => {
      const [user, other] = [await service.createUser(), await service.createUser()]
      const isLive = async (answer: Answer) =>
        (await service.call('/api/users/me', { headers: bearer(answer.json().access_token) })).status === 200
      const elsewhere = await logIn(service, user)
      const first = await logIn(service, user)
      const second = await logIn(service, user, user.password, cookiesOf(first, 'gatehouse'))
      t.same([await isLive(elsewhere), await isLive(first), await isLive(second)], [true, false, true])
      const third = await logIn(service, other, other.password, cookiesOf(second, 'gatehouse_refresh'))
      t.same([await isLive(second), await isLive(third)], [false, true], 'a refresh cookie alone tells as much')
      const refused = await logIn(service, other, 'a wrong guess', cookiesOf(third, 'gatehouse', 'gatehouse_refresh'))
      t.same([refused.status, await isLive(third)], [401, true], 'a sign-in that fails ends nothing')
      t.equal((await submit(service, other, other.password, cookiesOf(third, 'gatehouse'))).status, 303)
      t.notOk(await isLive(third))
      const rows = (await trail()).filter(({ event }) => event === 'session.revoked')
      t.same(
        rows.map(({ details }) => details.reason),
        ['signed_in_again', 'signed_in_again', 'signed_in_again'],
      )
      t.ok(await isLive(elsewhere))
    })
  })
}

void test('a neighbouring host plants no refresh cookie', async (t) => {
  const service = await startService(t, { environment: { GATEHOUSE_ISSUER: 'https://auth.example.test' } })
  const user = await service.createUser()
  const { refreshToken } = await service.signIn(user)
  const refresh = (cookie: string) => service.call('/api/auth/refresh', { method: 'POST', headers: { cookie } })
  for (const name of ['__Secure-gatehouse_refresh', 'gatehouse_refresh']) {
    t.equal((await refresh(`${name}=${refreshToken}`)).status, 401, name)
  }
  t.equal((await refresh(`__Host-gatehouse_refresh=${refreshToken}`)).status, 200)
})
