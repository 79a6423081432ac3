/** Redis as operators have it: users with few rights, TLS, other databases, proxies that know one protocol, replicas. */
import { connect, createServer, type Socket } from 'node:net'
import { Redis } from 'ioredis'
import { type Test, test } from 'tap'
import { openRedisCounters } from '../../src/stores/redis/counters.ts'
import { hasServers } from '../support/backends.ts'
import { selfSignedIn } from '../support/certificates.ts'
import { freePort, type InterruptibleServer, scratchFolder, startRedis } from '../support/servers.ts'
import { untilWanted } from '../support/patience.ts'
import { comesAndGoes, databaseWithRole, personsPassword, refusal, stageOf } from './support.ts'

const password = 'p@ss/w#rd?%:&'

async function startOwn(t: Test, ...options: string[]): Promise<InterruptibleServer> {
  const server = (await startRedis(options))!
  t.teardown(() => server.stop())
  return server
}

if (hasServers) {
  void test('a user with the rights that are documented, and no more, is enough', async (t) => {
    const server = await startOwn(t)
    const admin = new Redis(server.url)
    t.teardown(() => admin.disconnect())
    const rights = ['eval', 'time', 'ttl', 'incr', 'expire', 'hgetall', 'hincrby', 'hdel', 'hexists', 'ping'].map(
      (command) => `+${command}`,
    )
    const allow = (...rules: string[]) => admin.call('ACL', 'SETUSER', 'gate', 'reset', 'on', `>${password}`, ...rules)
    await allow('~gatehouse:*', ...rights)
    const url = new URL(server.url)
    url.username = 'gate'
    url.password = encodeURIComponent(password)
    const { ownerUrl } = await databaseWithRole(t)
    const stage = stageOf(t, ownerUrl, { REDIS_URL: url.href })
    const service = await stage.serve()
    await comesAndGoes(t, stage, service)
    t.same(
      service.said.stdout.split('\n').filter((line) => /"level":[4-6]0/.test(line)),
      [],
    )
    const keys = await admin.keys('*')
    t.ok(keys.length > 0)
    t.same(
      keys.filter((key) => !key.startsWith('gatehouse:')),
      [],
    )

    for (const right of rights) {
      await allow('~gatehouse:*', ...rights.filter((other) => other !== right))
      const line = await refusal(t, ownerUrl, { REDIS_URL: url.href })
      t.match(
        line,
        /^gatehouse: REDIS_URL: the server cannot be used \(NOPERM\): .*EVAL, TIME, TTL.*\n$/,
        `without ${right}`,
      )
    }
    await allow('~another:*', ...rights)
    t.match(await refusal(t, ownerUrl, { REDIS_URL: url.href }), /REDIS_URL: .*NOPERM.*keys of the service/)
    url.password = 'wrong'
    t.match(await refusal(t, ownerUrl, { REDIS_URL: url.href }), /REDIS_URL: .*WRONGPASS.*percent-encoded/)
  })

  void test('TLS is checked, by an authority of one’s own too', async (t) => {
    const folder = scratchFolder(t)
    const { cert, key: secret } = selfSignedIn(folder, 'DNS:localhost')
    const port = await freePort()
    await startOwn(
      t,
      '--tls-port',
      String(port),
      '--tls-cert-file',
      cert,
      '--tls-key-file',
      secret,
      '--tls-ca-cert-file',
      cert,
    )
    const own = { rootcert: `sslrootcert=${cert}`, mutual: `sslcert=${cert}&sslkey=${secret}` }
    const { ownerUrl } = await databaseWithRole(t)
    const at = (host: string, words: string) => `rediss://${host}:${port}/0?${words}`
    const service = await stageOf(t, ownerUrl, { REDIS_URL: at('localhost', `${own.rootcert}&${own.mutual}`) }).serve()
    t.equal((await service.call('/health/ready')).status, 200)
    for (const [url, line] of [
      [at('localhost', own.mutual), /REDIS_URL: .*SELF_SIGNED.*is not trusted; .*NODE_EXTRA_CA_CERTS/],
      [at('127.0.0.1', `${own.rootcert}&${own.mutual}`), /REDIS_URL: .*ALTNAME.*another name/],
      [at('localhost', 'sslrootcert=/nowhere.pem'), /REDIS_URL: sslrootcert: the file cannot be read \(ENOENT\)/],
      [`redis://localhost:${port}`, /REDIS_URL: the server cannot be used/],
    ] as const) {
      t.match(await refusal(t, ownerUrl, { REDIS_URL: url }), line)
    }
  })

  void test('a database that is not there, a replica and an unknown parameter stop the start by name', async (t) => {
    const [server, replica] = [await startOwn(t), await startOwn(t)]
    const { ownerUrl } = await databaseWithRole(t)
    const admin = new Redis(replica.url)
    t.teardown(() => admin.disconnect())
    await admin.replicaof('127.0.0.1', new URL(server.url).port)
    for (const [url, line] of [
      [`${server.url}/400`, /REDIS_URL: the server cannot be used \(NO_DB\): it has no database of that number/],
      [`${server.url}/main`, /REDIS_URL: expected the number of a database/],
      [`${server.url}?tls=true`, /REDIS_URL: tls: there is no such parameter/],
      [`${server.url}?protocol=4`, /REDIS_URL: protocol: expected 2 or 3/],
      [replica.url, /REDIS_URL: the server cannot be used \(READONLY\): it is a replica, .*name the primary/],
    ] as const) {
      t.match(await refusal(t, ownerUrl, { REDIS_URL: url }), line)
    }
    const counters = await openRedisCounters(`${server.url}/200?protocol=3`, () => {})
    t.same(await counters.increment('a', 10), { count: 1, resetSeconds: 10 })
    await counters.close()
  })

  void test('a primary that becomes a replica is left for whoever is reached by its name then', async (t) => {
    const [first, second] = [await startOwn(t), await startOwn(t)]
    let target = Number(new URL(first.url).port)
    const name = await startName(t, () => target)
    const { ownerUrl } = await databaseWithRole(t)
    const stage = stageOf(t, ownerUrl, { REDIS_URL: `redis://127.0.0.1:${name}` })
    const service = await stage.serve()
    const create = 'user create --email ada@example.test --name Ada --password-stdin'
    t.equal((await stage.command(create, personsPassword)).code, 0)
    const logIn = async () =>
      (
        await service.call('/api/auth/login', {
          method: 'POST',
          json: { email: 'ada@example.test', password: personsPassword },
        })
      ).status
    t.equal(await logIn(), 200)
    const admin = new Redis(first.url)
    t.teardown(() => admin.disconnect())
    await admin.replicaof('127.0.0.1', new URL(second.url).port)
    target = Number(new URL(second.url).port)
    t.equal(await untilWanted('a sign-in counts again', logIn, (status) => status === 200), 200)
    t.match(service.said.stdout, /REDIS_URL: the server cannot be used \(READONLY\): it is a replica/)
  })

  void test('nothing is asked for but what every Redis and its proxies know', async (t) => {
    const server = await startOwn(t)
    const asked = new Set<string>()
    const spy = await startName(
      t,
      () => Number(new URL(server.url).port),
      (chunk) => {
        for (const [, command] of chunk.toString('latin1').matchAll(/\*\d+\r\n\$\d+\r\n([a-z]+)\r\n/gi))
          asked.add(command!.toLowerCase())
      },
    )
    const { ownerUrl } = await databaseWithRole(t)
    const stage = stageOf(t, ownerUrl, { REDIS_URL: `redis://127.0.0.1:${spy}` })
    await comesAndGoes(t, stage, await stage.serve())
    // INFO is asked once, and done without where it is refused.
    t.same([...asked].toSorted(), ['eval', 'info', 'ping'])
  })

  void test('a server that may let go of counters before their time is told of', async (t) => {
    const server = await startOwn(t, '--maxmemory', '100mb', '--maxmemory-policy', 'allkeys-lru')
    const { ownerUrl } = await databaseWithRole(t)
    const service = await stageOf(t, ownerUrl, { REDIS_URL: server.url }).serve()
    const line = service.said.stdout.split('\n').find((line) => line.includes('redis.evicts'))
    t.match(line, /"policy":"allkeys-lru".*REDIS_URL: .*noeviction/)
  })
}

/** A port that leads to another, which may change; connections of the past stay where they are. */
async function startName(t: Test, target: () => number, hear: (chunk: Buffer) => void = () => {}): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    const far = connect(target(), '127.0.0.1')
    near.on('data', hear)
    near.pipe(far).pipe(near)
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => {}).on('close', () => [near, far].forEach((one) => void one.destroy()))
    }
  })
  const port = await freePort()
  await new Promise<void>((done) => server.listen(port, '127.0.0.1', done))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return port
}
