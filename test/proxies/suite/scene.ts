/** Service, a proxy with its printed configuration, and an application behind it. */
import { createHash, randomBytes } from 'node:crypto'
import { networkInterfaces } from 'node:os'
import type { Test } from 'tap'
import type { Backend } from '../../support/backends.ts'
import { type ProxyName, type Release, startProxy } from '../../support/proxies.ts'
import { sendRaw } from '../../support/raw.ts'
import { freePort } from '../../support/servers.ts'
import {
  type Answer,
  ask,
  bearer,
  type Call,
  exampleRules,
  type Service,
  type SignedIn,
  startService,
  type TestUser,
} from '../../support/service.ts'
import { type Arrived, startUpstream } from '../../support/upstream.ts'
import type { TraefikFormName } from '../../support/traefik-providers.ts'

export const appHost = 'app.example.test'
export const otherHost = 'other.example.test'
export const authHost = 'auth.example.test'
export const networkHost = 'lan.example.test'
export const customHost = 'shop.tenant.example.test'

/** Addresses that no client of the test has: of others, of documentation, and this machine's own. */
const foreign = ['10.0.0.0/8', '198.51.100.0/24', ...ownAddresses()]
/** An address of a client on this machine, other than the proxy's own. */
export const nearAddress = '127.0.0.2'

function ownAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .flatMap(({ address, family, internal }) => (internal || family !== 'IPv4' ? [] : [`${address}/32`]))
}

export const networkRules = {
  headers: { preset: 'remote', user: 'email' },
  rules: [
    { paths: ['/foreign/**'], networks: foreign, allow: 'anyone' },
    { paths: ['/near/**'], networks: [`${nearAddress}/32`], allow: 'anyone' },
    { allow: 'signed-in' },
  ],
}

/** Where the proxies differ, and may. */
export interface Traits {
  name: ProxyName
  form?: TraefikFormName
  release: Release
  /** Status while the service is away, and when it answers 503. */
  away: number
  broken: number
  /** Status while the service is silent, and the most seconds until then. */
  silent: readonly [status: number, seconds: number]
  /** Status of a request whose headers are larger than the proxy reads. */
  largeHeaders: number
  /** Status of a host that nobody configured. */
  unknownHost: number
  /** Whether bodies without a length are refused, since the proxy cannot drop the trailers behind them. */
  refusesChunks: boolean
  /** Whether a request line may hold a whole URL. */
  takesAbsoluteUrls: boolean
  /** Whether user information in such a URL is dropped, rather than refused. */
  dropsUserInfo: boolean
  /** What the proxy writes anew before it asks, so that it judges and serves the new text. */
  writesAnew: Record<string, string>
  /** Status of a request whose Connection header names what the proxy needs: it is kept, dropped, or the request is refused. */
  namesCredential: 200 | 401 | 400
  /** Status of a request about which a success says nothing; a proxy that sees no more than the status has none. */
  undecided: number | undefined
  /** Whether HTTP/2 is spoken without TLS, each request of it judged. */
  cleartextHttp2: boolean
  /** Whether HTTP/2 is spoken over TLS; nothing where the proxy gets its certificates from an authority by itself. */
  http2OverTls: boolean | undefined
}

type Raw = (
  target: string,
  lines?: string[],
  more?: { method?: string; host?: string; body?: string; from?: string },
) => Promise<{ status: number; head: string; body: string }>

export interface Scene {
  traits: Traits
  port: number
  service: Service
  /** A user with roles, and one without. */
  ada: TestUser
  bob: TestUser
  adaIn: SignedIn
  bobIn: SignedIn
  asAda: { authorization: string }
  asBob: { authorization: string }
  bobLine: string
  call(path: string, call?: Call): Promise<Answer>
  raw: Raw
  /** What reached the application during an action. */
  during(action: () => Promise<unknown>): Promise<Arrived[]>
}

export async function setScene(t: Test, traits: Traits, backend: Backend): Promise<Scene> {
  const port = await freePort()
  const upstream = await startUpstream(t)
  const custom = {
    headers: { subject: 'X-User-Id', roles: 'X-User-Roles' },
    authorization: 'assertion',
    rules: [
      { paths: ['/public/**'], allow: 'anyone' },
      { paths: ['/cors/**'], methods: ['PUT'], preflight: true, allow: 'signed-in' },
      { allow: 'signed-in' },
    ],
  }
  const hosts = Object.fromEntries(
    Object.entries({
      ...exampleRules.hosts,
      '*.tenant.example.test': custom,
      [networkHost]: networkRules,
    }).map(([host, rules]) => [`${host}:${port}`, rules]),
  )
  const issuer = `http://${authHost}:${port}`
  // Only who shows the edge's secret may ask, so every answer of the suite is one to the proxy's own questions.
  const secret = randomBytes(32).toString('base64')
  const digest = createHash('sha256').update(secret).digest('hex')
  const proxies = { edges: [{ networks: ['127.0.0.1/32'], secret_sha256: [digest] }] }
  const environment = { GATEHOUSE_ISSUER: issuer }
  const service = await startService(t, { backend, yaml: { hosts, proxies }, environment })
  await startProxy(t, traits.name, {
    ...(traits.form && { form: traits.form }),
    ...{ release: traits.release, port, servicePort: service.port, upstreamPort: upstream.port },
    ...{ hosts, issuer, secret },
  })
  const ada = await service.createUser({ roles: ['admin', 'editor'], name: 'Ada, Countess of Lovelace' })
  const bob = await service.createUser({ name: 'Bob' })
  const [adaIn, bobIn] = [await service.signIn(ada), await service.signIn(bob)]
  const asBob = bearer(bobIn.accessToken)
  return {
    ...{ traits, port, service, ada, bob, adaIn, bobIn, asAda: bearer(adaIn.accessToken), asBob },
    bobLine: `Authorization: ${asBob.authorization}`,
    call: (path, { headers, ...rest } = {}) =>
      ask(port, path, { ...rest, headers: { host: `${appHost}:${port}`, ...headers } }),
    raw: (target, lines = [], { method = 'GET', host = `${appHost}:${port}`, body = '', from } = {}) =>
      sendRaw(
        port,
        [`${method} ${target} HTTP/1.1`, `Host: ${host}`, ...lines, 'Connection: close', '', body].join('\r\n'),
        from,
      ),
    async during(action) {
      const before = upstream.arrived.length
      await action()
      return upstream.arrived.slice(before)
    },
  }
}

/** Headers that some upstream would take for an identity header, whatever the spelling; empty ones say nothing. */
export function identityOf(request: Arrived): string[] {
  return request.headers
    .filter(([name, value]) => /^x[^a-z0-9]+(auth|user)[^a-z0-9]/i.test(name) && value !== '')
    .map(([name, value]) => `${name.toLowerCase()}: ${value}`)
    .toSorted()
}

/** What a browser sends to open a WebSocket, but for `Connection`. */
export const handshake = [
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
]
