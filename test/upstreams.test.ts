/** The code that docs/upstreams.md gives to authors of upstreams, run as it stands there against a real Gatehouse. */
import { type Test, test } from 'tap'
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
import { asks, bearer, type Service, startService } from './support/service.ts'
import {
  codeIn,
  createVerifierClock,
  type Language,
  languages,
  startIssuer,
  startVerifier,
} from './support/verifiers.ts'

const audience = 'https://app.example.com'
/** The other languages take the recipe of the other guide, with the type of an assertion. */
const codeOf: Record<Language, () => string> = {
  Node: () => codeIn('upstreams.md', 'js'),
  Python: () => codeIn('upstreams.md', 'python'),
  Go: () => codeIn('upstreams.md', 'go'),
  Java: () => forAssertions('java'),
  Rust: () => forAssertions('rust'),
  PHP: () => forAssertions('php'),
}
const forAssertions = (language: string) =>
  codeIn('verify-access-tokens.md', language).replaceAll('at+jwt', 'identity-assertion+jwt')

async function assertionFor(service: Service, host: string, token: string): Promise<string> {
  const question = { headers: { ...asks({ host, path: '/only/reports' }), ...bearer(token) } }
  return String((await service.call('/forward-auth', question)).headers['x-auth-assertion'])
}

/** What nobody may take for an assertion, by what it is. */
async function forge(service: Service, assertion: string, accessToken: string): Promise<Record<string, string>> {
  const [head, body, signature] = assertion.split('.') as [string, string, string]
  const [header, claims] = [decode(head), decode(body)]
  const { privatePem } = await ownKey(service, header['kid'])
  const now = Math.floor(service.clock.now() / 1000)
  return {
    'an assertion for another application': await assertionFor(service, 'other.example.test', accessToken),
    'an access token': accessToken,
    'an access token for the same audience': mint({ ...header, typ: 'at+jwt' }, claims, privatePem),
    'an expired assertion': mint(header, { ...claims, iat: now - 80, exp: now - 20 }, privatePem),
    'an assertion of another issuer': mint(header, { ...claims, iss: 'https://other.example.test' }, privatePem),
    'a signature that is not valid': `${head}.${body}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`,
    'claims that were not signed': `${head}.${Buffer.from(JSON.stringify({ ...claims, sub: 'x' })).toString('base64url')}.${signature}`,
    'no assertion': 'x',
  }
}

void test('the recipes of the guide for upstreams', async (t) => {
  const port = await freePort()
  const issuer = await startIssuer(t, { port })
  // Bound to a request, so that each is a new one.
  const rules = [{ allow: 'signed-in' }]
  const hosts = {
    'app.example.com': { audience, rules },
    'bound.example.com': { audience, bind: 'request', rules },
    'other.example.test': { audience: 'other', rules },
  }
  const service = await startService(t, { port, environment: { GATEHOUSE_ISSUER: issuer.url }, yaml: { hosts } })
  const client = await register(service)
  const ada = await service.createUser()
  const { accessToken } = await service.signIn(ada)
  const assertion = await assertionFor(service, 'app.example.com', accessToken)
  const refused = await forge(service, assertion, accessToken)

  const clock = createVerifierClock(t, service.clock)
  const verifiers: Watched['verifiers'] = {}
  const start = (language: Language) =>
    startVerifier(t, language, codeOf[language](), { clock, issuer, environment: { AUDIENCE: audience } })
  for (const language of languages) {
    await t.test(`in ${language} takes a valid assertion, and nothing else`, async (t: Test) => {
      const verifier = (verifiers[language] = await start(language))
      t.equal(await verifier.verify(assertion), `200 ${ada.id}`)
      for (const [what, token] of Object.entries(refused)) t.match(await verifier.verify(token), /^401 /, what)
      if (['Node', 'Python', 'Go'].includes(language)) {
        t.equal(await verifier.verify(''), 'nobody', 'without an assertion it is nobody')
      }
      t.equal(await verifier.verify(assertion), `200 ${ada.id}`)
    })
  }

  async function issue(): Promise<string> {
    return assertionFor(service, 'bound.example.com', (await grant(service, client)).json().access_token)
  }
  const watched = { service, clock, issue, verifiers, seconds: 60 }
  await holdsWithOtherClocks(t, watched)
  await boundsFetches(t, watched)
  await holdsThroughPlannedRotation(t, watched)
  await holdsThroughEmergencies(t, watched)
})
