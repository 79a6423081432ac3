/** Whoever guesses clients' secrets is stopped, on every path that takes one, and stops nobody whose secret works. */
import { test } from 'tap'
import { unavailable } from '../../src/core/errors.ts'
import { backends } from '../support/backends.ts'
import { basic, endpoints, post, refuses, type Registered, register } from '../support/oauth.ts'
import { type Answer, asks, type Service, startService } from '../support/service.ts'

const most = 30
const maxOfAddress = 300
const windowSeconds = 300

type Door = (client: Registered, address: string) => Promise<Answer>

/** Every path that takes a client's secret, and every way to send one. */
function doorsOf(service: Service): Record<string, Door> {
  const form = { grant_type: 'client_credentials', token: 'x' }
  const atOAuth = endpoints.flatMap((path): [string, Door][] => [
    [
      `Basic at ${path}`,
      ({ client_id, client_secret }, from) =>
        post(service, path, form, { ...basic(client_id, client_secret), 'x-forwarded-for': from }),
    ],
    [`a form at ${path}`, (client, from) => post(service, path, { ...form, ...client }, { 'x-forwarded-for': from })],
  ])
  const atTheEdge: Door = ({ client_id, client_secret }, from) => {
    const headers = { ...asks({ path: '/' }), ...basic(client_id, client_secret), 'x-forwarded-for': from }
    return service.call('/forward-auth', { headers })
  }
  return { ...Object.fromEntries(atOAuth), 'Basic at the edge': atTheEdge }
}

const guessing = (client: { client_id: string }, index: number | string = '') => ({
  client_id: client.client_id,
  client_secret: `guess-${index}`,
})

async function guess(door: Door, client: { client_id: string }, address: string, times: number): Promise<number[]> {
  const answers: Answer[] = []
  for (let index = 0; index < times; index++) answers.push(await door(guessing(client, index), address))
  return answers.map(({ status }) => status)
}

/** Holds back every look-up of a client until so many have passed whatever is checked before it. */
function lookUpTogether(services: readonly Service[], number: number): () => void {
  let [waiting, open] = [0, () => {}]
  const all = new Promise<void>((done) => (open = done))
  const restore = services.map(({ stores: { clients } }) => {
    const { find } = clients
    clients.find = async (id) => {
      if (++waiting >= number) open()
      await all
      return find(id)
    }
    return () => Object.assign(clients, { find })
  })
  return () => restore.forEach((put) => put())
}

const tally = (answers: Answer[], ...statuses: number[]) =>
  statuses.map((wanted) => answers.filter(({ status }) => status === wanted).length)

function tellsItsLimit(t: { match: Tap['match']; ok: Tap['ok'] }, answer: Answer, limit: number): void {
  const seconds = Number(answer.headers['retry-after'])
  // Until the slice of the first one has left the window.
  t.ok(seconds > 0 && seconds <= windowSeconds * (61 / 60), `retry after ${seconds}`)
  const told = { 'ratelimit-limit': `${limit}`, 'ratelimit-remaining': '0', 'ratelimit-reset': `${seconds}` }
  t.match(answer.headers, told)
}
type Tap = typeof import('tap').default

for (const backend of backends) {
  void test(`guessing clients’ secrets on ${backend.name} stores`, async (t) => {
    const service = await startService(t, { backend, yaml: { proxies: { basic: true } } })
    const doors = doorsOf(service)
    const atToken = doors['a form at /oauth/token']!
    let looks = 0
    const { find } = service.stores.clients
    service.stores.clients.find = (...given) => (looks++, find(...given))

    let addresses = 0
    for (const [name, door] of Object.entries(doors)) {
      await t.test(
        `${name}: past ${most} wrong ones no other is looked up, one that was proven goes on, and 429 tells its limit`,
        async (t) => {
          // None of this machine's own, which a proxy on it tells for whom it does not know.
          const address = `203.0.113.${++addresses}`
          const [fresh, known, other] = [await register(service), await register(service), await register(service)]
          t.equal((await door(known, address)).status, 200)
          for (const client of [fresh, known]) {
            t.ok((await guess(door, client, address, most)).every((status) => status === 401))
          }
          looks = 0
          for (const client of [fresh, guessing(fresh), guessing(known)]) {
            const refused = await door(client, address)
            t.equal(refused.status, 429)
            if (!name.includes('edge')) refuses(t, refused, 429, 'slow_down')
            tellsItsLimit(t, refused, most)
          }
          t.equal((await door(known, address)).status, 200)
          t.equal(looks, 0)
          service.clock.advance(61)
          t.equal((await door(known, address)).status, 200, 'also when it is looked up again')
          t.equal(looks, 1)
          t.equal((await door(other, address)).status, 200, 'other clients there are not locked out')
          t.equal((await door(fresh, '192.0.2.250')).status, 200, 'nor is the client elsewhere')
        },
      )
    }
    const three = most / 3
    await t.test('all doors count together', async (t) => {
      const client = await register(service)
      for (const door of Object.values(doors).slice(-3)) await guess(door, client, '192.0.2.101', three)
      for (const door of Object.values(doors)) t.equal((await door(client, '192.0.2.101')).status, 429)
    })
    await t.test('of any number of wrong ones at once no more than the limit are told so', async (t) => {
      const [victim, known] = [await register(service), await register(service)]
      t.equal((await atToken(known, '192.0.2.102')).status, 200)
      const burst = 4 * most
      const restore = lookUpTogether([service], burst + 1)
      const wrong = Promise.all(
        Array.from({ length: burst }, (_, index) => atToken(guessing(victim, index), '192.0.2.102')),
      )
      const [right, ...alsoRight] = await Promise.all([
        atToken(victim, '192.0.2.102'),
        ...Array.from({ length: 10 }, () => atToken(known, '192.0.2.102')),
      ])
      restore()
      const answers = await wrong
      t.same(tally(answers, 401, 429), [most, burst - most])
      for (const answer of answers.filter(({ status }) => status === 429)) tellsItsLimit(t, answer, most)
      t.equal(right.status, 200, 'a right one that came among them is not refused for them')
      t.ok(alsoRight.every(({ status }) => status === 200))
      t.equal((await atToken(victim, '192.0.2.102')).status, 200, 'nor later, since it was proven')
      const others = await Promise.all(Array.from({ length: 5 }, () => register(service)))
      for (const other of others) {
        const answer = await atToken(other, '192.0.2.102')
        t.equal(answer.status, 200, 'what is beyond one client’s limit counts against no other')
      }
      for (const index of others.keys()) await guess(atToken, { client_id: `unknown-${index}` }, '192.0.2.102', most)
      const counted = { key: 'client-auth:192.0.2.102', windowSeconds }
      t.equal(await service.budgets.look([{ ...counted, most: 6 * most + 1 }]), undefined)
      t.ok(await service.budgets.look([{ ...counted, most: 6 * most }]))
    })
    await t.test('nor of assertions that prove nothing', async (t) => {
      const victim = await register(service)
      const claims = Buffer.from(JSON.stringify({ sub: victim.client_id })).toString('base64url')
      const assertion = {
        client_assertion: `e30.${claims}.x`,
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      }
      const burst = maxOfAddress + 50
      const restore = lookUpTogether([service], burst)
      const from = { 'x-forwarded-for': '192.0.2.111' }
      const forge = () => post(service, '/oauth/token', { grant_type: 'client_credentials', ...assertion }, from)
      const answers = await Promise.all(Array.from({ length: burst }, forge))
      restore()
      t.same(tally(answers, 401, 429), [maxOfAddress, 50])
      t.equal((await atToken(victim, '192.0.2.112')).status, 200, 'the client that was named goes on')
    })
    await t.test(`of one address ${maxOfAddress}, whatever clients it names`, async (t) => {
      const [known, fresh] = [await register(service), await register(service)]
      t.equal((await atToken(known, '192.0.2.103')).status, 200)
      const burst = maxOfAddress + 50
      const restore = lookUpTogether([service], burst)
      const answers = await Promise.all(
        Array.from({ length: burst }, (_, index) => atToken(guessing({ client_id: `c-${index}` }), '192.0.2.103')),
      )
      restore()
      t.same(tally(answers, 401, 429), [maxOfAddress, 50])
      for (const answer of answers.filter(({ status }) => status === 429)) tellsItsLimit(t, answer, maxOfAddress)
      for (const door of Object.values(doors)) tellsItsLimit(t, await door(fresh, '192.0.2.103'), maxOfAddress)
      t.equal((await atToken(known, '192.0.2.103')).status, 200)
      t.equal((await atToken(fresh, '192.0.2.104')).status, 200)
    })
    await t.test('a public client goes on by its name, whatever secrets were guessed in it', async (t) => {
      const open = await register(service, { grants: ['refresh_token'], public: true })
      const unseen = await register(service, { grants: ['refresh_token'], public: true })
      await guess(atToken, unseen, '192.0.2.113', most + 1)
      const first = { client_id: unseen.client_id, token: 'x' }
      const answer = await post(service, '/oauth/revoke', first, { 'x-forwarded-for': '192.0.2.113' })
      t.equal(answer.status, 200, 'also where it was never seen')
      for (const client_id of ['gatehouse', open.client_id]) {
        const byName = () =>
          post(service, '/oauth/revoke', { client_id, token: 'x' }, { 'x-forwarded-for': '192.0.2.109' })
        t.equal((await byName()).status, 200)
        t.ok((await guess(atToken, { client_id }, '192.0.2.109', most)).every((status) => status === 401))
        t.equal((await atToken(guessing({ client_id }), '192.0.2.109')).status, 429)
        t.equal((await byName()).status, 200)
        for (const client_secret of ['=', '\n', client_id]) {
          t.equal((await atToken({ client_id, client_secret }, '192.0.2.110')).status, 401, 'with a secret it is none')
        }
      }
      await service.operate('DELETE', `/clients/${open.client_id}`)
      const gone = { client_id: open.client_id, token: 'x' }
      t.equal((await post(service, '/oauth/revoke', gone, { 'x-forwarded-for': '192.0.2.110' })).status, 401)
    })
    await t.test(
      'a secret that was replaced is told to be wrong, and is a guess like any other from then on',
      async (t) => {
        const client = await register(service)
        t.equal((await atToken(client, '192.0.2.105')).status, 200)
        await guess(atToken, client, '192.0.2.105', most)
        await service.operate('POST', `/clients/${client.client_id}/secret`)
        t.equal((await atToken(client, '192.0.2.105')).status, 401)
        t.equal((await atToken(client, '192.0.2.105')).status, 429)
      },
    )
    await t.test('without budgets a secret that was not seen before is neither refused nor let in', async (t) => {
      const [known, fresh] = [await register(service), await register(service)]
      for (const door of Object.values(doors)) t.equal((await door(known, '192.0.2.106')).status, 200)
      await guess(atToken, known, '192.0.2.106', 1)
      const { look, spend } = service.stores.budgets
      t.teardown(() => Object.assign(service.stores.budgets, { look, spend }))
      const gone = async () => {
        throw unavailable(new Error('the budgets are gone'))
      }
      service.stores.budgets.look = gone
      for (const [name, door] of Object.entries(doors)) {
        if (!name.includes('revoke')) {
          t.equal((await door(fresh, '192.0.2.106')).status, 503, name)
          t.equal((await door(guessing(fresh), '192.0.2.106')).status, 503, `${name}: nor is a wrong one told from it`)
        }
        t.equal((await door(known, '192.0.2.106')).status, 200, `${name}: a known one needs none`)
      }
      for (const door of Object.entries(doors).flatMap(([name, door]) => (name.includes('revoke') ? [door] : []))) {
        t.equal((await door(guessing(fresh), '192.0.2.106')).status, 401, 'what takes rights away judges it')
        t.equal((await door(await register(service), '192.0.2.106')).status, 200, 'and takes them away')
      }
      Object.assign(service.stores.budgets, { look, spend: gone })
      t.equal((await atToken(guessing(fresh), '192.0.2.106')).status, 503, 'a failure that is not counted is a fault')
    })
    if (backend.name === 'embedded') {
      await t.test('until the window ends', async (t) => {
        const client = await register(service)
        await guess(atToken, client, '192.0.2.107', most)
        service.clock.advance(windowSeconds - 1)
        t.equal((await atToken(client, '192.0.2.107')).status, 429)
        service.clock.advance(1 + windowSeconds / 60)
        t.equal((await atToken(client, '192.0.2.107')).status, 200)
      })
    } else {
      await t.test('replicas count together, also what comes to both at once', async (t) => {
        const second = await startService(t, { beside: service, yaml: { proxies: { basic: true } } })
        const other = doorsOf(second)['a form at /oauth/token']!
        const client = await register(service)
        t.equal((await atToken(client, '192.0.2.108')).status, 200)
        const restore = lookUpTogether([service, second], 4 * most)
        const answers = await Promise.all(
          Array.from({ length: 4 * most }, (_, index) =>
            (index % 2 === 0 ? atToken : other)(guessing(client, index), '192.0.2.108'),
          ),
        )
        restore()
        t.same(tally(answers, 401, 429), [most, 3 * most])
        t.equal((await atToken(client, '192.0.2.108')).status, 200, 'where it was proven it goes on')
        t.equal((await other(client, '192.0.2.108')).status, 429, 'elsewhere it waits')
      })
    }
  })
}
