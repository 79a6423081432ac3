/**
 * Whoever guesses passwords: by many tries at once, over replicas, in other spellings, from addresses that they make up or have by
 * the million, of many accounts, with an account of their own in between, and across a restart.
 */
import { connect } from 'node:net'
import { join } from 'node:path'
import { writeFileSync } from 'node:fs'
import { test } from 'tap'
import { stringify } from 'yaml'
import { createPasswordHasher } from '../../src/adapters/password-hasher.ts'
import { unavailable } from '../../src/core/errors.ts'
import { auditRows } from '../support/audit.ts'
import { backends } from '../support/backends.ts'
import { until } from '../support/patience.ts'
import { type Environment, run, serve } from '../support/program.ts'
import { scratchFolder } from '../support/servers.ts'
import {
  type Answer,
  bearer,
  type Service,
  type ServiceOptions,
  startService,
  type TestUser,
} from '../support/service.ts'

const windowSeconds = 900
const limits = { requests_per_minute: 100_000, secret_tests_per_minute: 100_000 }
const wrong = 'a wrong guess'

/** A hasher that counts what it evaluates. */
function countingHasher() {
  const hasher = createPasswordHasher({ memory_kib: 8, passes: 1, parallelism: 1 })
  const evaluated = { count: 0 }
  const verify: typeof hasher.verify = (...given) => {
    evaluated.count += 1
    return hasher.verify(...given)
  }
  return { hasher: { ...hasher, verify }, evaluated }
}

const from = (address: string) => ({ 'x-forwarded-for': address })
function guess(service: Service, email: string, headers: Record<string, string>, password = wrong): Promise<Answer> {
  return service.call('/api/auth/login', { method: 'POST', headers, json: { email, password } })
}
const isRight = async (service: Service, { email, password }: TestUser, headers: Record<string, string>) =>
  (await guess(service, email, headers, password)).status
async function byPage(service: Service, email: string, headers: Record<string, string>, password = wrong) {
  const page = await service.call('/login')
  const csrf_token = /name="csrf_token" value="([\w-]+)"/.exec(page.body)![1]!
  const cookie = [`gatehouse_csrf=${page.cookies['gatehouse_csrf']}`, headers['cookie']].filter(Boolean).join('; ')
  const form = { csrf_token, email, password }
  return service.call('/login', { method: 'POST', headers: { ...headers, cookie }, form })
}

for (const backend of backends) {
  void test(`guesses of passwords on ${backend.name} stores`, async (t) => {
    const { hasher, evaluated } = countingHasher()
    const start = (options: ServiceOptions = {}) => startService(t, { backend, hasher, yaml: { limits }, ...options })
    const service = await start()
    const replica = service.backend.replica === undefined ? service : await start({ beside: service })
    const trail = () => (replica === service ? auditRows(service) : auditRows(service, replica))

    await t.test(
      '200 at once, in any spelling, through both replicas: ten are evaluated (CVE-2024-4629, CVE-2025-24806, CVE-2026-47203)',
      async (t) => {
        const user = await service.createUser({ email: `victim-${backend.name}@example.test` })
        const spellings = [
          user.email,
          user.email.toUpperCase(),
          `  ${user.email}\t`,
          `Victim-${backend.name}@Example.TEST`,
        ]
        evaluated.count = 0
        const answers = await Promise.all(
          Array.from({ length: 200 }, (_, at) =>
            guess([service, replica][at % 2]!, spellings[at % 4]!, from(`192.0.2.${at % 200}`)),
          ),
        )
        const count = (status: number) => answers.filter((answer) => answer.status === status).length
        t.same([count(401), count(429), evaluated.count], [10, 190, 10])
        const refused = answers.find(({ status }) => status === 429)!
        t.match(refused.headers, { 'ratelimit-limit': '10', 'ratelimit-remaining': '0', 'retry-after': /^\d+$/ })
        t.equal(await isRight(replica, user, from('198.51.100.1')), 429, 'from everywhere')
        const told = (await trail()).filter(({ event, subject }) => event === 'sign_in.limited' && subject === user.id)
        t.match(told, [{ details: { scope: 'account', limit: 10 } }], 'told once, of all replicas')
        t.equal(told.length, 1)
      },
    )
    await t.test('from one network five of one account, by whatever door (CVE-2026-9798)', async (t) => {
      const user = await service.createUser()
      const here = from('192.0.2.201')
      const { accessToken } = await service.signIn(user)
      const doors = [
        () => guess(service, user.email, here),
        () => byPage(replica, user.email, here),
        () =>
          replica.call('/api/auth/step-up', {
            method: 'POST',
            headers: { ...bearer(accessToken), ...here },
            json: { password: wrong },
          }),
      ]
      for (let at = 0; at < 5; at++) t.not((await doors[at % 3]!()).status, 429)
      for (const door of doors) {
        const answer = await door()
        t.equal(answer.status, 429)
        t.ok(Number(answer.headers['retry-after']) > windowSeconds - 120)
      }
      t.equal(await isRight(service, user, here), 429)
      t.equal(await isRight(service, user, from('192.0.2.202')), 200, 'elsewhere its person signs in')
    })
    await t.test('a /64 of IPv6 is one network, whichever of its addresses is used (CVE-2026-45364)', async (t) => {
      const user = await service.createUser()
      const answers = await Promise.all(
        Array.from({ length: 60 }, (_, at) =>
          guess(service, user.email, from(`2001:db8:1:2:${at.toString(16)}::${at}`)),
        ),
      )
      t.equal(answers.filter(({ status }) => status === 401).length, 5)
      t.equal(await isRight(service, user, from('2001:db8:1:3::1')), 200)
    })
    await t.test('a failure counts, whatever becomes of its request afterwards (CVE-2026-35597)', async (t) => {
      const fault = { isThere: false }
      const verify: typeof hasher.verify = async (...given) => {
        const opens = await hasher.verify(...given)
        if (fault.isThere) throw unavailable(new Error('it broke after the password was tested'))
        return opens
      }
      const faulty = await start({ hasher: { ...hasher, verify } })
      const [broken, hungUp] = [await faulty.createUser(), await faulty.createUser()]
      fault.isThere = true
      for (let at = 0; at < 10; at++) {
        t.equal((await guess(faulty, broken.email, from(`192.0.2.${at}`))).status, 503)
      }
      fault.isThere = false
      t.equal(await isRight(faulty, broken, from('198.51.100.9')), 429)

      evaluated.count = 0
      for (let at = 0; at < 10; at++) {
        const body = JSON.stringify({ email: hungUp.email, password: wrong })
        const head = `POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nX-Forwarded-For: 192.0.2.${at}`
        const socket = connect(faulty.port, '127.0.0.1')
        socket.write(`${head}\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
        await until('the password is tested', async () => evaluated.count > at)
        socket.destroy()
      }
      t.equal(await isRight(faulty, hungUp, from('198.51.100.9')), 429, 'nobody waited for the answers')
    })
    await t.test('an address that nobody may tell is none', async (t) => {
      const own = await start({ yaml: { limits, proxies: { trusted: ['127.0.0.2/32'] } } })
      const user = await own.createUser()
      const made = (at: number) => ({
        ...from(`203.0.113.${at}`),
        forwarded: `for=203.0.113.${at}`,
        'x-real-ip': `203.0.113.${at}`,
        'cf-connecting-ip': `203.0.113.${at}`,
      })
      const statuses = []
      for (let at = 0; at < 8; at++) statuses.push((await guess(own, user.email, made(at))).status)
      t.same(statuses, [401, 401, 401, 401, 401, 429, 429, 429])
    })
    await t.test('one network has a hundred over all accounts, and buys none by an account of its own', async (t) => {
      const [own, other] = [await service.createUser(), await service.createUser()]
      const here = from('192.0.2.211')
      for (let at = 0; at < 100; at++) {
        if (at % 25 === 7) t.equal(await isRight(service, own, here), 200)
        const answer = await guess(replica, `sprayed-${at}@example.test`, here)
        if (answer.status !== 401) t.fail(`${at}: ${answer.status}`)
      }
      t.equal((await guess(service, 'sprayed-100@example.test', here)).status, 429)
      t.equal(await isRight(service, other, here), 429)
      t.equal(await isRight(service, other, from('192.0.2.212')), 200)
      const told = (await trail()).filter(
        ({ event, details }) => event === 'sign_in.limited' && details.scope === 'address',
      )
      t.equal(told.length, 1)
    })
    await t.test('when its person signs in, strangers get none of their tries back', async (t) => {
      const user = await service.createUser()
      for (let at = 0; at < 9; at++)
        t.equal((await guess(service, user.email, from(`192.0.2.${220 + at}`))).status, 401)
      t.equal(await isRight(service, user, from('192.0.2.240')), 200)
      t.equal((await guess(replica, user.email, from('192.0.2.230'))).status, 401)
      t.equal((await guess(service, user.email, from('192.0.2.231'))).status, 429)
    })
    await t.test('what the service has for strangers is used up, and known browsers go on', async (t) => {
      const own = await start({ yaml: { limits: { ...limits, failures_of_service: 8 } } })
      const [known, fresh] = [await own.createUser(), await own.createUser()]
      const first = await guess(own, known.email, from('192.0.2.1'), known.password)
      const cookie = `gatehouse_device=${first.cookies['gatehouse_device']}`
      for (let at = 0; at < 8; at++) {
        t.equal((await guess(own, `u${at}@example.test`, from(`192.0.2.${at}`))).status, 401)
      }
      t.equal(await isRight(own, fresh, from('198.51.100.1')), 429)
      t.equal(await isRight(own, known, from('198.51.100.1')), 429)
      t.equal(await isRight(own, known, { ...from('198.51.100.1'), cookie }), 200)
    })
    await t.test('a known browser skips no limit of its network', async (t) => {
      const own = await start({ yaml: { limits: { ...limits, failures_per_address: 6 } } })
      const user = await own.createUser()
      const here = from('192.0.2.1')
      const first = await guess(own, user.email, here, user.password)
      const cookie = `gatehouse_device=${first.cookies['gatehouse_device']}`
      for (let at = 0; at < 6; at++) t.equal((await guess(own, `u${at}@example.test`, here)).status, 401)
      t.equal(await isRight(own, user, { ...here, cookie }), 429)
      t.equal(await isRight(own, user, { ...from('192.0.2.2'), cookie }), 200)
    })
    await t.test(
      'while nothing can be counted no password is tested, and an operator unlocks all the same',
      async (t) => {
        const user = await service.createUser()
        const { accessToken } = await service.signIn(user)
        for (let at = 0; at < 10; at++) await guess(service, user.email, from(`192.0.2.${100 + at}`))
        t.equal(await isRight(service, user, from('192.0.2.120')), 429)
        const { spend, look, forgive } = service.stores.budgets
        const gone = () => Promise.reject(unavailable(new Error('the budgets are gone')))
        Object.assign(service.stores.budgets, { spend: gone, look: gone, forgive: gone })
        evaluated.count = 0
        t.equal(await isRight(service, user, from('192.0.2.120')), 503)
        t.equal((await byPage(service, user.email, {}, user.password)).status, 503)
        const json = { password: user.password }
        const proof = { method: 'POST', headers: bearer(accessToken), json }
        t.equal((await service.call('/api/auth/step-up', proof)).status, 503)
        t.equal(evaluated.count, 0)
        t.match(await service.operate('POST', `/users/${user.id}/unlock`), { id: user.id })
        Object.assign(service.stores.budgets, { spend, look, forgive })
        t.equal(await isRight(replica, user, from('192.0.2.120')), 200)
      },
    )
    if (backend.name === 'embedded') {
      await t.test('the window slides: no quarter of an hour has more, wherever it begins', async (t) => {
        const user = await service.createUser()
        const at = async (address: number) => (await guess(service, user.email, from(`192.0.2.${address}`))).status
        t.equal(await at(1), 401)
        service.clock.advance(windowSeconds - 60)
        for (let other = 2; other <= 10; other++) t.equal(await at(other), 401)
        t.equal(await at(11), 429)
        service.clock.advance(60 + windowSeconds / 60)
        t.same([await at(11), await at(12)], [401, 429], 'one has left, and the nine of a minute ago count on')
      })
    }
  })
}

void test('a restart of an embedded service clears no lockout and no budget', async (t) => {
  const folder = scratchFolder(t)
  const configFile = join(folder, 'gatehouse.yaml')
  writeFileSync(configFile, stringify({ limits: { ...limits, failures_per_address: 12 } }))
  const environment: Environment = { GATEHOUSE_DATA_DIR: join(folder, 'data'), GATEHOUSE_CONFIG: configFile }
  const password = 'a horse, a battery and a staple'
  for (const name of ['ada', 'eve']) {
    const line = `user create --email ${name}@example.test --name ${name} --password-stdin`
    t.equal((await run(folder, line.split(' '), environment, password)).code, 0)
  }
  const first = await serve(t, folder, environment)
  const log = (running: typeof first, email: string, given = wrong) =>
    running.call('/api/auth/login', { method: 'POST', json: { email, password: given } })
  for (let at = 0; at < 5; at++) t.equal((await log(first, 'ada@example.test')).status, 401)
  t.equal((await log(first, 'ada@example.test', password)).status, 429)
  first.child.kill('SIGKILL')
  await first.finished

  const second = await serve(t, folder, environment)
  t.equal((await log(second, 'ada@example.test', password)).status, 429)
  for (let at = 0; at < 7; at++) t.equal((await log(second, `u${at}@example.test`)).status, 401)
  t.equal((await log(second, 'eve@example.test', password)).status, 429, 'what was counted of the network counts on')
})
