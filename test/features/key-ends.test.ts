/** Keys that come to an unforeseen end, by an emergency or by what is found in the store. */
import postgres from 'postgres'
import { test, type Test } from 'tap'
import { backends, hasServers } from '../support/backends.ts'
import { atEdge, day, hour, inStep, kidOf, profile, published, ringOf, startTwo, untilStatus } from '../support/keys.ts'
import { until } from '../support/patience.ts'
import { testSecret } from '../support/secrets.ts'
import { basic } from '../support/oauth.ts'
import { asks, newClient, type Service, startService } from '../support/service.ts'

/** Programs show their secret at the edge where a host takes it. */
const hosts = {
  'app.example.test': { credentials: ['bearer', 'session', 'basic'], rules: [{ allow: 'signed-in' }] },
}

for (const backend of backends) {
  void test(`the end of signing keys on ${backend.name} stores`, async (t) => {
    await t.test(
      'whichever key ends, another one that verifiers know signs at once, and has a successor',
      async (t) => {
        const [service, other] = await startTwo(t, backend)
        const user = await service.createUser()
        const end = (kid: string) => service.operate('POST', '/keys/rotate', { compromised: true, kid })
        const kids = async (status: string) =>
          (await ringOf(service)).filter((key) => key.startsWith(`${status} `)).map((key) => key.split(' ')[1]!)
        /** Ends a key and tells which one signs then, after a look at everything that must go on. */
        async function signsAfter(t: Test, kid: string): Promise<string> {
          const held = await other.signIn(user)
          const wasSigning = kidOf(held.accessToken) === kid
          const { keys } = await end(kid)
          t.ok(keys.some((key: { kid: string; status: string }) => key.kid === kid && key.status === 'retired'))
          const [known, active, next] = [await published(service), await kids('active'), await kids('next')]
          t.equal(active.length, 1)
          t.ok(next.length > 0, 'the next one is published')
          t.same(known.toSorted(), [...active, ...next, ...(await kids('retiring'))].toSorted())
          await untilStatus(wasSigning ? 401 : 200, () => atEdge(other, held.accessToken))
          await inStep(service, other)
          for (const replica of [service, other]) {
            t.equal((await atEdge(replica, held.accessToken)).status, wasSigning ? 401 : 200)
            const { accessToken, cookie } = await replica.signIn(user)
            t.equal(kidOf(accessToken), active[0])
            t.equal((await atEdge(other, accessToken)).status, 200)
            t.equal((await replica.call('/health/ready')).status, 200)
            const out = { method: 'POST', headers: { cookie, origin: service.issuer, 'sec-fetch-site': 'same-origin' } }
            t.equal((await replica.call('/api/auth/logout', out)).status, 204, 'people can sign out')
          }
          return active[0]!
        }
        const [first, second] = (await published(service)) as [string, string]
        await service.operate('POST', '/keys/rotate', { compromised: false })
        t.equal(await signsAfter(t, first), second, 'the active key, while its successor is published')
        t.equal(await signsAfter(t, (await kids('next'))[0]!), second, 'a next key')
        service.clock.advance(2 * hour)
        await service.gatehouse.maintain()
        await service.operate('POST', '/keys/rotate', { compromised: false })
        t.same(await kids('retiring'), [second])
        const third = (await kids('active'))[0]!
        t.equal(await signsAfter(t, second), third, 'a retiring key')
        service.clock.advance(30 * day)
        const overdue = (await kids('active'))[0]!
        t.not(overdue, third)
        t.not(await signsAfter(t, overdue), overdue, 'the last key of a ring that nobody kept')
        if (service.backend.replica !== undefined) {
          const restarted = await startService(t, { beside: service })
          const active = (await kids('active'))[0]
          t.equal(kidOf((await restarted.signIn(user)).accessToken), active, 'and a start finds it so')
        }
      },
    )

    await t.test(
      'a compromised key takes every token it signed along, at once and everywhere; people stay signed in',
      async (t) => {
        const [service, other] = await startTwo(t, backend, { yaml: { hosts } })
        const signedIn = await service.signIn(await service.createUser())
        const { client_id, client_secret } = await service.operate('POST', '/clients', newClient)
        const lasting = {
          'a session': { cookie: signedIn.cookie },
          'a client’s secret': basic(client_id, client_secret),
        }
        const ask = (replica: Service, headers: object) =>
          replica.call('/forward-auth', { headers: { ...asks({ path: '/reports' }), ...headers } })
        const ended = await published(service)
        for (const replica of [service, other]) {
          for (const [what, headers] of Object.entries(lasting)) {
            const answer = await ask(replica, headers)
            t.equal(kidOf(String(answer.headers['x-auth-assertion'])), ended[0], `${what}, before it`)
          }
          t.equal((await atEdge(replica, signedIn.accessToken)).status, 200)
          t.equal((await profile(replica, signedIn.accessToken)).status, 200)
        }
        const { notice, keys } = await service.operate('POST', '/keys/rotate', { compromised: true })
        t.match(notice, /GATEHOUSE_SECRET must be replaced as well/)
        t.same(
          keys.map(({ status }: { status: string }) => status).toSorted(),
          ['active', 'next', 'retired', 'retired'],
          'the next one has ended, too, and others take both places',
        )
        t.equal((await atEdge(service, signedIn.accessToken)).status, 401, 'here before the command returns')
        await untilStatus(401, () => atEdge(other, signedIn.accessToken))
        for (const replica of [service, other]) {
          t.equal((await profile(replica, signedIn.accessToken)).status, 401)
          const keys = await published(replica)
          t.equal(keys.length, 2)
          t.notOk(
            keys.some((kid) => ended.includes(kid)),
            'the old keys are published no more',
          )
          for (const [what, headers] of Object.entries(lasting)) {
            const answer = await ask(replica, headers)
            t.equal(answer.status, 200, `${what} is not signed by a key`)
            t.equal(kidOf(String(answer.headers['x-auth-assertion'])), keys[0], 'and its assertion is made anew')
          }
        }
        const json = { refresh_token: signedIn.refreshToken }
        const renewed = await other.call('/api/auth/refresh', { method: 'POST', json })
        t.equal(renewed.status, 200, 'a refresh brings a token of the new key')
        t.equal((await atEdge(service, renewed.json().access_token)).status, 200)
        await t.rejects(service.operate('POST', '/keys/rotate', { compromised: true, kid: 'unknown' }), /404/)
        await t.rejects(service.operate('POST', '/keys/rotate', { compromised: false, kid: ended[0] }), /400/)
        t.match(service.logged(), /"event":"key.compromised"/)
      },
    )
  })
}

if (hasServers) {
  const clustered = backends[1]!
  void test('the end of signing keys, of several replicas', async (t) => {
    await t.test('a start gives a ring in which no key signs one that does', async (t) => {
      const service = await startService(t, { backend: clustered })
      const [active, next] = (await service.stores.signingKeys.list()).toSorted(
        (a, b) => +a.activatesAt - +b.activatesAt,
      )
      const nothing = { create: [], reschedule: [], compromised: [], reseal: [], remove: [] }
      const at = new Date(service.clock.now())
      await service.stores.signingKeys.change(async () => ({ ...nothing, compromised: [{ kid: active!.kid, at }] }))
      const promoted = await startService(t, { beside: service })
      t.equal((await published(promoted))[0], next!.kid, 'the next one, where there is one')
      await service.stores.signingKeys.change(async (keys) => ({ ...nothing, remove: keys.map(({ kid }) => kid) }))
      const made = await startService(t, { beside: service })
      t.match(await ringOf(made), [/^next /, /^active /], 'otherwise a new one')
      t.equal(kidOf((await made.signIn(await made.createUser())).accessToken), (await published(made))[0])
    })

    await t.test('a replica that missed the end of a key looks at all keys', async (t) => {
      const [service, other] = await startTwo(t, clustered)
      const user = await service.createUser()
      const { accessToken } = await service.signIn(user)
      t.equal((await atEdge(other, accessToken)).status, 200)
      const [old] = await published(service)
      const { revocations } = other.stores
      const { readAfter } = revocations
      revocations.readAfter = () => Promise.reject(new Error('the feed cannot be read'))
      await service.operate('POST', '/keys/rotate', { compromised: true, kid: old })
      // Housekeeping has let go of what the replica was not there to read, and somebody else changed since.
      await service.operate('PUT', `/users/${(await service.createUser()).id}/status`, { status: 'disabled' })
      const sql = postgres(service.backend.databaseUrl!, { max: 1 })
      await sql`delete from revocations where sequence < (select max(sequence) from revocations)`
      await sql.end()
      t.ok((await published(other)).includes(old!), 'it has not heard of it')
      revocations.readAfter = readAfter
      await until('the feed is read again', () => other.logged().includes('"event":"feed.recovered"'))
      t.match(other.logged(), /"event":"feed.gap"/)
      t.equal((await atEdge(other, accessToken)).status, 401)
      t.notOk((await published(other)).includes(old!))
    })

    await t.test('a ring that cannot be read lets no key count of which it knows that it may have ended', async (t) => {
      const [service, other] = await startTwo(t, clustered)
      const signedIn = await service.signIn(await service.createUser())
      const [old] = await published(service)
      const { list } = other.stores.signingKeys
      other.stores.signingKeys.list = () => Promise.reject(new Error('the keys cannot be read'))
      await service.operate('POST', '/keys/rotate', { compromised: true, kid: old })
      await untilStatus(503, () => atEdge(other, signedIn.accessToken))
      t.equal((await profile(other, signedIn.accessToken)).status, 503, 'neither allowed nor not signed in')
      t.notOk((await published(other)).includes(old!), 'nor is it published')
      t.equal((await other.call('/health/ready')).status, 503)
      other.stores.signingKeys.list = list
      await untilStatus(200, () => other.call('/health/ready'))
      t.equal((await atEdge(other, signedIn.accessToken)).status, 401)
    })

    await t.test(
      'a replica that cannot open the new keys lets the ended one go, and says that it is not well',
      async (t) => {
        const [a, b] = [7, 9].map((number) => testSecret(number).toString('base64')) as [string, string]
        const service = await startService(t, { backend: clustered })
        const environment = { GATEHOUSE_SECRET: b, GATEHOUSE_SECRET_PREVIOUS: a }
        const ahead = await startService(t, { beside: service, environment })
        const signedIn = await service.signIn(await service.createUser())
        await ahead.operate('POST', '/keys/rotate', { compromised: true })
        await untilStatus(401, () => atEdge(service, signedIn.accessToken))
        t.equal((await service.call('/health/ready')).status, 503)
        t.match(service.logged(), /"event":"keys.unopened".*GATEHOUSE_SECRET: expected the secret/)
        const byCookie = { ...asks({ path: '/reports' }), cookie: signedIn.cookie }
        t.equal((await service.call('/forward-auth', { headers: byCookie })).status, 503, 'it has nothing to sign with')
        t.equal((await ahead.call('/forward-auth', { headers: byCookie })).status, 200)
        const out = { cookie: signedIn.cookie, origin: service.issuer, 'sec-fetch-site': 'same-origin' }
        const answer = await service.call('/api/auth/logout', { method: 'POST', headers: out })
        t.equal(answer.status, 204, 'what takes rights away needs no key')
        await t.rejects(
          service.operate('POST', '/keys/rotate', { compromised: false }),
          /409.*GATEHOUSE_SECRET: expected/,
        )
      },
    )
  })
}
