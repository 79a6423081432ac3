/** One suite for every real proxy, each with exactly the configuration that `gatehouse proxy-config` prints. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Test, test } from 'tap'
import { backends, type Backend } from '../../support/backends.ts'
import { hasProxy, startProxy } from '../../support/proxies.ts'
import { freePort } from '../../support/servers.ts'
import { ask } from '../../support/service.ts'
import { type Arrived, startUpstream, valuesOf } from '../../support/upstream.ts'
import { credentialTests } from './credentials.ts'
import { basePathTests } from './base-path.ts'
import { otherDomainsTests } from './other-domains.ts'
import { guardTests, hostTests, wildcardTests } from './decisions.ts'
import { encodedTests } from './encoded.ts'
import { identityTests } from './identity.ts'
import { networksBehindTls, networkTests } from './networks.ts'
import { appHost, authHost, setScene, type Traits } from './scene.ts'
import { targetTests } from './targets.ts'
import { tlsTests } from './tls.ts'
import { trafficTests } from './traffic.ts'
import { startStopwatch } from '../../support/patience.ts'

/** A test takes the stores away before its end. */
const closingTwice = (backend: Backend): Backend => ({
  ...backend,
  async open(clock) {
    const open = await backend.open(clock)
    return { ...open, close: () => open.close().catch(() => {}) }
  },
})

/** `told` reads what the proxy says that the user asked for, from the question as it arrived. */
export function proxySuite(traits: Traits, told: (question: Arrived) => object): void {
  if (!hasProxy(traits.name, traits.release)) return
  // What differs between backends is not the proxy's business; the last one is nearest to production.
  const backend = backends.at(-1)!
  const title = `${traits.name}, ${traits.release} release,${traits.form ? ` by ${traits.form},` : ''}`
  void test(`${title} with the printed configuration, on ${backend.name} stores`, async (t) => {
    const scene = await setScene(t, traits, closingTwice(backend))
    await identityTests(t, scene)
    await targetTests(t, scene)
    await networkTests(t, scene)
    await trafficTests(t, scene)
  })

  void test(`${title} and a wildcard beside longer names`, (t) => wildcardTests(t, traits))

  for (const shared of [true, false]) {
    const where = shared ? 'an application’s host' : 'a host of its own'
    void test(`${title} and the service below a path of ${where}`, (t) => basePathTests(t, traits, shared))
  }

  void test(`${title} and hosts of other domains`, (t) => otherDomainsTests(t, traits))

  // What follows does not depend on how Traefik is told.
  if (traits.form !== undefined) return
  void test(`${title} and what is no decision`, (t) => guardTests(t, traits))

  void test(`${title} and hosts that differ`, (t) => hostTests(t, traits))

  void test(`${title} and credentials that the application gets or not`, (t) => credentialTests(t, traits))

  void test(`${title} and escaped characters that a host takes`, (t) => encodedTests(t, traits))

  // Traefik has to end TLS itself.
  if (traits.name !== 'traefik') {
    void test(`${title} behind what ends TLS, knows no network`, (t) => networksBehindTls(t, traits))
  }

  if (traits.http2OverTls !== undefined) {
    void test(`${title} judges over TLS as without`, (t) => tlsTests(t, traits))
  }

  void test(`${title} denies when the service does not answer`, async (t) => {
    const port = await freePort()
    const upstream = await startUpstream(t)
    const hosts = { [`${appHost}:${port}`]: { rules: [{ allow: 'anyone' }] } }
    const silence = await startSilence(t)
    await startProxy(t, traits.name, {
      ...{ release: traits.release, port, servicePort: silence.port, upstreamPort: upstream.port, hosts },
      issuer: `http://${authHost}:${port}`,
    })
    silence.begin()
    const [expected, seconds] = traits.silent
    const begun = startStopwatch()
    const { status } = await ask(port, '/', { headers: { host: `${appHost}:${port}` } })
    t.equal(status, expected)
    t.ok(begun.milliseconds() < seconds * 1_000, `within ${seconds} seconds`)
    t.same(upstream.arrived, [])
  })

  void test(`what ${title} tells the service: its own words, no body, and the address that it saw`, async (t) => {
    // The application stands in for the service, so that the question can be read as it arrives.
    const port = await freePort()
    const { port: echo, arrived } = await startUpstream(t, { 'x-gatehouse-decision': 'allow' })
    const hosts = { [`${appHost}:${port}`]: { rules: [{ allow: 'signed-in' }] } }
    const secret = 'an-edge-secret-of-some-length'
    await startProxy(t, traits.name, {
      ...{ release: traits.release, port, servicePort: echo, upstreamPort: echo, hosts, secret },
      issuer: `http://${authHost}:${port}`,
    })
    const spoofed = Object.fromEntries(
      ['original-url', 'original-method', 'forwarded-for', 'forwarded-proto', 'forwarded-host', 'forwarded-uri']
        .concat('forwarded-method', 'edge-secret')
        .map((name) => [`x-${name}`, ['spoofed', 'spoofed']]),
    )
    // What it took to see that the proxy is ready.
    arrived.length = 0
    const host = `${appHost}:${port}`
    const headers = { ...spoofed, forwarded: 'for=spoofed', cookie: 'a=b', authorization: 'Bearer x' }
    await ask(port, '/a/b?c=%2e', { method: 'POST', body: 'text', headers: { ...headers, host } })
    const [question, request] = arrived as [Arrived, Arrived]
    // Envoy asks with the request itself.
    const asked = traits.name === 'envoy' ? ['POST', '/a/b?c=%2e'] : ['GET', '']
    t.match(question, { method: asked[0], body: '' })
    t.equal(question.url.replace(/\?$/, ''), `/forward-auth/${traits.name}${asked[1]}`)
    t.notMatch(JSON.stringify(question), 'spoofed')
    t.same(told(question), { method: 'POST', url: `http://${host}/a/b?c=%2e` })
    const values = (name: string) => valuesOf(question, name)
    t.same(values('X-Forwarded-For'), ['127.0.0.1'])
    t.same([...values('Cookie'), ...values('Authorization')], ['a=b', 'Bearer x'])
    t.same(values('Transfer-Encoding'), [])
    t.same(values('X-Edge-Secret'), [secret], 'the edge proves itself')
    t.match(request, { method: 'POST', url: '/a/b?c=%2e', body: Buffer.from('text').toString('base64') })
    t.notMatch(JSON.stringify(request), secret, 'and the application does not learn how')

    await ask(port, '/login', { headers: { ...headers, host: `${authHost}:${port}` } })
    const page = arrived.at(-1)!
    t.match(page, { method: 'GET', url: '/login' })
    t.same(valuesOf(page, 'X-Forwarded-For'), ['127.0.0.1'])
    t.same(valuesOf(page, 'X-Forwarded-Host'), [`${authHost}:${port}`])
    t.same([...valuesOf(page, 'Forwarded'), ...valuesOf(page, 'X-Edge-Secret')], [])
  })
}

/** Stands in for the service, until it no longer says a word. */
async function startSilence(t: Test): Promise<{ port: number; begin(): void }> {
  let isSilent = false
  const server = createServer((_request, response) => void (isSilent || response.end()))
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  t.teardown(() => {
    server.closeAllConnections()
    return new Promise<void>((done) => server.close(() => done()))
  })
  return { port: (server.address() as AddressInfo).port, begin: () => void (isSilent = true) }
}

/** What the X-Forwarded family of a question says. */
export function forwardedFamily(question: Arrived): object {
  const one = (name: string) => valuesOf(question, `X-Forwarded-${name}`).join(' AND ')
  return { method: one('Method'), url: `${one('Proto')}://${one('Host')}${one('Uri')}` }
}
