import { type Brand, type Branding, brandOf, defaultBranding } from '../../pages/brand.ts'
import { createHash } from 'node:crypto'
import { canSignInTo, getsOwnCookie, type Reach } from '../../core/cookie-reach.ts'
import { hostPaths } from '../../core/host-paths.ts'
import { resourceMetadataPath } from '../../core/protected-resource.ts'
import { basePathOf, metadataPathsOf } from '../../core/issuer.ts'
import type { EscapedCharacter } from '../../core/request-path.ts'
import { clientClaims } from '../../features/forward-auth/claimed-headers.ts'
import { headerPreset, type IdentityField, knownIdentityNames } from '../../features/forward-auth/header-presets.ts'
import type { HostRules, Hosts } from '../../features/forward-auth/settings.ts'
import { type CredentialHeader, credentialHeaders, withheldHeaders } from '../../features/forward-auth/withheld.ts'
import { type Certificates, type CertificateSettings, certificatesOf, uncommonHeader } from './certificates.ts'
import { limits } from './limits.ts'
import type { IssuerPlace, OwnPaths } from './places.ts'

/** Where something listens: a name or address, and a port. */
export interface Endpoint {
  readonly host: string
  readonly port: number
}

/** An application behind the proxy. */
interface Upstream extends Endpoint {
  /** A name of its own for the proxy's configuration, which other applications do not change. */
  readonly name: string
}

/** Hosts of one application that are told who it is by the same headers, on the same port. */
export interface HostGroup {
  /** A name of its own, which other hosts do not change. */
  readonly name: string
  /** Lower-case names without a port; one may begin with `*.`, which stands for one label. */
  readonly names: readonly string[]
  /** What follows the name where the browser shows a port, such as `:8443`; otherwise empty. */
  readonly port: string
  /** The name of the headers below, the same for every group that has them: `remote`, `custom-1a2b3c4d`. */
  readonly headersName: string
  /** Header names and what they carry. */
  readonly headers: readonly (readonly [name: string, field: IdentityField])[]
  /** The headers of which the application gets what the answer holds, be it the assertion or what is left of the client's own. */
  readonly credentials: readonly CredentialHeader[]
  readonly upstream: Upstream
  /** Whether it is the issuer's own host, alone in its group, of which the service has a path for itself. */
  readonly isIssuer: boolean
  /** Whether the session cookie does not reach them, so that people are signed in there by paths of theirs (`hostPathsOf`). */
  readonly hasOwnPaths: boolean
}

/**
 * What the service has of a host of applications, beside all paths that it is asked about: what programs are told of the host (RFC 9728),
 * and where people are signed in whom the session cookie does not follow there.
 */
export interface HostPaths {
  /** Whole paths. */
  readonly exact: readonly string[]
  /** A path, and what begins with it and a slash. */
  readonly below: string
  /** All of them as one regular expression that a path must match as a whole. */
  readonly pattern: string
}

export function hostPathsOf({ hasOwnPaths }: Pick<HostGroup, 'hasOwnPaths'>): HostPaths {
  const exact = hasOwnPaths ? Object.values(hostPaths) : []
  const pattern = [...exact, `${literally(resourceMetadataPath)}(/.*)?`].join('|')
  return { exact, below: resourceMetadataPath, pattern }
}

/** What is said of them in every configuration. */
export const aboutHostPaths = (group: Pick<HostGroup, 'hasOwnPaths'>): string =>
  `What the service tells programs of this host (RFC 9728)${group.hasOwnPaths ? ', and where it signs people in to it, which its own cookie does not reach' : ''}. Nobody is asked about it.`

/** What a proxy's configuration is made of. Every text in it is safe to print as it is. */
export interface ProxySetup {
  readonly scheme: 'http' | 'https'
  /** The issuer, with its path where it has one. */
  readonly issuerUrl: string
  /** In whose name pages are shown. */
  readonly brand: Brand
  /** The issuer's host; nothing when it is not served on the same port. */
  readonly issuer: IssuerPlace | undefined
  readonly gatehouse: Endpoint
  /** The applications of all groups, each once. */
  readonly upstreams: readonly Upstream[]
  readonly listen: number
  /** Whether the proxy itself ends TLS; if not and the scheme is https, something before it does. */
  readonly tls: boolean
  readonly groups: readonly HostGroup[]
  /** The escaped characters that any of these hosts takes in a segment. */
  readonly encoded: readonly EscapedCharacter[]
  /** Every header by which any host, on whatever port, is told who it is, and all that applications know: each once. */
  readonly identity: readonly string[]
  /** Names of hosts that were left out, since they live on a port that this listener does not serve. */
  readonly elsewhere: readonly string[]
  /** Names of hosts that no browser sends the session cookie to. */
  readonly withoutCookie: readonly string[]
  readonly edgeSecret: string | undefined
  readonly certificates: Certificates
}

/** Where the printed configurations expect the certificate. */
export const certificate = {
  chain: '/etc/gatehouse/tls/certificate.pem',
  key: '/etc/gatehouse/tls/key.pem',
  both: '/etc/gatehouse/tls/certificate-and-key.pem',
}

/** Where the applications are: one for a host of its own, and one for all others. */
export interface Upstreams {
  readonly others: Endpoint
  /** By the host as gatehouse.yaml lists it, with its port or without. */
  readonly byHost: ReadonlyMap<string, Endpoint>
}

/** Sorts the hosts of gatehouse.yaml for one listener. Throws a message for the operator when they do not fit together. */
export function describeSetup(
  given: Reach & {
    hosts: Hosts
    branding?: Branding
    gatehouse: Endpoint
    upstreams: Upstreams
    listen: number | undefined
    edgeSecret: string | undefined
    clientCertificates?: CertificateSettings
  },
): ProxySetup {
  const { protocol, hostname, port: issuerPort } = new URL(given.issuer)
  const scheme = protocol === 'https:' ? 'https' : 'http'
  const usual = scheme === 'https' ? 443 : 80
  const basePath = basePathOf(given.issuer)
  const hosts = Object.entries(given.hosts).map(([host, settings]) => {
    const { name, port } = splitHost(host, usual)
    return { host, name, port, settings }
  })
  const ports = new Set(hosts.map(({ port }) => port))
  const issuerAt = Number(issuerPort) || usual
  // The port that browsers see, which is another one than `listen` where something before the proxy ends TLS.
  const publicPort = [given.listen, issuerAt, ...ports].find((port) => port !== undefined && ports.has(port))
  if (publicPort === undefined) throw new Error('gatehouse.yaml lists no hosts to protect')
  const port = publicPort === usual ? '' : `:${publicPort}`
  const upstreamOf = upstreamFinder(given.upstreams, hosts)
  const groups = new Map<string, HostGroup & { names: string[] }>()
  const identity = [...knownIdentityNames]
  const encoded = new Set<EscapedCharacter>()
  for (const { host, name, port: hostPort, settings } of hosts) {
    const told = identityOf(settings)
    identity.push(...told.headers.map(([header]) => header))
    if (hostPort !== publicPort) continue
    const isIssuer = name === hostname && issuerAt === publicPort
    if (isIssuer && basePath === '') {
      throw new Error(`${host} is the issuer's own host, which no rule can protect`)
    }
    for (const character of settings.encoded ?? []) encoded.add(character)
    const upstream = upstreamOf(host)
    const application = upstream.name === applicationName ? '' : `-${upstream.name}`
    const hasOwnPaths = getsOwnCookie(name, given)
    const group = `${told.headersName}${application}${isIssuer ? '-beside' : ''}${hasOwnPaths ? '-elsewhere' : ''}`
    if (!groups.has(group))
      groups.set(group, { name: group, names: [], port, ...told, upstream, isIssuer, hasOwnPaths })
    groups.get(group)!.names.push(name)
  }
  const listen = given.listen ?? publicPort
  const tls = scheme === 'https' && listen === publicPort
  const isShared = [...groups.values()].some((one) => one.isIssuer)
  const issuer: IssuerPlace | undefined =
    issuerAt === publicPort ? { name: hostname, port, paths: pathsOf(given.issuer), isShared } : undefined
  const upstreams = new Map([...groups.values()].map(({ upstream }) => [upstream.name, upstream]))
  return {
    scheme,
    brand: brandOf(given.branding ?? defaultBranding),
    issuerUrl: given.issuer,
    issuer,
    gatehouse: given.gatehouse,
    upstreams: [...upstreams.values()],
    listen,
    tls,
    groups: [...groups.values()],
    encoded: [...encoded],
    identity: distinct(identity),
    elsewhere: hosts.filter((candidate) => candidate.port !== publicPort).map(({ host }) => host),
    withoutCookie: hosts.filter(({ name }) => !canSignInTo(name, given)).map(({ host }) => host),
    edgeSecret: given.edgeSecret,
    certificates: certificatesOf(given.clientCertificates, {
      ...{ tls, issuer, port: publicPort, edgeSecret: given.edgeSecret },
      hosts,
      split: (host) => splitHost(host, usual),
    }),
  }
}

function literally(path: string): string {
  return path.replaceAll('.', '\\.')
}

function pathsOf(issuer: string): OwnPaths | undefined {
  const base = basePathOf(issuer)
  if (base === '') return undefined
  const { inserted: metadata } = metadataPathsOf(issuer)
  return { base, metadata, pattern: `${literally(base)}(/.*)?|${literally(metadata)}` }
}

/** How a host is told who it is, under a name that stays while the headers do. */
function identityOf(settings: HostRules) {
  const { headers: choice = 'gatehouse', authorization } = settings
  const headers = headerPreset(choice)
  const withheld = withheldHeaders(settings)
  const credentials = credentialHeaders.filter(
    (name) => withheld.includes(name) || (name === 'Authorization' && authorization === 'assertion'),
  )
  const digest = createHash('sha256').update(JSON.stringify(headers)).digest('hex').slice(0, 8)
  const name = (typeof choice === 'string' ? choice : choice.preset) ?? `custom-${digest}`
  const suffix = [authorization === 'assertion' ? '-assertion' : '', withheld.length > 0 ? '-withheld' : ''].join('')
  return { headers, credentials, headersName: `${name}${suffix}` }
}

/** Name and port of a host as gatehouse.yaml lists it. */
function splitHost(host: string, usual: number): { name: string; port: number } {
  const [, name = '', port = ''] = /^(.*?)\.?(?::(\d+))?$/.exec(host.toLowerCase()) ?? []
  return { name, port: Number(port) || usual }
}

/** The name of the application that all hosts without one of their own share. */
const applicationName = 'app'

function upstreamFinder(
  { others, byHost }: Upstreams,
  hosts: readonly { host: string; name: string; port: number }[],
): (host: string) => Upstream {
  const found = new Map<string, Upstream>()
  for (const [asked, { host, port }] of byHost) {
    const wanted = splitHost(asked, 0)
    const named = hosts.filter(({ name, port: own }) => name === wanted.name && [own, 0].includes(wanted.port))
    if (named.length === 0) throw new Error(`--upstream: ${asked} is no host of gatehouse.yaml`)
    // A colon separates things in some of the formats.
    const name = `${applicationName}-${host.replaceAll(/[[\]]/g, '').replaceAll(':', '-')}-${port}`
    for (const { host: listed } of named) found.set(listed, { name, host, port })
  }
  return (host) => found.get(host) ?? { name: applicationName, ...others }
}

function distinct(names: readonly string[]): string[] {
  return [...new Map(names.map((name) => [name.toLowerCase(), name])).values()]
}

/** Headers of the answer to a question: what is left of the client's own credentials comes on top of who it is. */
export function questionAnswerKiB(credentials: readonly CredentialHeader[]): number {
  return limits.answerHeaderKiB + (credentials.includes('Cookie') ? limits.requestHeaderKiB : 0)
}

/**
 * Every header that comes from the proxy or from nobody: what a client says about its own request or about who it is. Those
 * that the proxy sets itself (`toldByProxies`) are not among them.
 */
export function clearedNames(setup: Pick<ProxySetup, 'identity' | 'certificates'>): string[] {
  return [...claimsOf(setup), ...setup.identity]
}

/** Of those what a client says about its own request. */
export function claimsOf({ certificates }: Pick<ProxySetup, 'certificates'>): string[] {
  return [...clientClaims, ...uncommonHeader(certificates)]
}

/** The places where the service has a host, or paths of one, for itself. */
export function placesOf({ issuer, certificates }: Pick<ProxySetup, 'issuer' | 'certificates'>): IssuerPlace[] {
  return [issuer, certificates.place].filter((place) => place !== undefined)
}

export const addressOf = ({ host, port }: Endpoint): string => `${host}:${port}`

/** Joins lines, indented; empty texts vanish, so that an optional line can be written in place. */
export function lines(indent: string, ...texts: (string | false | undefined)[]): string {
  return texts
    .filter((text): text is string => typeof text === 'string' && text !== '')
    .map((text) => indent + text)
    .join('\n')
}
