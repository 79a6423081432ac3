import { createPrivateKey } from 'node:crypto'
import { calculateJwkThumbprint, decodeProtectedHeader } from 'jose'
import postgres from 'postgres'
import { test } from 'tap'
import { createKeyRing } from '../../src/features/signing-keys/key-ring.ts'
import { createSecretBox } from '../../src/core/secrets.ts'
import { backends } from '../support/backends.ts'
import { testSecret } from '../support/secrets.ts'
import { metadataOf, startService, withoutContent } from '../support/service.ts'

const secret = testSecret()

for (const backend of backends) {
  void test(`the published keys on ${backend.name} stores`, async (t) => {
    const service = await startService(t, { backend })
    const fetchSet = (headers: Record<string, string> = {}) => service.call('/.well-known/jwks.json', { headers })
    const answer = await fetchSet()
    const [key] = answer.json().keys

    await t.test('verifiers may keep the set, and any web page may read it', async (t) => {
      t.equal(answer.status, 200)
      t.equal(answer.headers['content-type'], 'application/jwk-set+json')
      t.equal(answer.headers['cache-control'], 'public, max-age=300')
      t.equal(answer.headers['access-control-allow-origin'], '*')
      t.match(answer.headers['etag'], /^"[\w-]+"$/)
      t.equal(answer.headers['set-cookie'], undefined)
      const head = await service.call('/.well-known/jwks.json', { method: 'HEAD' })
      t.match([head.status, head.body, head.headers['etag']], [200, '', answer.headers['etag']])
    })
    await t.test('for how long is a setting', async (t) => {
      const yaml = { keys: { max_age_seconds: 60, lead_seconds: 120 } }
      const other = await startService(t, { backend, yaml })
      const { headers } = await other.call('/.well-known/jwks.json')
      t.equal(headers['cache-control'], 'public, max-age=60')
    })
    await t.test('a current copy is confirmed without sending it again', async (t) => {
      const etag = String(answer.headers['etag'])
      // RFC 9110 §13.1.2: compared weakly, as a list; compressing proxies weaken the tag.
      for (const known of [etag, `"older", ${etag}`, `W/${etag}`, '*']) {
        const again = await fetchSet({ 'if-none-match': known })
        t.match([again.status, again.body, again.headers['etag']], [304, '', etag], known)
        t.same(metadataOf(again), withoutContent(answer), 'its headers are those of the set (§15.4.5)')
      }
      t.equal((await fetchSet({ 'if-none-match': '"older"' })).status, 200)
    })
    await t.test('only public members are shown, each key with kid, use and alg', async (t) => {
      t.same(Object.keys(answer.json()), ['keys'])
      t.equal(answer.json().keys.length, 2, 'what signs, and what is going to')
      t.same(Object.keys(key).toSorted(), ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'])
      t.match(key, { kty: 'EC', crv: 'P-256', use: 'sig', alg: 'ES256' })
      t.equal(key.kid, await calculateJwkThumbprint(key), 'named by its own content (RFC 7638)')
      const { accessToken } = await service.signIn(await service.createUser())
      t.equal(decodeProtectedHeader(accessToken).kid, key.kid)
    })
    await t.test('of several keys each has a kid of its own, and names the one alg that it is for', async (t) => {
      const yaml = { keys: { access_tokens: 'EdDSA', assertions: 'RS256' } }
      const several = await startService(t, { backend, yaml })
      const { keys } = (await several.call('/.well-known/jwks.json')).json<{ keys: Record<string, string>[] }>()
      t.equal(new Set(keys.map(({ kid }) => kid)).size, 4)
      const members: Record<string, string[]> = {
        EdDSA: ['alg', 'crv', 'kid', 'kty', 'use', 'x'],
        RS256: ['alg', 'e', 'kid', 'kty', 'n', 'use'],
      }
      for (const key of keys) {
        t.same(Object.keys(key).toSorted(), members[key['alg']!])
        t.equal(key['use'], 'sig')
        t.equal(key['kid'], await calculateJwkThumbprint(key))
      }
      t.same(keys.map(({ alg }) => alg!).toSorted(), ['EdDSA', 'EdDSA', 'RS256', 'RS256'])
    })
    await t.test('the private key is sealed wherever it is stored, and opens with the secret alone', async (t) => {
      const stored = (await service.stores.signingKeys.list()).find(({ kid }) => kid === key.kid)
      t.match(stored, { algorithm: 'ES256', compromisedAt: null })
      const pem = createSecretBox([secret], 'signing keys').open(stored!.sealedPrivateKey, stored!.kid)
      t.equal(createPrivateKey(pem).asymmetricKeyType, 'ec')
      const clear = createPrivateKey(pem).export({ format: 'jwk' }).d!
      const raw = Buffer.from(clear, 'base64url')
      const row = JSON.stringify(stored)
      for (const form of ['PRIVATE KEY', clear, raw.toString('hex'), raw.toString('base64'), pem.split('\n')[1]!]) {
        t.notOk(row.includes(form))
        t.notOk(Buffer.from(stored!.sealedPrivateKey, 'base64url').includes(form))
      }
      t.notOk(Buffer.from(stored!.sealedPrivateKey, 'base64url').includes(raw))
      const open = (key: Uint8Array, kid = stored!.kid) =>
        createSecretBox([key], 'signing keys').open(stored!.sealedPrivateKey, kid)
      t.throws(() => open(testSecret(8)), 'another secret')
      t.throws(() => open(secret, 'another-kid'), 'copied to another row')
      t.throws(
        () => createSecretBox([secret], 'refresh replay').open(stored!.sealedPrivateKey, stored!.kid),
        'another use',
      )
      if (service.backend.databaseUrl !== undefined) {
        const sql = postgres(service.backend.databaseUrl, { max: 1 })
        const [text] = await sql`select signing_keys::text as row from signing_keys where kid = ${key.kid}`
        await sql.end()
        t.match(text!['row'], key.kid)
        t.notMatch(text!['row'], 'PRIVATE KEY')
        t.notOk(String(text!['row']).includes(clear))
      }
    })
    await t.test('a restart keeps the key, its name and the tokens it signed', async (t) => {
      const { accessToken } = await service.signIn(await service.createUser())
      const ring = createKeyRing({
        store: service.stores.signingKeys,
        box: createSecretBox([secret], 'signing keys'),
        clock: service.clock,
        log: { info() {}, warn() {}, error() {} },
        issuer: service.issuer,
        algorithmOf: () => 'ES256',
      })
      await ring.open()
      t.equal(ring.jwks.body, answer.body)
      t.equal(ring.jwks.etag, answer.headers['etag'])
      t.match(ring.verifyAccessToken(accessToken), { iss: service.issuer })
    })
  })
}
