/** Verifiers that ask for the key set no more often than its `max-age` tells them to (OpenID Connect Core §10.1.1). */
import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose'
import { test } from 'tap'
import { backends } from '../support/backends.ts'
import { grant, post, register } from '../support/oauth.ts'
import { asks, bearer, type Service, startService } from '../support/service.ts'

const stepSeconds = 50
const day = 86_400

async function fetchSet(service: Service) {
  const answer = await service.call('/.well-known/jwks.json')
  const maxAge = Number(/^public, max-age=(\d+)$/.exec(String(answer.headers['cache-control']))![1])
  return { set: answer.json<JSONWebKeySet>(), maxAge }
}

/** A verifier that keeps its copy for as long as it may, and never asks because of a key that it does not know. */
function createPatientVerifier(service: Service) {
  let copy: { keys: ReturnType<typeof createLocalJWKSet>; until: number } | undefined
  return async (token: string): Promise<boolean> => {
    const now = service.clock.now()
    if (copy === undefined || now >= copy.until) {
      const { set, maxAge } = await fetchSet(service)
      copy = { keys: createLocalJWKSet(set), until: now + maxAge * 1000 }
    }
    const currentDate = new Date(now)
    return jwtVerify(token, copy.keys, { issuer: service.issuer, currentDate }).then(
      () => true,
      () => false,
    )
  }
}

for (const backend of backends) {
  void test(`verifiers that keep the key set for its max-age, on ${backend.name} stores`, async (t) => {
    // The shortest lead that is allowed.
    const yaml = { keys: { lead_seconds: 600 } }
    const service = await startService(t, { backend, yaml })
    const other = service.backend.replica === undefined ? service : await startService(t, { beside: service, yaml })
    const client = await register(service)

    /** One of each kind of token, from one replica. */
    async function signAt(replica: Service): Promise<{ token: string; seconds: number }[]> {
      const { access_token, expires_in } = (await grant(replica, client)).json()
      const question = { headers: { ...asks({ path: '/reports' }), ...bearer(access_token) } }
      const assertion = String((await replica.call('/forward-auth', question)).headers['x-auth-assertion'])
      const accept = { accept: 'application/token-introspection+jwt' }
      const told = (await post(replica, '/oauth/introspect', { ...client, token: access_token }, accept)).body
      return [
        { token: access_token, seconds: expires_in },
        { token: assertion, seconds: 60 },
        { token: told, seconds: expires_in },
      ]
    }

    /** Signs and verifies through a time, with verifiers whose copies are of every age; tells what went wrong. */
    async function watch(seconds: number, verifiers: ReturnType<typeof createPatientVerifier>[]) {
      const live: { token: string; until: number; signed: number }[] = []
      const [wrong, kids] = [[] as string[], new Set<string>()]
      for (let passed = 0; passed < seconds; passed += stepSeconds) {
        const now = service.clock.now()
        // One more verifier at each step, so that some copy is of each age.
        if (passed < 300) verifiers.push(createPatientVerifier(passed % 100 === 0 ? service : other))
        for (const replica of [service, other]) {
          for (const { token, seconds } of await signAt(replica)) {
            live.push({ token, until: now + seconds * 1000, signed: passed })
            kids.add(decodeProtectedHeader(token).kid!)
          }
        }
        for (const { token, signed } of live.filter(({ until }) => now < until)) {
          for (const [index, verify] of verifiers.entries()) {
            if (!(await verify(token))) {
              const { kid, typ } = decodeProtectedHeader(token)
              wrong.push(`verifier ${index} at ${passed} s: ${typ} of ${kid}, signed at ${signed} s`)
            }
          }
        }
        service.clock.advance(stepSeconds)
      }
      return { wrong, kids: kids.size }
    }
    const bothPublish = async (count: number) => {
      for (const replica of [service, other]) while ((await fetchSet(replica)).set.keys.length < count) continue
    }

    const verifiers: ReturnType<typeof createPatientVerifier>[] = []
    /** One that has its copy from this very moment. */
    const addVerifier = async () => {
      const verify = createPatientVerifier(service)
      await verify('')
      verifiers.push(verify)
    }
    await t.test('verify every token that is signed at any time before, during and after a rotation', async (t) => {
      t.same(await watch(350, verifiers), { wrong: [], kids: 1 })
      await addVerifier()
      await service.operate('POST', '/keys/rotate', { compromised: false })
      await bothPublish(3)
      t.same(await watch(1_500, verifiers), { wrong: [], kids: 2 })
      service.clock.advance(day)
      t.equal((await fetchSet(service)).set.keys.length, 2, 'a day later the old key is gone')
    })
    await t.test('and so when the schedule rotates', async (t) => {
      service.clock.advance(29 * day - 1_500)
      await addVerifier()
      await Promise.all([service, other].map(({ gatehouse }) => gatehouse.maintain()))
      await bothPublish(3)
      t.same(await watch(1_600, verifiers), { wrong: [], kids: 2 })
      await bothPublish(2)
    })
    await t.test('and after the key that signs has ended: they have the next one already', async (t) => {
      const [active] = (await fetchSet(service)).set.keys
      await service.operate('POST', '/keys/rotate', { compromised: true, kid: active!.kid })
      for (const replica of [service, other]) {
        while ((await fetchSet(replica)).set.keys.some(({ kid }) => kid === active!.kid)) continue
      }
      t.same(await watch(400, verifiers), { wrong: [], kids: 1 })
    })
  })
}
