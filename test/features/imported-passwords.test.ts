/** People sign in with the passwords that they had elsewhere, and what was stored of those is replaced. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { backends } from '../support/backends.ts'
import { bearer, type Service, startService } from '../support/service.ts'

interface Vector {
  spelling: string
  maker: string
  password: string
  hash: string
}
/** Hashes by the programs that own each spelling, as `adapters/password-spellings/make.sh` had them made. */
const vectors = readFileSync(join(import.meta.dirname, '../adapters/password-spellings/vectors.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Vector)
const vectorOf = (spelling: string) => vectors.find((vector) => vector.spelling === spelling)!

let count = 0
async function create(service: Service, hash: string): Promise<{ email: string; id: string }> {
  const email = `imported-${++count}@example.test`
  const { id } = await service.operate('POST', '/users', { email, name: 'Ada', roles: [], password_hash: hash })
  return { email, id }
}
const logIn = (service: Service, email: string, password: string, headers: Record<string, string> = {}) =>
  service.call('/api/auth/login', { method: 'POST', headers, json: { email, password, token_delivery: 'body' } })
const storedOf = async (service: Service, id: string) => (await service.stores.users.findById(id))!.passwordHash!

void test('hashes of other systems', async (t) => {
  const service = await startService(t)
  await t.test('open for the password that they were made of, once, and are then replaced', async (t) => {
    // Each line of vectors.jsonl says what made it, with its version; make.sh beside it makes them anew.
    t.equal(new Set(vectors.map(({ spelling }) => spelling)).size, 23)
    for (const { spelling, maker, password, hash } of vectors) {
      const { email, id } = await create(service, hash)
      const name = `${spelling} by ${maker}`
      t.match(await storedOf(service, id), `{${spelling} `, name)
      t.equal((await logIn(service, email, `x${password}`)).status, 401, name)
      t.equal((await logIn(service, email, password)).status, 200, name)
      t.match(await storedOf(service, id), /^\$argon2id\$v=19\$m=8,t=1,p=1\$/, name)
      t.equal((await logIn(service, email, password)).status, 200, name)
    }
  })
  await t.test('of Firebase, as its own tool has published one', async (t) => {
    // https://github.com/firebase/scrypt, README
    const key = 'jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA=='
    const made = 'lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ=='
    const { email } = await create(service, `$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=${key}$42xEC+ixf3L2lw==$${made}`)
    t.equal((await logIn(service, email, 'user1password')).status, 200)
  })
  await t.test('open for what was typed, in the form that their system got or composed', async (t) => {
    const [composed, ligature] = [vectors.find(({ password }) => password.startsWith('P'))!, 'ﬁve ﬁne ﬁgs'] as const
    const { email } = await create(service, composed.hash)
    t.equal((await logIn(service, email, composed.password.normalize('NFD'))).status, 200, 'from another keyboard')
    t.not(ligature.normalize('NFKC'), ligature)
    // By PHP 8.2, of the ligatures as they are.
    const php = '$2y$05$Yv777K.oZ/fglGqQOiLdrOMCabGHhz6Q2eTrh6zPiNH4atKYX6shi'
    const kept = await create(service, php)
    t.equal((await logIn(service, kept.email, ligature)).status, 200)
    t.equal(
      (await logIn(service, kept.email, ligature.normalize('NFKC'))).status,
      200,
      'and as every password from then on',
    )
  })
  await t.test('are refused where they cannot be taken, by name, and nothing is made', async (t) => {
    const [bcrypt, rest] = ['$2b$12$', 'uVn0S9bI7q0W8kE9yqOZ5O5tB1m5T3cZxE3rN1sQvF0yG7hJ8kL2u']
    const refused: Record<string, [hash: string, message: RegExp]> = {
      'bcrypt of 2^20': [bcrypt.replace('12', '20') + rest, /bcrypt asks for a cost of 20, and at most 14/],
      'bcrypt cut off': [(bcrypt + rest).slice(0, -1), /bcrypt is damaged, or was cut off/],
      'bcrypt of a faulty maker': [(bcrypt + rest).replace('2b', '2x'), /bcrypt was made by a faulty implementation/],
      'WordPress cut off': ['$wp', /wordpress-bcrypt is damaged/],
      'phpass of 2^30': ['$P$S12345678' + 'a'.repeat(22), /phpass asks for a binary logarithm of rounds of 30/],
      Argon2d: ['$argon2d$v=19$m=1024,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA', /argon2 is Argon2d/],
      'Argon2 of 4 GiB': [
        '$argon2id$v=19$m=4194304,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA',
        /memory in KiB of 4194304/,
      ],
      'Argon2 of 1,000 passes': [
        '$argon2id$v=19$m=65536,t=1000,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA',
        /memory times passes/,
      ],
      'scrypt of 16 GiB': [
        'scrypt:16777216:8:1$salt$' + 'ab'.repeat(32),
        /werkzeug-scrypt asks for a memory in KiB of 16777216/,
      ],
      'scrypt of many lanes': ['scrypt:16384:8:10000$salt$' + 'ab'.repeat(32), /a product of N, r and p/],
      'scrypt whose N is no power of two': ['scrypt:16383:8:1$salt$' + 'ab'.repeat(32), /damaged/],
      'PBKDF2 of a billion': [
        'pbkdf2_sha256$1000000000$salt$' + 'a'.repeat(43) + '=',
        /django-pbkdf2-sha256 asks for a number of iterations/,
      ],
      'PBKDF2 by MD5': ['pbkdf2:md5:1000$salt$' + 'ab'.repeat(16), /hash function that is not known/],
      'PBKDF2 with a short key': ['pbkdf2:sha256:1000$salt$abab', /damaged/],
      'SHA-crypt of 99,999,999': [
        '$6$rounds=99999999$salt$' + 'a'.repeat(86),
        /sha512-crypt asks for a number of rounds/,
      ],
      'SSHA cut off': ['{SSHA}YWJj', /ldap-ssha is damaged/],
      'Keycloak without its key': ['{"secretData":"{}","credentialData":"{}"}', /keycloak is damaged/],
      'MD5 of a directory': ['{MD5}rL0Y20zC+Fzt72VPzMSk2A==', /What begins with \{MD5\} is no password hash/],
      'MD5-crypt': ['$1$salt$qJH7.N4xYta3aEG/dfqo/0', /What begins with \$1\$/],
      yescrypt: ['$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7', /What begins with \$y\$/],
      'MD5 of Django': ['md5$salt$5f4dcc3b5aa765d61d8327deb882cf99', /What begins with md5\$/],
      'a password': ['correct horse battery staple', /It is no password hash/],
      'what is stored here': [`{bcrypt 12}${bcrypt}${rest}`, /It is no password hash/],
      nothing: ['', /It is no password hash/],
      'a megabyte': ['$2b$12$'.repeat(500), /too long/],
    }
    for (const [name, [hash, message]] of Object.entries(refused)) {
      const email = `refused-${++count}@example.test`
      const payload = { email, name: 'Ada', roles: [], password_hash: hash }
      const reply = await service.gatehouse.control.inject({ method: 'POST', url: '/users', payload })
      t.equal(reply.statusCode, 400, name)
      t.match(reply.json().errors, [{ path: '/body/password_hash', message }], name)
      if (hash.length > 40) t.notOk(reply.body.includes(hash.slice(-20)), `${name}: nothing of it is told`)
      t.equal(await service.stores.users.findByLogin(email), undefined, name)
    }
    const both = { email: 'both@example.test', name: 'Ada', roles: [], password: 'nine grey geese at noon' }
    const payload = { ...both, password_hash: bcrypt + rest }
    const reply = await service.gatehouse.control.inject({ method: 'POST', url: '/users', payload })
    t.match(reply.json(), { status: 400, errors: [{ path: '/body/password_hash', message: /one of them counts/ }] })
  })
})

for (const backend of backends) {
  void test(`the renewal of a hash, on ${backend.name} stores`, async (t) => {
    const service = await startService(t, { backend })
    const { password, hash } = vectorOf('bcrypt')
    await t.test('ends neither sessions nor what a browser is known by', async (t) => {
      const { email, id } = await create(service, hash)
      const first = await logIn(service, email, password)
      const old = bearer(first.json().access_token)
      // As an operator's change of the costs would leave it.
      const costly = (await storedOf(service, id)).replace('m=8,', 'm=16,')
      await service.stores.users.renewPasswordHash(id, await storedOf(service, id), costly)
      t.equal((await logIn(service, email, password)).status, 401, 'made up, so that it opens with nothing')
      const { hash: other } = vectors.find((one) => one.spelling === 'django-scrypt')!
      await service.stores.users.renewPasswordHash(id, costly, `{django-scrypt 1024 8 5 64}${other}`)
      t.equal((await logIn(service, email, password)).status, 200)
      t.match(await storedOf(service, id), /^\$argon2id\$v=19\$m=8,t=1,p=1\$/)
      t.equal((await service.call('/api/users/me', { headers: old })).status, 200, 'the session goes on')
    })
    await t.test('lets everybody in who signs in meanwhile', async (t) => {
      const { email, id } = await create(service, hash)
      const answers = await Promise.all(Array.from({ length: 4 }, () => logIn(service, email, password)))
      t.same(new Set(answers.map(({ status }) => status)), new Set([200]))
      t.match(await storedOf(service, id), /^\$argon2id/)
    })
    await t.test('never undoes a change of the password', async (t) => {
      for (let round = 0; round < 5; round++) {
        const { email, id } = await create(service, hash)
        const changed = { password: 'nine grey geese at noon' }
        const [, ...answers] = await Promise.all([
          service.operate('PUT', `/users/${id}/password`, changed),
          ...Array.from({ length: 3 }, () => logIn(service, email, password)),
        ])
        t.ok(answers.every(({ status }) => status === 200 || status === 401))
        t.equal((await logIn(service, email, password)).status, 401)
        t.equal((await logIn(service, email, changed.password)).status, 200)
      }
    })
  })
}
