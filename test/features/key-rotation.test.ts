/** Keys that change while tokens, replicas and verifiers live on. */
import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose'
import { test } from 'tap'
import { type Backend, backends } from '../support/backends.ts'
import { testSecret } from '../support/secrets.ts'
import { asks, bearer, type Service, startService } from '../support/service.ts'

const kidOf = (token: string) => decodeProtectedHeader(token).kid!
const published = async (service: Service): Promise<string[]> =>
  (await service.call('/.well-known/jwks.json')).json().keys.map(({ kid }: { kid: string }) => kid)
const atEdge = (service: Service, token: string) =>
  service.call('/forward-auth', { headers: { ...asks({ path: '/reports' }), ...bearer(token) } })
const profile = (service: Service, token: string) => service.call('/api/users/me', { headers: bearer(token) })
const day = 86_400

/** Asks until the answer has this status; the test's own timeout ends a wait in vain. */
async function until(status: number, ask: () => Promise<{ status: number }>): Promise<void> {
  while ((await ask()).status !== status) continue
}

/** Two replicas where state can be shared, otherwise the one service in both roles. */
async function startTwo(t: { teardown(after: () => unknown): unknown }, backend: Backend) {
  const service = await startService(t, { backend })
  const other = service.backend.replica === undefined ? service : await startService(t, { beside: service })
  return [service, other] as const
}

for (const backend of backends) {
  void test(`key rotation on ${backend.name} stores`, async (t) => {
    await t.test(
      'a key is published twice the cache time before it signs, and stays until its last token expired',
      async (t) => {
        const [service, other] = await startTwo(t, backend)
        const user = await service.createUser()
        const before = await service.signIn(user)
        const [old] = (await published(service)) as [string]
        await service.operate('POST', '/keys/rotate', { compromised: false })
        const both = await published(service)
        t.equal(both.length, 2, 'the successor is published at once')
        const successor = both.find((kid) => kid !== old)!
        while ((await published(other)).length < 2) continue
        service.clock.advance(599)
        t.equal(
          kidOf((await service.signIn(user)).accessToken),
          old,
          'and does not sign while verifiers may not know it',
        )
        const last = await other.signIn(user)
        t.equal(kidOf(last.accessToken), old)
        service.clock.advance(1)
        for (const replica of [service, other]) {
          t.equal(
            kidOf((await replica.signIn(user)).accessToken),
            successor,
            'then it signs everywhere, without a restart',
          )
          t.equal((await atEdge(replica, last.accessToken)).status, 200, 'what the old key signed still counts')
          t.equal((await profile(replica, last.accessToken)).status, 200)
        }
        const assertion = String((await atEdge(service, last.accessToken)).headers['x-auth-assertion'])
        t.equal(kidOf(assertion), successor)
        service.clock.advance(299)
        t.ok((await published(service)).includes(old), 'and verifiers find its key')
        service.clock.advance(62)
        t.same(await published(service), [successor], 'until nothing that it signed can be alive')
        t.equal((await atEdge(service, before.accessToken)).status, 401)
        t.same(
          (await service.operate<{ status: string }[]>('GET', '/keys')).map(({ status }) => status),
          ['active', 'retired'],
        )
      },
    )

    await t.test('the schedule rotates by itself, once over all replicas', async (t) => {
      const [service, other] = await startTwo(t, backend)
      const user = await service.createUser()
      const [first] = await published(service)
      service.clock.advance(30 * day - 700)
      await Promise.all([service, other].map(({ gatehouse }) => gatehouse.upkeep()))
      t.same(await published(service), [first], 'nothing is due yet')
      service.clock.advance(100)
      await Promise.all([service, other, service].map(({ gatehouse }) => gatehouse.upkeep()))
      const both = await published(service)
      t.equal(both.length, 2, 'one successor, ten minutes ahead')
      t.equal(kidOf((await service.signIn(user)).accessToken), first)
      service.clock.advance(600)
      t.equal(
        kidOf((await service.signIn(user)).accessToken),
        both.find((kid) => kid !== first),
      )
      await Promise.all([service, other].map(({ gatehouse }) => gatehouse.upkeep()))
      t.equal((await published(service)).length, 2, 'and no further one')
      service.clock.advance(120 * day)
      await service.gatehouse.upkeep()
      const stored = await service.operate<{ kid: string }[]>('GET', '/keys')
      t.notOk(
        stored.some(({ kid }) => kid === first),
        'a key that has long retired is forgotten',
      )
    })

    await t.test(
      'a compromised key takes every token it signed along, at once and everywhere; people stay signed in',
      async (t) => {
        const [service, other] = await startTwo(t, backend)
        const signedIn = await service.signIn(await service.createUser())
        const [old] = await published(service)
        for (const replica of [service, other]) {
          t.equal((await atEdge(replica, signedIn.accessToken)).status, 200)
          t.equal((await profile(replica, signedIn.accessToken)).status, 200)
        }
        await service.operate('POST', '/keys/rotate', { compromised: true })
        t.equal((await atEdge(service, signedIn.accessToken)).status, 401, 'here before the command returns')
        await until(401, () => atEdge(other, signedIn.accessToken))
        for (const replica of [service, other]) {
          t.equal((await profile(replica, signedIn.accessToken)).status, 401)
          const keys = await published(replica)
          t.equal(keys.length, 1)
          t.not(keys[0], old, 'the old key is published no more')
          const byCookie = { ...asks({ path: '/reports' }), cookie: signedIn.cookie }
          const answer = await replica.call('/forward-auth', { headers: byCookie })
          t.equal(answer.status, 200, 'a session is not signed by a key')
          t.equal(kidOf(String(answer.headers['x-auth-assertion'])), keys[0], 'and its assertion is made anew')
        }
        const json = { refresh_token: signedIn.refreshToken }
        const renewed = await other.call('/api/auth/refresh', { method: 'POST', json })
        t.equal(renewed.status, 200, 'a refresh brings a token of the new key')
        t.equal((await atEdge(service, renewed.json().access_token)).status, 200)
        await t.rejects(service.operate('POST', '/keys/rotate', { compromised: true, kid: 'unknown' }), /404/)
        await t.rejects(service.operate('POST', '/keys/rotate', { compromised: false, kid: old }), /400/)
        t.match(service.logged(), /"event":"key.compromised"/)
      },
    )

    await t.test('several algorithms sign at once, and a changed one waits until verifiers can know it', async (t) => {
      const service = await startService(t, {
        backend,
        yaml: { keys: { access_tokens: 'EdDSA', assertions: 'RS256' } },
      })
      const user = await service.createUser()
      const { accessToken } = await service.signIn(user)
      const answer = await atEdge(service, accessToken)
      const assertion = String(answer.headers['x-auth-assertion'])
      t.equal(decodeProtectedHeader(accessToken).alg, 'EdDSA')
      t.equal(decodeProtectedHeader(assertion).alg, 'RS256')
      t.equal((await profile(service, accessToken)).status, 200)
      const jwks = (await service.call('/.well-known/jwks.json')).json<JSONWebKeySet>()
      for (const token of [accessToken, assertion]) {
        const verified = await jwtVerify(token, createLocalJWKSet(jwks), { currentDate: new Date(service.clock.now()) })
        t.equal(verified.payload.sub, user.id, 'a standard library verifies both')
      }
      if (service.backend.replica === undefined) return
      const changed = await startService(t, {
        beside: service,
        yaml: { keys: { access_tokens: 'ES256', assertions: 'RS256' } },
      })
      const meanwhile = decodeProtectedHeader((await changed.signIn(user)).accessToken).kid!
      t.ok(
        jwks.keys.some(({ kid }) => kid === meanwhile),
        'a key that is known signs meanwhile',
      )
      service.clock.advance(600)
      t.equal(decodeProtectedHeader((await changed.signIn(user)).accessToken).alg, 'ES256')
      t.equal(
        (await atEdge(changed, (await service.signIn(user)).accessToken)).status,
        200,
        'replicas of both settings agree',
      )
    })

    await t.test(
      'the service’s secret is replaced while both are known, and the old one is let go of after a rewrap',
      async (t) => {
        const [a, b] = [7, 9].map((number) => testSecret(number).toString('base64')) as [string, string]
        const service = await startService(t, { backend })
        const user = await service.createUser()
        const signedIn = await service.signIn(user)
        if (service.backend.replica === undefined) return
        const withBoth = { GATEHOUSE_SECRET: b, GATEHOUSE_SECRET_PREVIOUS: a }
        await t.rejects(
          startService(t, { beside: service, environment: { GATEHOUSE_SECRET: b } }),
          /GATEHOUSE_SECRET: expected the secret/,
          'the new one alone opens nothing yet',
        )
        const next = await startService(t, { beside: service, environment: withBoth })
        t.equal(kidOf((await next.signIn(user)).accessToken), kidOf(signedIn.accessToken), 'the ring is the same')
        t.same(await next.operate('POST', '/keys/rewrap'), { resealed: 1 })
        t.same(await next.operate('POST', '/keys/rewrap'), { resealed: 0 }, 'once is enough')
        const last = await startService(t, { beside: service, environment: { GATEHOUSE_SECRET: b } })
        t.equal((await atEdge(last, signedIn.accessToken)).status, 200)
      },
    )
  })
}
