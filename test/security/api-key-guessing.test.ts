/** Whoever guesses API keys is stopped, on every path that takes one, and stops nobody whose key works. */
import { test } from 'tap'
import { makeApiKey } from '../../src/core/api-key.ts'
import { unavailable } from '../../src/core/errors.ts'
import { auditLinesOf } from '../support/audit.ts'
import { backends } from '../support/backends.ts'
import { type Answer, asks, bearer, newClient, type Service, startService } from '../support/service.ts'

const most = 100
const windowSeconds = 300

type Door = (key: string, address: string) => Promise<Answer>

/**
 * Every path that takes a key from whoever comes. Introspection takes it from clients that have proven who they are, and
 * revocation says nothing about it.
 */
function doorsOf(service: Service) {
  const edge = (headers: object, from: string, url = '/forward-auth') =>
    service.call(url, { headers: { ...asks({ path: '/' }), ...headers, 'x-forwarded-for': from } })
  const profile = (headers: object, from: string) =>
    service.call('/api/users/me', { headers: { ...headers, 'x-forwarded-for': from } })
  return {
    'Bearer at the edge': (key, from) => edge(bearer(key), from),
    'X-API-Key at the edge': (key, from) => edge({ 'x-api-key': key }, from),
    'X-API-Key through nginx': (key, from) => {
      const asked = { 'x-original-method': 'GET', 'x-original-url': 'http://app.example.test/' }
      return edge({ ...asked, 'x-api-key': key }, from, '/forward-auth/nginx')
    },
    'Bearer at the API': (key, from) => profile(bearer(key), from),
    'X-API-Key at the API': (key, from) => profile({ 'x-api-key': key }, from),
  } satisfies Record<string, Door>
}

/** A person, and the making of keys of theirs. */
async function keyMaker(service: Service): Promise<() => Promise<string>> {
  const user = await service.createUser()
  return async () => {
    // Making a key needs a fresh proof, and the clock moves on between two.
    const { cookie } = await service.signIn(user)
    const call = { method: 'POST', headers: { cookie, origin: service.issuer }, json: { name: 'Job', scopes: [] } }
    return (await service.call('/api/users/me/api-keys', call)).json().key
  }
}

const isRefusal = ({ status }: Answer) => status === 429 || status === 403

async function guess(door: Door, address: string, times: number): Promise<Answer[]> {
  const answers: Answer[] = []
  for (let left = times; left > 0; left -= 20) {
    const some = Array.from({ length: Math.min(left, 20) }, () => door(makeApiKey(), address))
    answers.push(...(await Promise.all(some)))
  }
  return answers
}

for (const backend of backends) {
  void test(`guessing API keys on ${backend.name} stores`, async (t) => {
    const service = await startService(t, { backend })
    const { client_id, client_secret } = await service.operate('POST', '/clients', newClient)
    const caller = { client_id, client_secret }
    const doors = doorsOf(service)
    const makeKey = await keyMaker(service)
    const edge = doors['X-API-Key at the edge']
    let looks = 0
    const find = service.stores.apiKeys.findLive
    service.stores.apiKeys.findLive = (...given) => (looks++, find(...given))

    let addresses = 0
    for (const [name, door] of Object.entries(doors)) {
      await t.test(`${name}: after ${most} wrong keys from one address no other is looked up`, async (t) => {
        // None of this machine's own, which a proxy on it tells for whom it does not know.
        const address = `203.0.113.${++addresses}`
        const [key, known] = [await makeKey(), await makeKey()]
        t.equal((await door(known, address)).status, 200)
        t.notOk((await guess(door, address, most)).some(isRefusal), 'so many are looked up')
        looks = 0
        const refused = await door(key, address)
        const status = name.includes('nginx') ? 403 : 429
        t.equal(refused.status, status, 'not even the right one')
        if (status === 429) {
          const seconds = Number(refused.headers['retry-after'])
          t.ok(seconds > 0 && seconds <= windowSeconds * (61 / 60), `retry after ${seconds}`)
          const told = { limit: refused.headers['ratelimit-limit'], reset: refused.headers['ratelimit-reset'] }
          t.same(told, { limit: `${most}`, reset: `${seconds}` })
          t.match(refused.json(), { code: 'too_many_requests' })
        }
        t.equal(looks, 0)
        t.equal((await door(known, address)).status, 200, 'one that worked before goes on')
        service.clock.advance(61)
        t.equal((await door(known, address)).status, 200, 'also when it is looked up again')
        t.equal(looks, 1)
        t.equal((await door(key, '192.0.2.250')).status, 200, 'other addresses are not locked out')
        // Counters in Redis know no other clock than its own.
        if (backend.name === 'embedded') {
          service.clock.advance(windowSeconds * (61 / 60))
          t.equal((await door(await makeKey(), address)).status, 200, 'until the window ends')
        }
      })
    }
    await t.test('all doors count together, an IPv6 network as one address, a mistyped key not at all', async (t) => {
      const typo = () => {
        const key = makeApiKey()
        return key.slice(0, -1) + (key.endsWith('A') ? 'B' : 'A')
      }
      for (let i = 0; i < most; i++) await edge(typo(), '2001:db8:1:2::1')
      const all = Object.values(doors)
      for (const [at, door] of all.entries()) {
        const times = at === 0 ? most - 10 * (all.length - 1) : 10
        t.notOk((await guess(door, `2001:db8:1:2::${at}`, times)).some(isRefusal))
      }
      const key = await makeKey()
      t.equal((await edge(key, '2001:db8:1:2:ffff::1')).status, 429)
      t.equal((await edge(typo(), '2001:db8:1:2:ffff::1')).status, 401)
      t.equal((await edge(key, '2001:db8:1:3::1')).status, 200)
    })
    await t.test('of any number of tries at once no more than the limit are answered', async (t) => {
      const answers = await Promise.all(Array.from({ length: 2 * most }, () => edge(makeApiKey(), '192.0.2.203')))
      const count = (status: number) => answers.filter((answer) => answer.status === status).length
      t.same([count(401), count(429)], [most, most])
    })
    await t.test('a key that is revoked is told to be so, whatever was guessed from the same address', async (t) => {
      const key = await makeKey()
      t.equal((await edge(key, '192.0.2.204')).status, 200)
      await guess(edge, '192.0.2.204', most)
      await service.call('/oauth/revoke', { method: 'POST', form: { client_id: 'gatehouse', token: key } })
      t.equal((await edge(key, '192.0.2.204')).status, 401)
      t.equal((await edge(key, '192.0.2.204')).status, 429, 'from then on it is one of the wrong ones')
    })
    await t.test(
      'what is shown to a resource server, which asks about it, locks out no key that comes after',
      async (t) => {
        const ask = async (token: string) => {
          const answer = await service.call('/oauth/introspect', { method: 'POST', form: { ...caller, token } })
          return { status: answer.status, ...answer.json() }
        }
        const wrong = await Promise.all(Array.from({ length: 2 * most }, () => ask(makeApiKey())))
        t.same(new Set(wrong.map(({ status }) => status)), new Set([200]))
        t.match(await ask(await makeKey()), { status: 200, active: true })
      },
    )
    await t.test('a limit is no fault, and no line of the log ever holds a key', async (t) => {
      t.notMatch(service.logged(), /forward_auth\.(failed|outage)|request\.failed/)
      t.match(service.logged(), /"api_key\.failed"/)
      t.notMatch(service.logged(), /ghk_/)
    })
    await t.test('without budgets a key that was not seen before is neither refused nor let in', async (t) => {
      const { look, spend } = service.stores.budgets
      let asked = 0
      const known = await makeKey()
      const fresh = await Promise.all(Object.keys(doors).map(makeKey))
      await edge(known, '192.0.2.201')
      service.stores.budgets.look = async () => {
        asked++
        throw unavailable(new Error('the budgets are gone'))
      }
      t.teardown(() => Object.assign(service.stores.budgets, { look, spend }))
      for (const [name, door] of Object.entries(doors)) {
        const answer = await door(fresh.pop()!, '192.0.2.201')
        t.equal(answer.status, 503, name)
        if (!name.includes('nginx')) t.ok(Number(answer.headers['retry-after']) > 0)
        t.equal((await door(makeApiKey(), '192.0.2.201')).status, 503, `${name}: nor is a wrong one told from it`)
      }
      asked = 0
      for (let i = 0; i < 20; i++) t.equal((await edge(known, '192.0.2.201')).status, 200)
      service.clock.advance(61)
      t.equal((await edge(known, '192.0.2.201')).status, 200)
      t.equal(asked, 0, 'a known key needs none')
      Object.assign(service.stores.budgets, {
        look,
        spend: () => Promise.reject(unavailable(new Error('the budgets are gone'))),
      })
      t.equal((await edge(makeApiKey(), '192.0.2.201')).status, 503, 'a failure that cannot be counted is a fault')
    })
    if (backend.name === 'clustered') {
      await t.test('replicas count together, and the count outlives them', async (t) => {
        const second = await startService(t, { beside: service })
        const other = doorsOf(second)['X-API-Key at the edge']
        await guess(edge, '192.0.2.202', most / 2)
        t.ok((await guess(other, '192.0.2.202', most / 2)).every(({ status }) => status === 401))
        const key = await makeKey()
        for (const door of [edge, other]) t.equal((await door(key, '192.0.2.202')).status, 429)
        const later = await startService(t, { beside: service })
        const restarted = doorsOf(later)['X-API-Key at the edge']
        t.equal((await restarted(key, '192.0.2.202')).status, 429)
      })
    }
  })
}

void test('the trail says where a wrong key came from, or that nobody told it', async (t) => {
  const service = await startService(t)
  const edge = doorsOf(service)['X-API-Key at the edge']
  for (const from of ['192.0.2.77', 'unknown']) await edge(makeApiKey(), from)
  const told = auditLinesOf(service).filter(({ event }) => event === 'api_key.failed')
  t.same(
    told.map(({ ip }) => ip),
    ['192.0.2.77', 'unknown'],
  )
})
