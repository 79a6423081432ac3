/** Each advisory of the library that verifies JWTs (fast-jwt), as a test at every door that takes an access token. */
import { createHmac, createPublicKey } from 'node:crypto'
import { test } from 'tap'
import { backends } from '../support/backends.ts'
import { decode, encode, mint, openDoors, ownKey, refused } from '../support/forgery.ts'
import { grant, register } from '../support/oauth.ts'
import { type Service, startService } from '../support/service.ts'

const algorithms = ['ES256', 'RS256', 'EdDSA'] as const

/** What stands behind a token: its parts, and the key that signed it. */
async function dissect(service: Service, token: string) {
  const [head = '', body = '', signature = ''] = token.split('.')
  const header = decode(head)
  return { header, claims: decode(body), head, body, signature, ...(await ownKey(service, header['kid'])) }
}

for (const backend of backends) {
  for (const algorithm of algorithms) {
    void test(`advisories of the JWT library, with ${algorithm} on ${backend.name} stores`, async (t) => {
      const service = await startService(t, { backend, yaml: { keys: { access_tokens: algorithm } } })
      const { ask, accepted } = await openDoors(service)
      const user = await service.createUser()
      const { accessToken } = await service.signIn(user)
      const { header, claims, body, publicPem, privatePem } = await dissect(service, accessToken)
      const signed = (changedHeader: object, changedClaims: unknown) =>
        mint({ ...header, ...changedHeader }, changedClaims, privatePem, algorithm)
      /** The token, signed as HMAC would by a key that everybody can know. */
      const byHmac = (alg: string, key: string | Buffer, head: object = {}) => {
        const input = `${encode({ ...header, alg, ...head })}.${body}`
        return `${input}.${createHmac(`sha${alg.slice(2)}`, key)
          .update(input)
          .digest('base64url')}`
      }
      t.equal(header['alg'], algorithm)
      t.ok(await accepted(signed({}, claims)), 'a token that is made here as the service makes it passes')

      const publicKey = createPublicKey(publicPem)
      const der = publicKey.export({ type: 'spki', format: 'der' })
      const forms: Record<string, Record<string, string | Buffer>> = {
        'CVE-2023-48223: the public key is no HMAC secret': {
          'the PEM': publicPem,
          'the DER': der,
          ...(algorithm === 'RS256' && { 'the PKCS 1 PEM': publicKey.export({ type: 'pkcs1', format: 'pem' }) }),
        },
        'CVE-2026-34950 and GHSA-ww5h: nor behind white space or whatever else': Object.fromEntries(
          [' ', '\n', '\t\r\n', '\ufeff', '\u200b', '\u0000', '# key\n', '"'].flatMap((before) => [
            [`${JSON.stringify(before)} before it`, before + publicPem],
            [`${JSON.stringify(before)} around it`, `${before}${publicPem.trim()}${before}`],
          ]),
        ),
        'GHSA-g3jj: nor as a JWK': {
          'the JWK': JSON.stringify(publicKey.export({ format: 'jwk' })),
          'the JWK as published': JSON.stringify((await service.call('/.well-known/jwks.json')).json().keys[0]),
          'the set': (await service.call('/.well-known/jwks.json')).body,
        },
        'CVE-2026-44351: an empty secret signs nothing': { nothing: '', 'an empty buffer': Buffer.alloc(0) },
      }
      for (const [guarantee, keys] of Object.entries(forms)) {
        await t.test(guarantee, async (t) => {
          for (const [what, key] of Object.entries(keys)) {
            for (const alg of ['HS256', 'HS384', 'HS512'])
              t.same(await ask(byHmac(alg, key)), refused, `${alg}: ${what}`)
            for (const kid of ['unknown', '', undefined]) {
              t.same(await ask(byHmac('HS256', key, { kid })), refused, `${what}, kid ${kid}`)
            }
          }
        })
      }
      await t.test('GHSA-g3jj: an algorithm of another kind of key is refused, whatever signed it', async (t) => {
        for (const alg of ['ES256', 'ES384', 'ES512', 'RS256', 'RS512', 'PS256', 'EdDSA', 'Ed25519', 'none', 'HS256']) {
          if (alg !== algorithm) t.same(await ask(signed({ alg }, claims)), refused, alg)
        }
      })
      await t.test('CVE-2025-30144: an issuer is one text, and no list that holds it', async (t) => {
        for (const iss of [[service.issuer], ['https://evil.test', service.issuer], { 0: service.issuer, length: 1 }]) {
          t.same(await ask(signed({}, { ...claims, iss })), refused, JSON.stringify(iss))
        }
      })
      await t.test('CVE-2026-35042: a critical extension that nobody understands is refused', async (t) => {
        for (const crit of [['x'], ['b64'], ['alg'], [], 'x', {}, [''], ['typ', 'x']]) {
          t.same(await ask(signed({ crit, x: 1, b64: false }, claims)), refused, JSON.stringify(crit))
        }
      })
      await t.test('CVE-2026-35039: what was proven of one token is never said of another', async (t) => {
        const tokens = await Promise.all(
          Array.from({ length: 5 }, async () => (await service.signIn(await service.createUser())).accessToken),
        )
        for (const token of tokens) t.ok(await accepted(token))
        const told = await Promise.all(
          tokens.map((token) => service.call('/api/users/me', { headers: { authorization: `Bearer ${token}` } })),
        )
        t.same(
          told.map((answer) => answer.json().id),
          tokens.map((token) => decode(token.split('.')[1]!)['sub']),
        )
        for (const [index, token] of tokens.entries()) {
          const [head, payload, signature] = token.split('.')
          const [, otherPayload, otherSignature] = tokens[(index + 1) % tokens.length]!.split('.')
          t.same(await ask(`${head}.${otherPayload}.${signature}`), refused, 'the claims of another')
          t.same(await ask(`${head}.${payload}.${otherSignature}`), refused, 'the signature of another')
        }
      })
      await t.test('CVE-2026-35040: one check does not change the next', async (t) => {
        const client = await register(service)
        for (let i = 0; i < 10; i++) {
          const { access_token } = (await grant(service, client)).json()
          const { edge, introspection } = await ask(access_token)
          t.match([edge, introspection], [200, [200, { active: true }]], `good token ${i}`)
          t.same(await ask(signed({}, { ...claims, iss: 'https://evil.test' })), refused, `bad token ${i}`)
        }
      })
      await t.test('CVE-2026-35041: claims that would tie up a pattern are refused like any other', async (t) => {
        for (const text of ['a'.repeat(4_000), `${'a'.repeat(4_000)}!`, `${service.issuer}${'/'.repeat(4_000)}`]) {
          for (const claim of ['iss', 'aud']) {
            t.same(await ask(signed({}, { ...claims, [claim]: text })), refused, `${claim} of ${text.length}`)
          }
        }
      })
      await t.test('GHSA-687g: a time that is no finite number is no time', async (t) => {
        for (const claim of ['exp', 'iat', 'nbf']) {
          for (const value of ['1e999', '-1e999', 'null', '"1e999"', '"NaN"', '{}', '[9999999999]', 'true']) {
            const { [claim]: _, ...rest } = claims
            const text = `${JSON.stringify(rest).slice(0, -1)},"${claim}":${value}}`
            t.same(await ask(signed({}, text)), refused, `${claim}: ${value}`)
          }
        }
        service.clock.advance(301)
        t.same(await ask(accessToken), refused, 'and an expired token is refused')
      })
    })
  }
}
