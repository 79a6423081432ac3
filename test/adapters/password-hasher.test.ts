/** Where passwords are hashed: a process of low priority, behind a queue that nobody fills for everybody else. */
import { readdirSync, readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Test, test } from 'tap'
import { createPasswordHasher } from '../../src/adapters/password-hasher.ts'
import type { PasswordHasher } from '../../src/core/password-hasher.ts'
import { testSecret } from '../support/secrets.ts'

const cheap = { memory_kib: 8, passes: 1, parallelism: 1 }
const costly = { memory_kib: 65_536, passes: 4, parallelism: 1 }
const unavailable = { name: 'GatehouseError', code: 'unavailable', retryAfterSeconds: Number }

/** The processes that hash for this one. */
function processes(): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      try {
        const parent = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')[1]
        return Number(parent) === process.pid && /hashing-process|gatehouse: passwords/.test(commandOf(pid))
      } catch {
        return false
      }
    })
}
const commandOf = (pid: number) => readFileSync(`/proc/${pid}/cmdline`, 'utf8')
/** Field 19 of proc(5): the nice value of each thread. */
const priorities = (pid: number) =>
  readdirSync(`/proc/${pid}/task`).map((thread) =>
    Number(readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8').split(') ')[1]!.split(' ')[16]),
  )

void test('passwords are hashed by a process of its own', async (t) => {
  process.env['GATEHOUSE_SECRET'] = testSecret().toString('base64')
  const logged: object[] = []
  const log = { info() {}, error() {}, warn: (fields: object) => void logged.push(fields) }
  const hasher = createPasswordHasher(cheap, { log })
  t.same(processes(), [], 'which is not there before anybody signs in')
  const stored = await hasher.hash('correct horse')
  const [pid = 0, ...others] = processes()
  t.same(others, [])

  await t.test('which has the lowest priority in each thread, and no secret of the service', async (t) => {
    await Promise.all(Array.from({ length: 8 }, () => hasher.verify(stored, 'correct horse', false)))
    t.same([...new Set(priorities(pid))], [constants.priority.PRIORITY_LOW])
    t.notMatch(readFileSync(`/proc/${pid}/environ`, 'utf8'), /GATEHOUSE|DATABASE|REDIS|SMTP/)
    t.notMatch(commandOf(pid), 'correct horse')
  })
  await t.test('which a terminal or service manager does not stop before the service', async (t) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.kill(pid, signal)
    t.equal(await hasher.verify(stored, 'correct horse', false), true)
    t.same(processes(), [pid])
  })
  await t.test('whose end is a fault, and neither right nor wrong; the next password starts another', async (t) => {
    const slow = createPasswordHasher(costly, { log, width: 2 })
    const first = await slow.hash('correct horse')
    const own = processes().find((one) => one !== pid)
    const underWay = [slow.verify(first, 'correct horse', false), slow.verify(first, 'wrong', false)]
    await sleep(1)
    process.kill(own!, 'SIGKILL')
    for (const task of underWay) await t.rejects(task, unavailable)
    t.match(logged, [{ event: 'passwords.process_ended' }])
    t.equal(await slow.verify(first, 'correct horse', false), true)
    t.equal(await slow.verify(first, 'wrong', false), false)
    t.notOk(processes().includes(own!))
  })
  await t.test('a stored hash that cannot be read is a fault', async (t) => {
    for (const damaged of [
      '',
      'not a hash',
      '$argon2id$v=19$',
      '{bcrypt 12}',
      '{no-such 1}x',
      '{bcrypt 12}$2b$12$short',
    ]) {
      await t.rejects(hasher.verify(damaged, 'correct horse', false), unavailable, damaged)
    }
  })
})

/** A hasher with one place, which is taken, and eight to wait in. */
async function full(t: Test) {
  let address: string | undefined = '203.0.113.1'
  const hasher = createPasswordHasher(cheap, { width: 1, maxWaiting: 8, addressOf: () => address })
  const stored = await hasher.hash('correct horse')
  const order: string[] = []
  const first = hasher.verify(stored, 'correct horse', false)
  t.teardown(() => first)
  return {
    hasher,
    order,
    ask(name: string, from: string | undefined, isPreferred = false): Promise<string> {
      address = from
      return hasher.verify(stored, 'correct horse', isPreferred).then(
        () => (order.push(name), 'answered'),
        (error: { code: string }) => error.code,
      )
    },
    room(asker: PasswordHasher, from: string): boolean {
      address = from
      try {
        asker.assertRoom()
        return true
      } catch {
        return false
      }
    },
  }
}

void test('the queue of passwords', async (t) => {
  await t.test('gives one network a quarter of its places: an IPv4 address, or a /64', async (t) => {
    const { ask, hasher, room } = await full(t)
    const asked = [
      ...['198.51.100.1', '198.51.100.1', '::ffff:198.51.100.1', '198.51.100.2'],
      ...['2001:db8::1', '2001:db8::2', '2001:db8:0:0:ffff::3', '2001:db8:0:1::1'],
    ].map((from) => ask(from, from))
    t.notOk(room(hasher, '198.51.100.1'))
    t.notOk(room(hasher, '2001:db8::ffff'))
    t.ok(room(hasher, '192.0.2.1'), 'and others have theirs')
    const answers = await Promise.all(asked)
    t.same(answers, [
      ...['answered', 'answered', 'unavailable', 'answered'],
      ...['answered', 'answered', 'unavailable', 'answered'],
    ])
    t.ok(room(hasher, '198.51.100.1'), 'and they come free again')
  })
  await t.test('refuses early what comes on top', async (t) => {
    const { ask, hasher, room } = await full(t)
    const asked = Array.from({ length: 12 }, (_, at) => ask(`${at}`, `192.0.2.${at}`))
    t.notOk(room(hasher, '198.51.100.1'))
    const answers = await Promise.all(asked)
    t.equal(answers.filter((answer) => answer === 'answered').length, 8)
    t.same(answers.slice(8), ['unavailable', 'unavailable', 'unavailable', 'unavailable'])
  })
  await t.test('lets known devices go first, and keeps them places of their own', async (t) => {
    const { ask, order } = await full(t)
    const strangers = Array.from({ length: 12 }, (_, at) => ask('stranger', `192.0.2.${at}`))
    const known = Array.from({ length: 3 }, (_, at) => ask('known', `198.51.100.${at}`, true))
    t.same(await Promise.all(known), ['answered', 'answered', 'answered'])
    await Promise.all(strangers)
    t.same(order.slice(0, 4), ['known', 'known', 'known', 'stranger'])
  })
  await t.test('does not count together those of whom no address is known', async (t) => {
    const { ask } = await full(t)
    const answers = await Promise.all(Array.from({ length: 6 }, () => ask('x', undefined)))
    t.same(new Set(answers), new Set(['answered']))
  })
})
