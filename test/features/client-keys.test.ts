/** The keys by which clients authenticate: which are registered, and how they are replaced. */
import { exportJWK } from 'jose'
import { test } from 'tap'
import { makeKey, registerSigner as register } from '../support/oauth.ts'
import { startService } from '../support/service.ts'

void test('only public keys that are fit to verify are registered, and what is wrong is named', async (t) => {
  const service = await startService(t)
  const ec = await makeKey('ES256')
  const { d } = await exportJWK(ec.privateKey)
  const weak = { kty: 'RSA', e: 'AQAB', n: Buffer.alloc(128, 0xff).toString('base64url') }
  const cases: [jwks: unknown, reason: RegExp][] = [
    ['x', /JWK set/],
    [null, /JWK set/],
    [{ keys: {} }, /JWK set/],
    [{ keys: [] }, /1 to 10 keys/],
    [{ keys: Array(11).fill(ec.jwk) }, /1 to 10 keys/],
    [{ keys: [ec.jwk, ec.jwk] }, /kid of its own/],
    [
      {
        keys: [
          { ...ec.jwk, kid: 'a' },
          { ...ec.jwk, kid: 'a' },
        ],
      },
      /kid of its own/,
    ],
    [{ keys: [null] }, /key 1 must be an object/],
    [{ keys: [{ ...ec.jwk, d }] }, /key 1 holds a secret/],
    [{ keys: [{ kty: 'oct', k: 'c2VjcmV0' }] }, /key 1 holds a secret/],
    [{ keys: [{ ...ec.jwk, use: 'enc' }] }, /use: sig/],
    [{ keys: [{ ...ec.jwk, key_ops: ['sign'] }] }, /key_ops: verify/],
    [{ keys: [{ ...ec.jwk, alg: 'HS256' }] }, /alg that fits it \(ES256\)/],
    [{ keys: [{ ...ec.jwk, alg: 'none' }] }, /alg that fits/],
    [{ keys: [{ ...ec.jwk, kid: 7 }] }, /kid/],
    [{ keys: [{ ...ec.jwk, x: 'AAAA' }] }, /not a valid public key/],
    [{ keys: [weak] }, /at least 2048 bits/],
    [{ keys: [(await makeKey('ES512')).jwk] }, /RSA, P-256, P-384 or Ed25519/],
  ]
  for (const [jwks, reason] of cases) {
    await t.rejects(register(service, undefined, { jwks }), { message: reason }, String(reason))
    const message = await register(service, undefined, { jwks }).catch((error: Error) => error.message)
    t.notMatch(message, d!, 'no value is repeated')
  }
  await t.rejects(register(service, [ec.jwk], { public: true, grants: ['refresh_token'] }), /no keys/)
  const [keyed, secret] = [await register(service, [ec.jwk]), await register(service, undefined)]
  await t.rejects(service.operate('POST', `/clients/${keyed.client_id}/secret`), /has no secret/)
  const jwks = { keys: [ec.jwk] }
  await t.rejects(service.operate('PUT', `/clients/${secret.client_id}/jwks`, { jwks }), /not authenticate by keys/)
  await t.rejects(service.operate('PUT', `/clients/${keyed.client_id}/jwks`, { jwks: { keys: [] } }), /1 to 10/)
  t.match(await service.operate('GET', `/clients/${keyed.client_id}`), { jwks: { keys: [ec.jwk] } })
})
