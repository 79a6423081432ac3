/** The recipes of docs/verify-access-tokens.md, run as they stand there against a real Gatehouse. */
import { generateKeyPairSync } from 'node:crypto'
import { type Test, test } from 'tap'
import { gateways } from './support/gateways.ts'
import { decode, mint, ownKey } from './support/forgery.ts'
import { grant, register } from './support/oauth.ts'
import {
  boundsFetches,
  holdsThroughEmergencies,
  holdsThroughPlannedRotation,
  holdsWithOtherClocks,
  type Watched,
} from './support/rotations.ts'
import { freePort } from './support/servers.ts'
import { ask, asks, bearer, type Service, startService } from './support/service.ts'
import { valuesOf } from './support/upstream.ts'
import { codeIn, createVerifierClock, languages, startIssuer, startVerifier } from './support/verifiers.ts'

const guide = 'verify-access-tokens.md'
const blocks = { Node: 'js', Python: 'python', Go: 'go', Java: 'java', Rust: 'rust', PHP: 'php' } as const
const audience = 'https://api.example.test'

/** A service, and tokens of it by what they are; `valid` alone may pass. */
async function startTokens(t: Test) {
  const port = await freePort()
  const issuer = await startIssuer(t, { port })
  const yaml = { hosts: { 'api.example.test': { audience, rules: [{ allow: 'signed-in' }] } } }
  const service = await startService(t, { port, environment: { GATEHOUSE_ISSUER: issuer.url }, yaml })
  const [here, elsewhere] = [
    await register(service, { audiences: [audience] }),
    await register(service, { audiences: ['https://other.example.test'] }),
  ]
  const issue = async (): Promise<string> => (await grant(service, here)).json().access_token
  return { service, issuer, issue, elsewhere }
}

/** What nobody may take for a token, by what it is. */
async function forge(service: Service, valid: string, elsewhere: Record<string, string>) {
  const question = { headers: { ...asks({ host: 'api.example.test', path: '/' }), ...bearer(valid) } }
  const assertion = String((await service.call('/forward-auth', question)).headers['x-auth-assertion'])
  const [head, body, signature] = valid.split('.') as [string, string, string]
  const [header, claims] = [decode(head), decode(body)]
  const { privatePem } = await ownKey(service, header['kid'])
  const { privateKey: ownPrivateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const now = Math.floor(service.clock.now() / 1000)
  return {
    assertion,
    refused: {
      'a token for another service': (await grant(service, elsewhere)).json().access_token,
      'an identity assertion for this service': assertion,
      'an expired token': mint(header, { ...claims, iat: now - 320, exp: now - 20 }, privatePem),
      'a token of another issuer': mint(header, { ...claims, iss: 'https://other-issuer.example.test' }, privatePem),
      'a signature that is not valid': `${head}.${body}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`,
      'claims that were not signed': `${head}.${Buffer.from(JSON.stringify({ ...claims, sub: 'x' })).toString('base64url')}.${signature}`,
      'a signature of somebody else, without the name of a key': mint(
        { ...header, kid: undefined },
        claims,
        ownPrivateKey,
      ),
      'no token': 'x',
    } as Record<string, string>,
  }
}

void test('the recipes of the guide to verifying access tokens', async (t) => {
  const { service, issuer, issue, elsewhere } = await startTokens(t)
  const clock = createVerifierClock(t, service.clock)
  const valid = await issue()
  const subject = String(decode(valid.split('.')[1]!)['sub'])
  const { assertion, refused } = await forge(service, valid, elsewhere)
  t.equal(decode(assertion.split('.')[1]!)['aud'], audience, 'nothing but its typ tells the assertion from a token')

  const verifiers: Watched['verifiers'] = {}
  for (const language of languages) {
    await t.test(`in ${language} takes a valid token, and nothing else`, async (t2) => {
      const environment = { AUDIENCE: audience }
      const verifier = await startVerifier(t, language, codeIn(guide, blocks[language]), { clock, issuer, environment })
      verifiers[language] = verifier
      t2.equal(await verifier.verify(valid), `200 ${subject}`)
      for (const [what, token] of Object.entries(refused)) t2.match(await verifier.verify(token), /^401 /, what)
      t2.equal(await verifier.verify(valid), `200 ${subject}`)
    })
  }
  for (const [name, start] of Object.entries(gateways)) {
    await t.test(`in ${name} takes a valid token, and nothing else`, async (t2) => {
      const keys = await startIssuer(t, { port: service.port })
      const gateway = await start(t, { issuer: issuer.url, keys, audience, clock })
      verifiers[name] = gateway
      const headers = (token: string) => ({ ...bearer(token), 'x-token-subject': 'somebody-else' })
      const passed = await ask(gateway.port, '/reports?x=1', { headers: headers(valid) })
      t2.equal(passed.status, 200, passed.body)
      const { arrived } = gateway.upstream
      t2.equal(arrived[0]?.url, '/reports?x=1')
      t2.same(valuesOf(arrived[0]!, 'x-token-subject'), [subject], 'the application is told by nobody else')
      for (const [what, token] of Object.entries(refused)) {
        t2.match((await ask(gateway.port, '/', { headers: headers(token) })).status, /^40[13]$/, what)
      }
      t2.equal((await ask(gateway.port, '/', {})).status, 401, 'nothing at all')
      t2.equal((await ask(gateway.port, '/', { method: 'POST', headers: headers(valid), body: 'x' })).status, 200)
      t2.equal(arrived.length, 2)
    })
  }
  const watched = { service, clock, issue, verifiers, seconds: 300 }
  await holdsWithOtherClocks(t, watched)
  await boundsFetches(t, watched)
  await holdsThroughPlannedRotation(t, watched)
  await holdsThroughEmergencies(t, watched)
})
