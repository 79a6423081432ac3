import { stringify } from 'yaml'
import { limits } from './limits.ts'
import type { IssuerPlace } from './places.ts'
import {
  aboutHostPaths,
  addressOf,
  certificate,
  type HostGroup,
  hostPathsOf,
  placesOf,
  type ProxySetup,
} from './setup.ts'
import { certificateHeader, traefikMiddlewares } from './traefik-middlewares.ts'
import { lowestVersions } from './versions.ts'

/** One of Traefik's routers, in whatever form it is printed. */
export interface Router {
  readonly about?: string
  readonly rule: string
  /** Exact hosts come before wildcards, whatever their lengths, and both before routers that say no priority. */
  readonly priority: number
  readonly middlewares: readonly string[]
  readonly service: string
  /** Whether clients are asked for a certificate. */
  readonly asks: boolean
}

/** What Traefik is told about routes, before it is written as a file, as labels or as objects of Kubernetes. */
export interface Routes {
  /** The service's own pages; nothing when they are not served on the same port. */
  readonly pages: Router | undefined
  /** The same at the host that asks for certificates, where there is one. */
  readonly pagesBeside: Router | undefined
  /** The paths that the service has of hosts of applications: to the service too. */
  readonly ofHosts: readonly { readonly name: string; readonly group: HostGroup; readonly router: Router }[]
  readonly applications: readonly { readonly name: string; readonly group: HostGroup; readonly router: Router }[]
  readonly middlewares: Readonly<Record<string, { readonly about: string; readonly settings: object }>>
}

/** The routes of a setup. Throws where something before Traefik ends TLS. */
export function traefikRoutes(setup: ProxySetup): Routes {
  const { groups, issuer, tls, scheme, certificates } = setup
  if (scheme === 'https' && !tls) {
    throw new Error('Traefik tells the service https only where it ends TLS itself: leave out --listen')
  }
  if (certificates.areTold && certificates.header.toLowerCase() !== certificateHeader.toLowerCase()) {
    throw new Error(`Traefik tells certificates as ${certificateHeader} alone: say so in client_certificates.header`)
  }
  const pages = (place: IssuerPlace): Router => {
    const asks = certificates.asksAt(place.name)
    return {
      ...pagesRule(place),
      priority: 4000,
      middlewares: ['clean', 'no-upgrade', ...(asks ? ['edge-secret', 'certificate'] : [])],
      ...{ service: 'gatehouse', asks },
    }
  }
  return {
    pages: issuer && pages(issuer),
    pagesBeside: certificates.place && pages(certificates.place),
    ofHosts: groups.map((group) => hostRouter(setup, group)),
    applications: groups.flatMap((group) => applicationRouters(setup, group)),
    middlewares: traefikMiddlewares(setup),
  }
}

function pagesRule({ name, paths }: IssuerPlace): Pick<Router, 'about' | 'rule'> {
  if (paths !== undefined) {
    return {
      about: "The service's own pages and API, and its metadata beside them (RFC 8414). Nobody is asked about them.",
      rule: `Host(\`${name}\`) && (Path(\`${paths.base}\`) || PathPrefix(\`${paths.base}/\`) || Path(\`${paths.metadata}\`))`,
    }
  }
  return {
    about: `The service's own pages and API. Only Traefik itself asks whether a request may pass, and only machines read the
metrics. No path of the service has an escape in its first segment, where one would hide the name.`,
    rule: `Host(\`${name}\`) && !PathPrefix(\`/forward-auth\`) && !PathPrefix(\`/metrics\`) && !PathRegexp(\`^/[^/]*%\`)`,
  }
}

function hostRouter(setup: ProxySetup, group: HostGroup) {
  const { exact, below } = hostPathsOf(group)
  const paths = [...[...exact, below].map((path) => `Path(\`${path}\`)`), `PathPrefix(\`${below}/\`)`].join(' || ')
  const router: Router = {
    about: aboutHostPaths(group),
    rule: `(${hostRule(setup, group.names)}) && (${paths})`,
    ...{ priority: 4000, middlewares: ['clean', 'no-upgrade'], service: 'gatehouse' },
    asks: group.names.some(setup.certificates.asksAt),
  }
  return { name: `service-${group.name}`, group, router }
}

export const isWildcard = (name: string) => name.startsWith('*.')

/** A router for what is no WebSocket and one for what is, of the exact hosts and of the wildcards. */
function applicationRouters(setup: ProxySetup, group: HostGroup): { name: string; group: HostGroup; router: Router }[] {
  const { edgeSecret, certificates } = setup
  const asks = group.names.some(certificates.asksAt)
  const ask = [
    ...(edgeSecret === undefined ? [] : ['edge-secret']),
    ...(asks ? ['certificate'] : []),
    `auth-${group.headersName}`,
    ...(edgeSecret === undefined ? [] : ['no-edge-secret']),
  ]
  const pair = (names: readonly string[], suffix: string, priority: number) => {
    if (names.length === 0) return []
    const rule = hostRule(setup, names)
    const name = `app-${group.name}${suffix}`
    const service = group.upstream.name
    return [
      { name, group, router: { rule, priority, middlewares: ['clean', 'no-upgrade', ...ask], service, asks } },
      {
        name: `${name}-websocket`,
        group,
        router: {
          rule: `(${rule}) && HeaderRegexp(\`Upgrade\`, \`(?i)^websocket$\`)`,
          ...{ priority: priority + 1, middlewares: ['clean', 'websocket', ...ask], service, asks },
        },
      },
    ]
  }
  return [
    ...pair(
      group.names.filter((name) => !isWildcard(name)),
      '',
      3000,
    ),
    ...pair(group.names.filter(isWildcard), '-wildcard', 1000),
  ]
}

function hostRule(setup: ProxySetup, names: readonly string[]): string {
  const patterns = names.map((name) =>
    isWildcard(name) ? `HostRegexp(\`^[^.]+${name.slice(1).replaceAll('.', '\\.')}$\`)` : `Host(\`${name}\`)`,
  )
  const rule = patterns.join(' || ')
  const covered = placesOf(setup).filter(({ name }) => names.includes(name.replace(/^[^.]+/, '*')))
  return covered.length === 0 ? rule : [`(${rule})`, ...covered.map(({ name }) => `!Host(\`${name}\`)`)].join(' && ')
}

/** The dynamic configuration, as the file provider reads it. */
export function traefikDynamic(setup: ProxySetup): string {
  const { gatehouse, upstreams, tls } = setup
  const routes = traefikRoutes(setup)
  const { areTold } = setup.certificates
  const tlsOf = (asks: boolean) => (areTold && !asks ? { options: 'plain' } : {})
  const router = ({ about, asks, ...rest }: Router, name: string) =>
    entry(name, { ...rest, entryPoints: ['edge'], ...(tls && { tls: tlsOf(asks) }) }, about)
  const service = (name: string, url: string) => entry(name, { loadBalancer: { servers: [{ url }] } })
  return `# Gatehouse behind Traefik (${lowestVersions.traefik} or newer), dynamic configuration: /etc/traefik/gatehouse.yml.
# Printed by \`gatehouse proxy-config traefik\`; docs/proxies/traefik.md explains every line. It needs the static
# configuration that \`gatehouse proxy-config traefik --part static\` prints.

http:
  routers:
${[
  routes.pages && router(routes.pages, 'gatehouse'),
  routes.pagesBeside && router(routes.pagesBeside, 'gatehouse-certificates'),
  ...[...routes.ofHosts, ...routes.applications].map(({ name, router: own }) => router(own, name)),
]
  .filter((text) => text !== undefined)
  .join('\n')}
  middlewares:
${Object.entries(routes.middlewares)
  .map(([name, { about, settings }]) => entry(name, settings, about))
  .join('\n')}
  services:
${[
  service('gatehouse', `http://${addressOf(gatehouse)}`),
  ...upstreams.map((upstream) => service(upstream.name, `http://${addressOf(upstream)}`)),
].join(
  '\n',
)}${tls ? `\ntls:\n  certificates:\n    - certFile: ${certificate.chain}\n      keyFile: ${certificate.key}\n${areTold ? askingOptions : ''}` : ''}`
}

/** Those of no name hold for wildcards too. */
const askingOptions = `  options:
    # Clients may show a certificate. Who issued it counts for nothing: their tokens are bound to it.
    default:
      clientAuth:
        clientAuthType: RequestClientCert
    plain:
      clientAuth:
        clientAuthType: NoClientCert
`

function entry(name: string, value: object, about?: string): string {
  const comment = about === undefined ? '' : `${about}\n`.replaceAll(/^(?=.)/gm, '# ')
  return indented('    ', comment + stringify({ [name]: value }, { lineWidth: 0 }))
}

const indented = (indent: string, text: string): string => text.replaceAll(/^(?=.)/gm, indent)

/** What holds for every request of an entry point, in any form of Traefik's static configuration. */
export function entryPointOptions({ encoded }: ProxySetup) {
  return {
    aliasHeadersStrategy: 'delete',
    maxHeaderBytes: limits.requestHeaderKiB * 1024,
    encodedCharacters: {
      allowEncodedSlash: encoded.includes('slash'),
      allowEncodedBackSlash: encoded.includes('backslash'),
      allowEncodedNullCharacter: false,
      allowEncodedSemicolon: encoded.includes('semicolon'),
      allowEncodedQuestionMark: true,
      allowEncodedHash: true,
      allowEncodedPercent: true,
    },
  }
}

/** For how long an entry point waits; the first is the whole of a request with its upload, for which it has no other word. */
export const respondingTimeouts = {
  readTimeout: `${limits.silenceSeconds}s`,
  writeTimeout: '0s',
  idleTimeout: `${limits.betweenRequestsSeconds}s`,
}
export const forwardingTimeouts = { dialTimeout: `${limits.connectSeconds}s` }

/** What Traefik reads at its start: where it listens, and what holds for every request. */
export function traefikStatic(setup: ProxySetup): string {
  const { listen } = setup
  const { aliasHeadersStrategy, maxHeaderBytes, encodedCharacters } = entryPointOptions(setup)
  return `# Gatehouse behind Traefik (${lowestVersions.traefik} or newer), static configuration: /etc/traefik/traefik.yml, where Traefik looks for it.
# Printed by \`gatehouse proxy-config traefik --part static\`; docs/proxies/traefik.md explains every line.

entryPoints:
  edge:
    # Without forwardedHeaders.insecure or trustedIPs: then Traefik drops what clients send as X-Forwarded-*.
    address: ":${listen}"
    http:
      # Many upstreams read X_Auth_Subject and X.Auth.Subject as X-Auth-Subject.
      aliasHeadersStrategy: ${aliasHeadersStrategy}
      maxHeaderBytes: ${maxHeaderBytes}
      # What no host takes in a path is refused at once; the service refuses the rest where two readers could differ.
      encodedCharacters:
${indented('        ', stringify(encodedCharacters))}    transport:
      # An upload has an hour in all; answers, event streams and WebSockets last as long as they like.
      respondingTimeouts:
${indented('        ', stringify(respondingTimeouts))}
serversTransport:
  forwardingTimeouts:
${indented('    ', stringify(forwardingTimeouts))}
providers:
  file:
    filename: /etc/traefik/gatehouse.yml

global:
  checkNewVersion: false
  sendAnonymousUsage: false
`
}
