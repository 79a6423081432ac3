/** `jwks_uri`: keys of a client that are fetched, and what follows where they cannot be. */
import { randomUUID } from 'node:crypto'
import { SignJWT } from 'jose'
import { test } from 'tap'
import { auditRows } from '../support/audit.ts'
import { clientAssertionType, makeKey } from '../support/oauth.ts'
import { answerJson, startSite } from '../support/outgoing.ts'
import { newClient, startService } from '../support/service.ts'

void test('statement 18: a client proves itself by the keys that its jwks_uri has, and by nothing else', async (t) => {
  const site = await startSite(t)
  const service = await startService(t, { yaml: { outgoing: { allow: ['localhost'], ca_file: site.ca } } })
  const [first, second, stranger] = await Promise.all(['a', 'b', 'c'].map((kid) => makeKey('ES256', kid)))
  const jwks_uri = `${site.origin}/keys`
  const client = await service.operate('POST', '/clients', { ...newClient, jwks_uri })
  t.match(client, { token_endpoint_auth_method: 'private_key_jwt', jwks_uri })
  t.notOk('client_secret' in client)
  const id = client.client_id as string
  const prove = async (key: typeof first, kid = key!.jwk.kid as string) => {
    const now = Math.floor(service.clock.now() / 1000)
    const claims = { iss: id, sub: id, aud: service.issuer, iat: now, exp: now + 60, jti: randomUUID() }
    const client_assertion = await new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid }).sign(key!.privateKey)
    const form = { grant_type: 'client_credentials', client_assertion, client_assertion_type: clientAssertionType }
    return (await service.call('/oauth/token', { method: 'POST', form })).status
  }
  const serve = (...keys: object[]) => (site.answer = answerJson({ keys }))
  const asked = () => site.asked.splice(0).length

  await t.test('they are read once for five minutes, and other kinds of keys in the set do not matter', async (t) => {
    serve({ kty: 'RSA', use: 'enc', n: 'AQAB', e: 'AQAB', kid: 'z' }, first!.jwk)
    t.same(await Promise.all([prove(first), prove(first)]), [200, 200])
    t.equal(await prove(first), 200)
    t.equal(asked(), 1)
    service.clock.advance(300)
    t.equal(await prove(first), 200)
    t.equal(asked(), 1)
  })
  await t.test('a kid that is not known is looked for at once, but never twice in half a minute', async (t) => {
    service.clock.advance(30)
    serve(first!.jwk, second!.jwk)
    t.equal(await prove(second), 200)
    for (const _ of Array.from({ length: 5 })) t.equal(await prove(stranger), 401)
    t.equal(asked(), 1)
    service.clock.advance(30)
    t.equal(await prove(stranger), 401)
    t.equal(asked(), 1)
  })
  await t.test('a key of somebody else under a known kid is refused', async (t) => {
    t.equal(await prove(stranger, 'a'), 401)
  })
  await t.test('a key that the set does not have any more is none', async (t) => {
    service.clock.advance(300)
    serve(second!.jwk)
    t.equal(await prove(first), 401)
    t.equal(await prove(second), 200)
  })
  await t.test(
    'keys that cannot be had prove nobody, however well known they were, and the trail says why',
    async (t) => {
      const wrong = [
        answerJson({}, 500),
        answerJson({ keys: 'none' }),
        answerJson({}, 302, { location: `${site.origin}/other` }),
        answerJson({ keys: [{ ...second!.jwk, d: 'c2VjcmV0' }] }),
      ]
      for (const [place, answer] of wrong.entries()) {
        service.clock.advance(300)
        site.answer = answer
        t.equal(await prove(second), 401, `${place}`)
      }
      const reasons = (await auditRows(service)).map(({ details }) => (details as { reason?: string }).reason)
      t.ok(reasons.filter((reason) => reason === 'keys_unreachable').length === 3)
      t.match(service.logged(), /client_keys.unreadable/)
      serve(second!.jwk)
      service.clock.advance(30)
      t.equal(await prove(second), 200, 'and it heals')
    },
  )
  await t.test('what contradicts it is refused', async (t) => {
    const refused: [string, string, object][] = [
      ['POST', '/clients', { ...newClient, jwks_uri, public: true, grants: ['refresh_token'] }],
      ['POST', '/clients', { ...newClient, jwks_uri, jwks: { keys: [first!.jwk] } }],
      ['POST', '/clients', { ...newClient, jwks_uri: 'http://localhost/keys' }],
      ['PUT', `/clients/${id}`, { jwks_uri: '' }],
      ['PUT', `/clients/${id}/jwks`, { jwks: { keys: [first!.jwk] } }],
    ]
    for (const [method, path, body] of refused) {
      await t.rejects(service.operate(method as 'PUT', path, body), /400.*jwks_uri/, JSON.stringify(body))
    }
    const other = await service.operate('POST', '/clients', newClient)
    await t.rejects(service.operate('PUT', `/clients/${other.client_id}`, { jwks_uri }), /400.*jwks_uri/)
  })
})
