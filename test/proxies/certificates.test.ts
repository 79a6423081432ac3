/** Tokens that are bound to certificates, through real proxies with TLS and the lines that are printed for them (RFC 8705). */
import { createHash, randomBytes } from 'node:crypto'
import { type Test, test } from 'tap'
import { certificateClaims } from '../../src/features/forward-auth/claimed-headers.ts'
import { makeCertificate, type TestCertificate } from '../support/client-certificates.ts'
import { claimsOf, register } from '../support/oauth.ts'
import { type Edit, hasProxy, type ProxyName, type Release, startProxy } from '../support/proxies.ts'
import { overTls } from '../support/secure.ts'
import { freePort, scratchFolder } from '../support/servers.ts'
import { bearer, startService } from '../support/service.ts'
import { startUpstream } from '../support/upstream.ts'

/** Caddy would get its certificates from an authority elsewhere, and listen to port 80. */
const ofCaddy: Edit[] = [
  ['{\n\tservers {', '{\n\tlocal_certs\n\tskip_install_trust\n\tauto_https disable_redirects\n\tservers {'],
]

const websocket = {
  ...{ connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' },
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
}

/** `atIssuer`: whether a certificate is told at the issuer's host too, since the proxy asks for it before it knows the host. */
const proxies: [ProxyName, Release, { atIssuer: boolean; header?: string; edits?: Edit[] }][] = [
  ['nginx', 'packaged', { atIssuer: false }],
  ['caddy', 'packaged', { atIssuer: false, edits: ofCaddy }],
  ['haproxy', 'packaged', { atIssuer: true }],
  ['traefik', 'current', { atIssuer: false, header: 'X-Forwarded-Tls-Client-Cert' }],
  ['envoy', 'current', { atIssuer: true }],
]

type Setting = (typeof proxies)[number]

const rules = [
  { paths: ['/public/**'], allow: 'anyone' },
  { paths: ['/foreign/**'], networks: ['198.51.100.0/24'], allow: 'anyone' },
  { allow: 'signed-in' },
]

/** `path`: of the issuer, which then is below the host of the application. */
async function setScene(t: Test, [name, release, { header = 'Client-Cert', edits }]: Setting, path = '') {
  const folder = scratchFolder(t)
  const [own, foreign] = [await makeCertificate(folder, 'own'), await makeCertificate(folder, 'foreign', 'rsa:2048')]
  const [port, upstream] = [await freePort(), await startUpstream(t)]
  const at = (host: string) => `${host}.example.test:${port}`
  const [app, asking] = [at('app'), at('mtls')]
  const issuer = `https://${path === '' ? at('auth') : app}${path}`
  const secret = randomBytes(32).toString('hex')
  const digest = createHash('sha256').update(secret).digest('hex')
  const hosts = {
    [app]: { audience: 'app', rules },
    [at('*')]: { audience: 'app', rules: [{ allow: 'signed-in' }] },
  }
  const sections = {
    proxies: { edges: [{ networks: ['127.0.0.1/32'], secret_sha256: [digest] }] },
    client_certificates: { enabled: true, host: asking, header },
  }
  const service = await startService(t, { yaml: { hosts, ...sections }, environment: { GATEHOUSE_ISSUER: issuer } })
  const ports = { port, servicePort: service.port, upstreamPort: upstream.port }
  await startProxy(t, name, { release, ...ports, issuer, secret, hosts, sections, ...(edits && { edits }) })
  const job = await register(service, {
    ...{ audiences: ['app'], scopes: [], tls_client_certificate_bound_access_tokens: true },
  })
  return {
    ...{ port, upstream, service, at, app, asking, issuer, secret, own, foreign },
    async ask(host: string, certificate?: TestCertificate, headers: object = {}) {
      const form = { grant_type: 'client_credentials', ...job }
      const { status, body } = await overTls(port, host, `${path}/oauth/token`, { form, certificate, headers })
      return { status, ...JSON.parse(body) }
    },
    open: (token: string, certificate?: TestCertificate, headers: object = {}, host = app) =>
      overTls(port, host, '/x', { certificate, headers: { ...bearer(token), ...headers } }),
    /** What a client says that tells of certificates itself, in every header and form that some proxy has for it. */
    claims: (of: TestCertificate, how: (text: string) => string | string[] = (text) => text) =>
      Object.fromEntries([...certificateClaims, header].map((claim) => [claim.toLowerCase(), how(of.told)])),
  }
}

for (const setting of proxies) {
  const [name, release, { atIssuer }] = setting
  if (!hasProxy(name, release)) continue
  void test(`${name} tells the certificate of a client, and lets no client tell one`, async (t) => {
    const scene = await setScene(t, setting)
    const { port, upstream, service, at, app, asking, issuer, secret, own, foreign, ask, open, claims } = scene

    const { status, access_token: token } = await ask(asking, own)
    t.equal(status, 200)
    t.same(claimsOf(token)['cnf'], { 'x5t#S256': own.thumbprint })
    t.equal((await ask(new URL(issuer).host, own)).status, atIssuer ? 200 : 400)

    await t.test('a bound token is good over its certificate alone, and no application is told of that', async (t) => {
      for (const host of [app, at('some')]) {
        upstream.arrived.length = 0
        t.equal((await open(token, own, {}, host)).status, 200, host)
        const [arrived] = upstream.arrived
        const text = JSON.stringify(arrived)
        t.notMatch(text, /client-?cert/i)
        t.notMatch(text, secret)
        for (const other of [foreign, undefined]) {
          const denied = await open(token, other, {}, host)
          t.equal(denied.status, 401, host)
          if (name !== 'nginx') t.match(denied.headers['www-authenticate'], /error="invalid_token"/)
        }
      }
      t.equal(upstream.arrived.length, 1)
    })

    await t.test('what a client tells itself is neither believed nor passed on', async (t) => {
      upstream.arrived.length = 0
      const ways = [
        (text: string) => text,
        (text: string) => [text, text],
        () => encodeURIComponent(own.pem),
        (text: string) => text.slice(1, -1),
      ]
      for (const way of ways) {
        for (const certificate of [undefined, foreign]) {
          const headers = claims(own, way)
          t.equal((await open(token, certificate, headers)).status, 401)
          t.equal((await open(token, certificate, { ...headers, 'x-edge-secret': 'guessed' })).status, 401)
        }
        t.match(await ask(asking, undefined, claims(own, way)), { status: 400, error: 'invalid_request' })
        t.match(await ask(new URL(issuer).host, undefined, claims(own, way)), { status: 400 })
        const given = await ask(asking, foreign, claims(own, way))
        t.same(
          claimsOf(given.access_token)['cnf'],
          { 'x5t#S256': foreign.thumbprint },
          'its own is the one that counts',
        )
      }
      t.same(upstream.arrived, [])
      t.equal((await overTls(port, app, '/public/x', { headers: claims(own) })).status, 200)
      t.notMatch(JSON.stringify(upstream.arrived), /client-?cert/i)
    })

    await t.test('nor does a client choose what is judged', async (t) => {
      upstream.arrived.length = 0
      const target = { 'x-forwarded-uri': '/public/x', 'x-original-url': `https://${app}/public/x` }
      const more = { 'x-forwarded-method': 'OPTIONS', 'x-forwarded-proto': 'http', 'x-forwarded-host': at('other') }
      const upgrade = { ...websocket, ...target }
      for (const headers of [target, { ...target, ...more }, more, upgrade]) {
        t.equal((await overTls(port, app, '/x', { certificate: own, headers })).status, 401)
        t.equal((await open(token, own, headers)).status, headers === upgrade ? 101 : 200)
      }
      const from = { 'x-forwarded-for': '198.51.100.1', 'x-real-ip': '198.51.100.1', forwarded: 'for=198.51.100.1' }
      t.equal((await overTls(port, app, '/foreign/x', { certificate: own, headers: from })).status, 401)
      const told = upstream.arrived.map(({ method, url }) => `${method} ${url}`)
      t.same(
        told,
        Array.from({ length: 4 }, () => 'GET /x'),
      )
      t.notMatch(JSON.stringify(upstream.arrived), /client-?cert/i)
    })

    await t.test('whoever has no certificate is served as before', async (t) => {
      const { accessToken } = await service.signIn(await service.createUser())
      t.equal((await open(accessToken)).status, 200)
      t.equal((await open(accessToken, own)).status, 200)
      for (const host of [asking, new URL(issuer).host]) {
        t.equal((await overTls(port, host, '/login', { headers: { accept: 'text/html' } })).status, 200, host)
        t.equal((await overTls(port, host, '/forward-auth', {})).status, 404, host)
      }
    })
  })

  void test(`${name} does so where the service is below a path of a host of applications`, async (t) => {
    const { app, asking, own, foreign, upstream, ask, open, claims } = await setScene(t, setting, '/auth')
    for (const host of [asking, app]) {
      const { status, access_token: token } = await ask(host, own)
      t.equal(status, 200, host)
      t.same(claimsOf(token)['cnf'], { 'x5t#S256': own.thumbprint })
      t.match(await ask(host, undefined, claims(own)), { status: 400, error: 'invalid_request' })
      t.equal((await open(token, own)).status, 200)
      t.equal((await open(token, foreign, claims(own))).status, 401)
    }
    t.equal((await open('', own, {}, asking)).status, 404)
    t.notMatch(JSON.stringify(upstream.arrived), /client-?cert/i)
  })
}
