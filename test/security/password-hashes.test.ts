/** What has gone wrong elsewhere where passwords are hashed, tested and compared. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { createPasswordHasher } from '../../src/adapters/password-hasher.ts'
import { kindOf, type PasswordHasher } from '../../src/core/password-hasher.ts'
import { backends } from '../support/backends.ts'
import { ask, type Service, startService } from '../support/service.ts'

const cheap = { memory_kib: 8, passes: 1, parallelism: 1 }
const vectors = readFileSync(join(import.meta.dirname, '../adapters/password-spellings/vectors.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Record<'spelling' | 'maker' | 'password' | 'hash', string>)
const hashOf = (spelling: string, maker = '') =>
  vectors.find((one) => one.spelling === spelling && one.maker.startsWith(maker))!

let count = 0
async function create(service: Service, hash: string | undefined): Promise<string> {
  const email = `hashed-${++count}@example.test`
  const body = { email, name: 'Ada', roles: [], ...(hash !== undefined && { password_hash: hash }) }
  await service.operate('POST', '/users', body)
  return email
}
const logIn = (service: Service, email: string, password: string, headers: Record<string, string> = {}) =>
  service.call('/api/auth/login', { method: 'POST', headers, json: { email, password } })

void test('hashes of other systems give nobody a way in', async (t) => {
  const service = await startService(t)

  await t.test('bcrypt ends after 72 bytes where it was made, and no longer after the first sign-in', async (t) => {
    const long = vectors.find(({ password, spelling }) => spelling === 'bcrypt' && password.length > 72)!
    const email = await create(service, long.hash)
    t.equal((await logIn(service, email, long.password.slice(0, 71))).status, 401)
    t.equal((await logIn(service, email, long.password)).status, 200)
    t.equal((await logIn(service, email, long.password.slice(0, 72))).status, 401, 'all of it counts now')
    t.equal((await logIn(service, email, long.password)).status, 200)
    const wordpress = vectors.find(({ password, spelling }) => spelling === 'wordpress-bcrypt' && password.length > 72)!
    const other = await create(service, wordpress.hash)
    t.equal((await logIn(service, other, wordpress.password.slice(0, 72))).status, 401, 'of WordPress it all counted')
  })
  await t.test('what follows a NUL is not cut off', async (t) => {
    for (const spelling of [
      'bcrypt',
      'sha512-crypt',
      'sha256-crypt',
      'phpass',
      'django-bcrypt',
      'argon2',
      'ldap-ssha',
    ]) {
      const { hash, password } = hashOf(spelling)
      const email = await create(service, hash)
      t.equal((await logIn(service, email, `${password}\0`)).status, 401, spelling)
      t.equal((await logIn(service, email, `${password}\0more`)).status, 401, spelling)
    }
  })
  await t.test('a hash opens the account that it is of, and no other', async (t) => {
    const [one, other] = vectors.filter(({ spelling, password }) => spelling === 'keycloak' && /^c|^P/.test(password))
    const passwords = vectors.filter(({ spelling }) => spelling === 'keycloak').map(({ password }) => password)
    const emails = await Promise.all(
      [one!, vectors.findLast(({ spelling }) => spelling === 'keycloak')!].map(({ hash }) => create(service, hash)),
    )
    t.not(passwords[0], passwords.at(-1))
    t.ok(other)
    t.equal((await logIn(service, emails[0]!, passwords.at(-1)!)).status, 401)
    t.equal((await logIn(service, emails[1]!, passwords[0]!)).status, 401)
    t.equal((await logIn(service, emails[0]!, passwords[0]!)).status, 200)
    t.equal((await logIn(service, emails[1]!, passwords.at(-1)!)).status, 200)
  })
  await t.test('no stored hash is itself a password', async (t) => {
    for (const spelling of ['bcrypt', 'ldap-ssha', 'argon2']) {
      const { hash } = hashOf(spelling)
      const email = await create(service, hash)
      const { passwordHash } = (await service.stores.users.findByLogin(email))!
      for (const shown of [hash, passwordHash!]) t.equal((await logIn(service, email, shown)).status, 401, spelling)
    }
  })
  await t.test('what is made too cheap elsewhere is as costly as any after a sign-in', async (t) => {
    const { hash, password } = hashOf('argon2', 'argon2-cffi')
    const email = await create(service, hash)
    const { passwordHash: before } = (await service.stores.users.findByLogin(email))!
    t.match(before, '{argon2 ', 'even Argon2 is not taken for one of ours')
    t.equal((await logIn(service, email, password)).status, 200)
    const { passwordHash: after } = (await service.stores.users.findByLogin(email))!
    t.equal(kindOf(after!), '$argon2id$v=19$m=8,t=1,p=1')
  })
  await t.test('a disabled account is not renewed, and answers as a wrong password does', async (t) => {
    const { hash, password } = hashOf('bcrypt')
    const email = await create(service, hash)
    const { id, passwordHash } = (await service.stores.users.findByLogin(email))!
    await service.operate('PUT', `/users/${id}/status`, { status: 'disabled' })
    const [right, wrong] = [await logIn(service, email, password), await logIn(service, email, 'wrong')]
    t.same([right.status, right.json().code], [401, 'invalid_credentials'])
    t.same({ ...right.json(), request_id: 0 }, { ...wrong.json(), request_id: 0 })
    t.equal((await service.stores.users.findByLogin(email))!.passwordHash, passwordHash)
  })
  await t.test('a password is bounded in length before anything is computed of it', async (t) => {
    const { hash } = hashOf('sha512-crypt')
    const email = await create(service, hash)
    const started = performance.now()
    t.equal((await logIn(service, email, 'x'.repeat(513))).status, 400)
    t.equal((await logIn(service, email, '🦉'.repeat(600))).status, 400)
    t.equal((await logIn(service, email, 'x'.repeat(3_000_000))).status, 413)
    t.ok(performance.now() - started < 20_000)
  })
})

/** Notes of which kind is what a password is tested against. */
function watched(): PasswordHasher & { tested: string[] } {
  const hasher = createPasswordHasher(cheap)
  const tested: string[] = []
  return {
    ...hasher,
    tested,
    verify(stored, password, isPreferred) {
      tested.push(kindOf(stored))
      return hasher.verify(stored, password, isPreferred)
    },
  }
}

for (const backend of backends) {
  void test(`the cost of a test tells nobody which addresses have accounts, on ${backend.name} stores`, async (t) => {
    const hasher = watched()
    const yaml = {
      limits: {
        failures_per_account: 1_000,
        failures_of_service: 100_000,
        secret_tests_per_minute: 100_000,
        requests_per_minute: 100_000,
      },
    }
    const service = await startService(t, { backend, hasher, yaml })
    const kindFor = async (email: string, at = service, by = hasher) => {
      // From everywhere, since one network is soon told to wait.
      const from = { 'x-forwarded-for': `10.1.${(networks += 1) >> 8}.${networks & 255}` }
      t.equal((await logIn(at, email, 'no such password', from)).status, 401)
      return by.tested.at(-1)!
    }
    let networks = 0
    const strangers = Array.from({ length: 120 }, (_, at) => `stranger-${at}@example.test`)
    const kindsOf = async (some = strangers, at = service, by = hasher) => {
      const kinds: string[] = []
      for (const email of some) kinds.push(await kindFor(email, at, by))
      return kinds
    }
    const some = strangers.slice(0, 30)
    const own = '$argon2id$v=19$m=8,t=1,p=1'
    t.equal(await kindFor('stranger-0@example.test'), own, 'there is nothing else')

    const { hash, password } = hashOf('bcrypt', 'bcrypt')
    const emails: string[] = []
    for (let made = 0; made < 6; made++) emails.push(await create(service, hash))
    for (let made = 0; made < 3; made++) emails.push(await create(service, hashOf('django-pbkdf2-sha256').hash))
    await service.createUser()
    await service.createUser()
    const without = await create(service, undefined)
    await service.createUser()
    service.clock.advance(3_600)
    const first = await kindsOf()
    const share = (kinds: readonly string[], begin: string) =>
      kinds.filter((kind) => kind.startsWith(begin)).length / kinds.length
    const expected = { '{bcrypt 05}': 6 / 12, '{django-pbkdf2-sha256 ': 3 / 12, [own]: 3 / 12 }
    for (const [kind, part] of Object.entries(expected)) {
      // Five standard deviations, so that the test fails once in a million runs.
      const room = 5 * Math.sqrt((part * (1 - part)) / strangers.length)
      t.ok(
        Math.abs(share(first, kind) - part) < room,
        `${kind}: ${share(first, kind)} of strangers, ${part} of accounts`,
      )
    }

    await t.test('however often one of them is measured', async (t) => {
      t.same(await kindsOf(some), first.slice(0, some.length))
      t.equal(await kindFor(without), await kindFor(without), 'one without a password is as an unknown one')
    })
    if (service.backend.replica !== undefined) {
      await t.test('and by whichever replica', async (t) => {
        const by = watched()
        const replica = await startService(t, { beside: service, hasher: by, yaml })
        t.same(await kindsOf(some, replica, by), first.slice(0, some.length))
      })
    }
    await t.test('an address moves to another kind as accounts do: when hashes are renewed', async (t) => {
      for (const email of emails.slice(0, 6)) t.equal((await logIn(service, email, password)).status, 200)
      service.clock.advance(3_600)
      const later = await kindsOf()
      t.equal(share(later, '{bcrypt'), 0, 'there is no bcrypt any more')
      const moved = later.filter((kind, at) => kind !== first[at])
      t.ok(later.every((kind, at) => kind === first[at] || first[at]!.startsWith('{bcrypt') || kind === own))
      t.ok(moved.length >= strangers.length / 4)
    })
  })
}

void test('a flood of sign-ins is told early that there is no room, and a person with a known device signs in', async (t) => {
  const hasher = createPasswordHasher({ memory_kib: 19_456, passes: 2, parallelism: 1 }, { width: 1, maxWaiting: 8 })
  const service = await startService(t, { hasher })
  const user = await service.createUser()
  const first = await logIn(service, user.email, user.password)
  t.equal(first.status, 200)
  const name = Object.keys(first.cookies).find((cookie) => cookie.includes('device'))
  const cookie = `${name}=${first.cookies[name!]}`
  const flood = Array.from({ length: 60 }, (_, at) =>
    ask(service.port, '/api/auth/login', {
      method: 'POST',
      headers: { 'x-forwarded-for': `203.0.113.${at}` },
      json: { email: at % 2 === 0 ? user.email : `stranger-${at}@example.test`, password: 'a guess' },
    }),
  )
  const known = logIn(service, user.email, user.password, { cookie, 'x-forwarded-for': '192.0.2.1' })
  const answers = await Promise.all(flood)
  const [refused, evaluated] = [
    answers.filter(({ status }) => status === 503),
    answers.filter(({ status }) => status === 401),
  ]
  t.ok(refused.length > 20, `${refused.length} were refused`)
  t.ok(evaluated.length > 0)
  t.equal(refused.length + evaluated.length + answers.filter(({ status }) => status === 429).length, 60)
  for (const answer of refused) {
    t.match(answer.headers, { 'retry-after': /^\d+$/ })
    t.equal(answer.json().code, 'unavailable')
  }
  t.equal((await known).status, 200)
})
