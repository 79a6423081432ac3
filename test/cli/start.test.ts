/** A start that cannot succeed says in one line which setting is wrong and what to do, and never what is secret. */
import { createServer } from 'node:net'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import postgres from 'postgres'
import { test } from 'tap'
import { holdDataDirectory } from '../../src/cli/data-directory.ts'
import { createDatabase, hasServers } from '../support/backends.ts'
import { prepareData, run } from '../support/program.ts'
import { testSecret } from '../support/secrets.ts'
import { freePort, scratchFolder, startRedis, startRelay } from '../support/servers.ts'

const password = 's3cret-word'

void test('a start that cannot succeed is told in one line, with the setting and what to do', async (t) => {
  const folder = scratchFolder(t)
  const port = await freePort()
  const usual = { PORT: String(port), GATEHOUSE_DATA_DIR: join(folder, 'data') }
  prepareData(usual.GATEHOUSE_DATA_DIR)
  async function refuses(what: string, environment: Record<string, string>, line: RegExp): Promise<void> {
    const { code, stdout, stderr } = await run(folder, ['serve'], { ...usual, ...environment })
    t.equal(code, 1, what)
    t.match(stderr, line, what)
    t.equal(stderr.trimEnd().split('\n').length, 1, `${what}: one line`)
    t.notMatch(stderr + stdout, password, `${what}: no secret`)
  }

  const holder = createServer()
  await new Promise<void>((done) => holder.listen(port, '127.0.0.1', done))
  t.teardown(() => holder.close())
  await refuses('a busy port', {}, /PORT: another program listens on \d+ already; .* another PORT/)
  await refuses('an address of another machine', { HOST: '192.0.2.1' }, /HOST: this machine has no such address/)
  if (!hasServers) return

  const [database, redis] = await Promise.all([createDatabase(), startRedis()])
  const relay = await startRelay(redis!.url)
  t.teardown(async () => {
    await relay.close()
    await Promise.all([database.drop(), redis!.stop()])
  })
  const away = await freePort()
  const clustered = { DATABASE_URL: database.url, GATEHOUSE_SECRET: testSecret().toString('base64') }
  const sql = postgres(database.url, { max: 1, onnotice: () => {} })
  const role = `nobody_${database.name}`
  await sql.unsafe(`create role ${role} login password '${password}'`)
  t.teardown(async () => {
    await sql.unsafe(`drop role ${role}`)
    await sql.end()
  })
  const changed = (change: (url: URL) => void) => {
    const url = new URL(database.url)
    change(url)
    return { ...clustered, DATABASE_URL: url.href }
  }
  const databases: [what: string, change: (url: URL) => void, line: RegExp][] = [
    [
      'PostgreSQL that is away',
      (url) => Object.assign(url, { port: away, password }),
      /ECONNREFUSED\): .*start the server/,
    ],
    [
      'an unknown host',
      (url) => Object.assign(url, { hostname: 'nowhere.invalid' }),
      /(ENOTFOUND|EAI_AGAIN)\): .*host name/,
    ],
    [
      'an unknown role',
      (url) => Object.assign(url, { username: 'nobody-at-all', password }),
      /28000\): .*does not accept/,
    ],
    ['an unknown database', (url) => Object.assign(url, { pathname: '/nothing' }), /3D000\): .*create it/],
    ['a role without rights', (url) => Object.assign(url, { username: role, password }), /42501\): .*the owner/],
    ['TLS that is not offered', (url) => url.searchParams.set('sslmode', 'require'), /NO_TLS\): .*sslmode/],
  ]
  for (const [what, change, line] of databases) {
    const settings = changed(change)
    await refuses(what, settings, new RegExp(`DATABASE_URL: the server cannot be used \\(${line.source}`))
    const { code, stderr } = await run(folder, ['migrate'], { ...usual, ...settings })
    t.equal(code, 1, `migrate, ${what}`)
    t.match(stderr, line, `migrate, ${what}`)
  }

  const withRedis = (url: string) => ({ ...clustered, REDIS_URL: url })
  const counters = (line: RegExp) => new RegExp(`REDIS_URL: the server cannot be used \\(${line.source}`)
  await refuses(
    'Redis that is away',
    withRedis(`redis://:${password}@127.0.0.1:${away}`),
    counters(/ECONNREFUSED\): .*start/),
  )
  relay.freeze()
  await refuses('Redis that hangs', withRedis(relay.url), counters(/ETIMEDOUT\): .*does not answer/))
  relay.thaw()
  relay.answer('HTTP/1.1 400 Bad Request\r\n\r\n')
  await refuses('something else', withRedis(relay.url), counters(/NO_REDIS\): .*another kind/))
  relay.answer(undefined)
  const admin = new Redis(redis!.url)
  t.teardown(() => admin.disconnect())
  await admin.config('SET', 'requirepass', 'another')
  await refuses('Redis that wants a password', withRedis(redis!.url), counters(/NOAUTH\): .*password/))
  const wrong = new URL(redis!.url)
  wrong.password = password
  await refuses('Redis that wants another password', withRedis(wrong.href), counters(/WRONGPASS\): .*password/))
})

void test('a command that meets a service which is still starting says so', async (t) => {
  const folder = scratchFolder(t)
  const held = await holdDataDirectory(join(folder, 'data'))
  t.teardown(() => held!.release())
  const { code, stderr } = await run(folder, ['user', 'list'], { GATEHOUSE_DATA_DIR: join(folder, 'data') })
  t.match([code, stderr], [1, /the service on this data directory is starting; try again/])
})
