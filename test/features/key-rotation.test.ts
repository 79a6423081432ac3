/** Keys that change while tokens, replicas and verifiers live on. */
import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose'
import { test } from 'tap'
import { backends, hasServers } from '../support/backends.ts'
import { atEdge, day, hour, inStep, kidOf, profile, published, ringOf, startTwo } from '../support/keys.ts'
import { testSecret } from '../support/secrets.ts'
import { startService } from '../support/service.ts'

const twoAlgorithms = { keys: { access_tokens: 'EdDSA', assertions: 'RS256' } }

for (const backend of backends) {
  void test(`key rotation on ${backend.name} stores`, async (t) => {
    await t.test('a next key is published from the first start on, and signs once verifiers can know it', async (t) => {
      const [service, other] = await startTwo(t, backend)
      const user = await service.createUser()
      const before = await service.signIn(user)
      const [old, successor, ...others] = (await published(service)) as [string, string]
      t.same(others, [])
      t.same(await ringOf(service), [`next ${successor}`, `active ${old}`])
      const { takes_effect_at, notice } = await service.operate('POST', '/keys/rotate', { compromised: false })
      t.equal(Date.parse(takes_effect_at), service.clock.now() + hour * 1000)
      t.match(notice, takes_effect_at)
      t.equal((await published(service)).length, 3, 'it has a successor of its own, in case that it ends')
      await inStep(service, other)
      service.clock.advance(hour - 1)
      t.equal(kidOf((await service.signIn(user)).accessToken), old, 'and does not sign while verifiers may not know it')
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
      service.clock.advance(day - 1)
      t.ok((await published(service)).includes(old), 'and verifiers find its key, for as long as any token may live')
      service.clock.advance(60)
      t.ok((await published(service)).includes(old), 'a minute longer, since clocks differ')
      service.clock.advance(2)
      t.notOk((await published(service)).includes(old), 'until nothing that it signed can be alive')
      t.equal((await atEdge(service, before.accessToken)).status, 401)
      const [third, ...rest] = await ringOf(service)
      t.same(rest, [`active ${successor}`, `retired ${old}`])
      const again = await service.operate('POST', '/keys/rotate', { compromised: false })
      t.equal(
        Date.parse(again.takes_effect_at),
        service.clock.now(),
        'one that has been known for so long signs at once',
      )
      t.match(again.notice, 'sign from now on')
      await inStep(service, other)
      for (const replica of [service, other]) {
        t.equal(`next ${kidOf((await replica.signIn(user)).accessToken)}`, third)
      }
    })

    await t.test('the schedule rotates by itself, once over all replicas', async (t) => {
      const [service, other] = await startTwo(t, backend)
      const user = await service.createUser()
      const [first, second] = await published(service)
      service.clock.advance(30 * day - hour - 1)
      await Promise.all([service, other].map(({ gatehouse }) => gatehouse.maintain()))
      t.same(await published(service), [first, second], 'nothing is due yet')
      service.clock.advance(1)
      await Promise.all([service, other, service].map(({ gatehouse }) => gatehouse.maintain()))
      t.equal((await published(service)).length, 3, 'the successor of the next key, an hour ahead')
      t.equal(kidOf((await service.signIn(user)).accessToken), first)
      service.clock.advance(hour)
      t.equal(kidOf((await service.signIn(user)).accessToken), second)
      await Promise.all([service, other].map(({ gatehouse }) => gatehouse.maintain()))
      t.equal((await published(service)).length, 3, 'and no further one')
      service.clock.advance(120 * day)
      await service.gatehouse.maintain()
      const stored = await service.list<{ kid: string }>('/keys')
      t.notOk(
        stored.some(({ kid }) => kid === first),
        'a key that has long retired is forgotten',
      )
    })

    await t.test('several algorithms sign at once', async (t) => {
      const service = await startService(t, { backend, yaml: twoAlgorithms })
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
    })
  })
}

if (hasServers) {
  const clustered = backends[1]!
  void test('key rotation over replicas of different settings', async (t) => {
    await t.test('an algorithm that changes waits until verifiers can know its key', async (t) => {
      const service = await startService(t, { backend: clustered, yaml: twoAlgorithms })
      const user = await service.createUser()
      const jwks = (await service.call('/.well-known/jwks.json')).json<JSONWebKeySet>()
      const changed = await startService(t, {
        beside: service,
        yaml: { keys: { access_tokens: 'ES256', assertions: 'RS256' } },
      })
      const meanwhile = decodeProtectedHeader((await changed.signIn(user)).accessToken).kid!
      t.ok(
        jwks.keys.some(({ kid }) => kid === meanwhile),
        'a key that is known signs meanwhile',
      )
      service.clock.advance(hour)
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
        const service = await startService(t, { backend: clustered })
        const user = await service.createUser()
        const signedIn = await service.signIn(user)
        const withBoth = { GATEHOUSE_SECRET: b, GATEHOUSE_SECRET_PREVIOUS: a }
        await t.rejects(
          startService(t, { beside: service, environment: { GATEHOUSE_SECRET: b } }),
          /GATEHOUSE_SECRET: expected the secret/,
          'the new one alone opens nothing yet',
        )
        const next = await startService(t, { beside: service, environment: withBoth })
        t.equal(kidOf((await next.signIn(user)).accessToken), kidOf(signedIn.accessToken), 'the ring is the same')
        t.same(await next.operate('POST', '/keys/rewrap'), { resealed: 2 })
        t.same(await next.operate('POST', '/keys/rewrap'), { resealed: 0 }, 'once is enough')
        const last = await startService(t, { beside: service, environment: { GATEHOUSE_SECRET: b } })
        t.equal((await atEdge(last, signedIn.accessToken)).status, 200)
      },
    )
  })
}
