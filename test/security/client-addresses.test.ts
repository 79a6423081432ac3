/** Addresses that a proxy tells wrongly, or a client chooses: none of them is in a network that a rule grants something to. */
import { request } from 'node:http'
import { networkInterfaces } from 'node:os'
import { test } from 'tap'
import { makeApiKey } from '../../src/core/api-key.ts'
import { basic } from '../support/oauth.ts'
import { asks, bearer, exampleRules, newClient, type Service, startService } from '../support/service.ts'

const everywhere = ['0.0.0.0/0', '::/0']

/** What cannot be taken for an address. */
const broken = [
  ...[
    '',
    ' ',
    ',',
    'unknown',
    '_hidden',
    'localhost',
    'a.example',
    '"198.51.100.7"',
    '198.51.100.7:443',
    '[2001:db8::1]',
  ],
  ...[
    '198.51.100',
    '198.51.100.256',
    '0x7f.1',
    '198.51.100.7 198.51.100.8',
    '198.51.100.7;',
    'for=198.51.100.7',
    '::g',
  ],
  ...['198.51.100.7,', '198.51.100.7, unknown', '198.51.100.7, unknown, 127.0.0.2'],
]

void test('the address of a client', async (t) => {
  const service = await startService(t, {
    yaml: {
      hosts: { ...exampleRules.hosts, 'net.example.test': { rules: [{ networks: everywhere, allow: 'anyone' }] } },
      proxies: { trusted: ['127.0.0.2/32'] },
      metrics: { networks: ['198.51.100.0/24', ...everywhere] },
    },
  })
  /** Asks as the trusted peer. */
  const get = (path: string, headers: Record<string, string>) => statusOf(service, path, headers)
  const question = (chain: string) =>
    get('/forward-auth/traefik', { ...asks({ path: '/', host: 'net.example.test' }), 'x-forwarded-for': chain })
  const metrics = (chain: string) => get('/metrics', { 'x-forwarded-for': chain })

  await t.test('is one that a trusted proxy told', async (t) => {
    for (const chain of ['198.51.100.7', '2001:db8::1', 'nonsense, 198.51.100.7', '198.51.100.7, 127.0.0.2']) {
      t.same([await question(chain), await metrics(chain)], [200, 200], chain)
    }
  })
  await t.test('is in no network when the chain holds something else', async (t) => {
    for (const chain of broken) t.same([await question(chain), await metrics(chain)], [403, 404], chain)
  })
  await t.test('is in no network when a proxy on this machine names this machine', async (t) => {
    const own = Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address))
    t.ok(own.includes('127.0.0.1'))
    for (const address of own.concat('::ffff:127.0.0.1')) {
      t.same([await question(address), await metrics(address)], [403, 404], address)
      const behind = `198.51.100.7, ${address}, 127.0.0.2`
      t.same([await question(behind), await metrics(behind)], [403, 404], behind)
    }
  })
  await t.test('that no proxy told is nobody’s to use up: others like that are not locked out', async (t) => {
    const limits = { requests_per_minute: 50, secret_tests_per_minute: 5 }
    const proxies = { trusted: ['127.0.0.2/32'], basic: true }
    const limited = await startService(t, { yaml: { limits, proxies } })
    const { client_id, client_secret } = await limited.operate('POST', '/clients', newClient)
    const user = await limited.createUser()
    const unknown = { 'x-forwarded-for': 'unknown' }
    const json = { 'content-type': 'application/json' }
    const edge = { ...asks({ path: '/' }), ...unknown }
    const logIn = (email: string, password: string, from: string) =>
      statusOf(limited, '/api/auth/login', { ...json, 'x-forwarded-for': from }, JSON.stringify({ email, password }))
    for (let i = 0; i < 60; i++) t.equal(await logIn(`nobody-${i}@example.test`, 'wrong', 'unknown'), 401)
    t.equal(await logIn(user.email, user.password, 'unknown'), 200)
    const told = []
    for (let i = 0; i < 6; i++) told.push(await logIn(`told-${i}@example.test`, 'wrong', '198.51.100.7'))
    t.same(told, [401, 401, 401, 401, 401, 429], 'whose address was told is limited')
    const forged = (secret: string) => ({ ...edge, ...basic(client_id, secret) })
    for (let i = 0; i < 40; i++) await statusOf(limited, '/forward-auth/traefik', forged(`wrong-${i}`))
    t.equal(await statusOf(limited, '/forward-auth/traefik', forged(client_secret)), 200)
    for (let i = 0; i < 150; i++) await statusOf(limited, '/forward-auth/traefik', { ...edge, ...bearer(makeApiKey()) })
    const key = (await limited.operate('POST', '/api-keys', { client: client_id, name: 'Job', scopes: [] })).key
    t.equal(await statusOf(limited, '/forward-auth/traefik', { ...edge, ...bearer(key) }), 200)
    t.equal(limited.logged().match(/"event":"api_key.failed"/g)?.length, 100, 'nor do they fill the trail')
  })
  await t.test('stands in the trail as an address, or as unknown', async (t) => {
    const refused = async (chain: string) => {
      const body = JSON.stringify({ email: 'nobody@example.test', password: 'wrong and long enough' })
      const headers = { 'x-forwarded-for': chain, 'content-type': 'application/json' }
      t.equal(await statusOf(service, '/api/auth/login', headers, body), 401)
      return service
        .logged()
        .match(/"ip":"[^"]*"/g)
        ?.at(-1)
    }
    t.equal(await refused('x, 198.51.100.7'), '"ip":"198.51.100.7"')
    t.equal(await refused('198.51.100.7, <script>'), '"ip":"unknown"')
    t.notMatch(service.logged(), 'script')
  })
})

function statusOf(service: Service, path: string, headers: Record<string, string>, body?: string): Promise<number> {
  const method = body === undefined ? 'GET' : 'POST'
  const options = { host: '127.0.0.1', port: service.port, localAddress: '127.0.0.2', path, headers, method }
  return new Promise((done, fail) => {
    request(options, (answer) => {
      answer.resume().on('end', () => done(answer.statusCode ?? 0))
    })
      .on('error', fail)
      .end(body)
  })
}
