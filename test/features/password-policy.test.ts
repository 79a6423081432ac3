/** What new passwords are held to, as the settings say. */
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Test, test } from 'tap'
import { parseConfigFile } from '../../src/config-file.ts'
import { type Service, startService } from '../support/service.ts'

const roomy = { requests_per_minute: 100_000, secret_tests_per_minute: 100_000 }

let count = 0
async function choose(service: Service, password: string) {
  const json = { name: 'Grace Hopper', email: `new-${++count}@example.test`, password }
  const { status, body } = await service.call('/api/auth/register', { method: 'POST', json })
  return status === 202 ? 'taken' : (JSON.parse(body).errors?.[0]?.message ?? status)
}

void test('the parameters of Argon2id are no weaker than OWASP recommends', (t) => {
  const faultsOf = (argon2: object) => {
    const read = parseConfigFile(JSON.stringify({ passwords: { argon2 } }), 'gatehouse.yaml')
    return read.kind === 'faulty' ? read.faults : []
  }
  const minimum = { 1: 47_104, 2: 19_456, 3: 12_288, 4: 9_216, 5: 7_168, 6: 7_168 }
  for (const [passes, least] of Object.entries(minimum)) {
    const given = { passes: Number(passes), memory_kib: least }
    t.same(faultsOf(given), [], passes)
    t.same(faultsOf({ ...given, parallelism: 4 }), [], `${passes}, with lanes`)
    const faults = faultsOf({ ...given, memory_kib: least - 1 })
    t.equal(faults.length, 1, `${passes}, one KiB less`)
    t.match(faults[0], `passwords.argon2.memory_kib: expected`)
    t.match(faults[0], String(least))
  }
  t.match(
    faultsOf({ passes: 1 }),
    [/expected at least 47104 with 1 pass/],
    'one pass needs more memory than the default has',
  )
  t.match(faultsOf({ memory_kib: 4_000_000 }), [/memory_kib: expected/])
  t.end()
})

void test('a password is judged as the settings say', async (t) => {
  const passwords = { min: 8, max: 64, score: 0 }
  const service = await startService(t, { yaml: { passwords } })
  t.equal(await choose(service, 'short 7'), 'must have at least 8 characters')
  t.equal(await choose(service, 'eight 8!'), 'taken')
  t.equal(await choose(service, 'm'.repeat(65)), 'must have at most 64 characters')
  t.equal(await choose(service, 'm'.repeat(64)), 'taken', 'with a score of 0 what is easy to guess may be used')
  for (const common of ['password', 'PassWord', 'ｐａｓｓｗｏｒｄ', '1qaz2wsx3edc', 'q1w2e3r4t5y6', '12345678910']) {
    t.equal(await choose(service, common), 'is one of the most common ones', common)
  }
  const strict = await startService(t, { yaml: { passwords: { score: 4 } } })
  t.equal(await choose(strict, 'summer holiday'), 'is too easy to guess')
  t.equal(await choose(strict, 'kV9#xq2!Tz7&mB4@wL6$'), 'taken')
})

/** A range API as Have I Been Pwned describes it, with padding when it is asked for. */
async function startRanges(t: Test, leaked: Readonly<Record<string, number>>) {
  const asked: { path: string; padding: unknown }[] = []
  const how = { delayMilliseconds: 0, status: 200, filler: 0 }
  const server = createServer((request, response) => {
    asked.push({ path: request.url!, padding: request.headers['add-padding'] })
    const range = request.url!.split('/').at(-1)!
    const lines = Object.entries(leaked)
      .map(([password, times]) => [createHash('sha1').update(password).digest('hex').toUpperCase(), times] as const)
      .filter(([digest]) => digest.startsWith(range))
      .map(([digest, times]) => `${digest.slice(5)}:${times}`)
    setTimeout(() => {
      response.writeHead(how.status).end([...lines, 'F'.repeat(35) + ':0', 'x'.repeat(how.filler)].join('\r\n'))
    }, how.delayMilliseconds)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const stop = () => {
    server.closeAllConnections()
    return new Promise<void>((done) => server.close(() => done()))
  }
  t.teardown(stop)
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/range`, asked, how, stop }
}

void test('a range API says whether a password is known from a leak', async (t) => {
  const [leaked, padding, fresh] = ['nine grey geese at noon', 'four loud larks at night', 'six shy swans at dawn']
  const ranges = await startRanges(t, { [leaked]: 3, [padding]: 0 })
  const passwords = { breached_url: ranges.url, breached_within_milliseconds: 300 }
  const service = await startService(t, { yaml: { passwords } })
  const faults = () => service.logged().split('passwords.breached_unknown').length - 1

  await t.test('of which it learns five characters', async (t) => {
    t.equal(await choose(service, leaked), 'is known from a data leak')
    t.equal(await choose(service, fresh), 'taken')
    t.equal(await choose(service, padding), 'taken', 'a count of 0 is padding')
    t.match(ranges.asked, [{ path: /^\/range\/[0-9A-F]{5}$/, padding: 'true' }])
    t.equal(await choose(service, 'password1234'), 'is one of the most common ones')
    t.equal(ranges.asked.length, 3, 'what is refused anyway is told to nobody')
    t.equal(faults(), 0)
  })
  await t.test('and its absence or fault blocks nobody, and is said once', async (t) => {
    ranges.how.status = 503
    t.equal(await choose(service, leaked), 'taken')
    ranges.how.status = 200
    ranges.how.filler = 2_000_000
    t.equal(await choose(service, leaked), 'taken', 'an answer without end')
    ranges.how.filler = 0
    ranges.how.delayMilliseconds = 60_000
    const startedAt = performance.now()
    t.equal(await choose(service, leaked), 'taken', 'one that is late')
    t.ok(performance.now() - startedAt < 30_000)
    ranges.how.delayMilliseconds = 0
    t.equal(await choose(service, leaked), 'is known from a data leak')
    await ranges.stop()
    t.equal(await choose(service, leaked), 'taken', 'nobody there')
    t.equal(faults(), 1)
    t.notMatch(service.logged(), createHash('sha1').update(leaked).digest('hex').slice(0, 12).toUpperCase())
    service.clock.advance(86_400)
    t.equal(await choose(service, leaked), 'taken')
    t.equal(faults(), 2, 'and once more the next day')
  })
  await t.test('its URL is https, but on this machine', (t) => {
    const isTaken = (url: string) =>
      parseConfigFile(JSON.stringify({ passwords: { breached_url: url } }), 'gatehouse.yaml').kind === 'read'
    t.ok(isTaken('https://api.pwnedpasswords.com/range/'))
    t.ok(isTaken('http://localhost:8080/range'))
    for (const bad of [
      'http://example.com/range',
      'https://ada:secret@example.com/range',
      'https://example.com/?range=',
      'x',
    ]) {
      t.notOk(isTaken(bad), bad)
    }
    t.end()
  })
})

void test('a form asks what a password lacks', async (t) => {
  const service = await startService(t)
  const judge = (json: object) => service.call('/api/auth/judge-password', { method: 'POST', json })
  const cases: [given: object, fault: string | null][] = [
    [{ password: 'short' }, 'too_short'],
    [{ password: 'password1234' }, 'common'],
    [{ password: 'ada.lovelace@example.test', email: ' ADA.Lovelace@example.test ' }, 'holds_email'],
    [{ password: 'nine grey geese at noon', email: 'no address' }, null],
    [{ password: 'nine grey geese at noon' }, null],
  ]
  for (const [given, fault] of cases) {
    const answer = await judge(given)
    t.same([answer.status, answer.json()], [200, { fault }], JSON.stringify(given))
    t.equal(answer.headers['cache-control'], 'no-store')
  }
  t.equal((await judge({ password: 'x'.repeat(513) })).status, 400)
  t.equal((await judge({})).status, 400)
  t.notMatch(service.logged(), 'nine grey geese')
})

void test('what a new password lacks is asked within limits, and keeps nobody else from choosing one', async (t) => {
  const ask = (service: Service, path: string, ip: string, json: object) =>
    service.call(path, { method: 'POST', headers: { 'x-forwarded-for': ip }, json })
  await t.test('one network holds a part of the queue alone', async (t) => {
    const service = await startService(t, {
      yaml: { limits: { ...roomy, judged_passwords_per_minute: 1_000 }, passwords: { score: 2 } },
    })
    const walk = '!qaz@wsx#edc$rfv%tgb^yhn&ujm*ik<(ol>)p:?_{+}zaq1xsw2cde3vfr4bgt5'
    const flood = Array.from({ length: 60 }, () =>
      ask(service, '/api/auth/judge-password', '192.0.2.1', { password: walk }),
    )
    const json = { name: 'Ada', email: 'ada@example.test', password: 'seven quiet otters juggle' }
    const registered = await ask(service, '/api/auth/register', '198.51.100.1', json)
    t.equal(registered.status, 202)
    const refused = (await Promise.all(flood)).filter(({ status }) => status === 503)
    t.ok(refused.length > 0)
    t.ok(Number(refused[0]!.headers['retry-after']) > 0)
  })
  await t.test('it has a limit of its own, by address', async (t) => {
    const service = await startService(t, { yaml: { limits: { ...roomy, judged_passwords_per_minute: 3 } } })
    const judge = async (ip: string) =>
      (await ask(service, '/api/auth/judge-password', ip, { password: 'seven quiet otters' })).status
    const statuses = []
    for (let at = 0; at < 4; at++) statuses.push(await judge('192.0.2.1'))
    t.same(statuses, [200, 200, 200, 429])
    t.equal(await judge('192.0.2.2'), 200)
    const json = { name: 'Ada', email: 'ada@example.test', password: 'seven quiet otters juggle' }
    t.equal((await ask(service, '/api/auth/register', '192.0.2.1', json)).status, 202, 'it takes nothing from others')
  })
})
