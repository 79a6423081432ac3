import { stringify } from 'yaml'
import { clientClaims } from '../../features/forward-auth/claimed-headers.ts'
import { limits } from './limits.ts'
import {
  aboutHostPaths,
  addressOf,
  certificate,
  type HostGroup,
  hostPathsOf,
  type IssuerPlace,
  type ProxySetup,
} from './setup.ts'
import { lowestVersions } from './versions.ts'

/** One of Traefik's routers, in whatever form it is printed. */
export interface Router {
  readonly about?: string
  readonly rule: string
  /** Exact hosts come before wildcards, whatever their lengths, and both before routers that say no priority. */
  readonly priority: number
  readonly middlewares: readonly string[]
  readonly service: string
}

/** What Traefik is told about routes, before it is written as a file, as labels or as objects of Kubernetes. */
export interface Routes {
  /** The service's own pages; nothing when they are not served on the same port. */
  readonly pages: Router | undefined
  /** The paths that the service has of hosts of applications: to the service too. */
  readonly ofHosts: readonly { readonly name: string; readonly group: HostGroup; readonly router: Router }[]
  readonly applications: readonly { readonly name: string; readonly group: HostGroup; readonly router: Router }[]
  readonly middlewares: Readonly<Record<string, { readonly about: string; readonly settings: object }>>
}

/** The routes of a setup. Throws where something before Traefik ends TLS. */
export function traefikRoutes(setup: ProxySetup): Routes {
  const { groups, issuer, tls, scheme } = setup
  if (scheme === 'https' && !tls) {
    throw new Error('Traefik tells the service https only where it ends TLS itself: leave out --listen')
  }
  return {
    pages: issuer && {
      ...pagesRule(issuer),
      priority: 4000,
      middlewares: ['clean', 'no-upgrade'],
      service: 'gatehouse',
    },
    ofHosts: groups.map((group) => hostRouter(setup, group)),
    applications: groups.flatMap((group) => applicationRouters(setup, group)),
    middlewares: middlewares(setup),
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
  }
  return { name: `service-${group.name}`, group, router }
}

export const isWildcard = (name: string) => name.startsWith('*.')

/** A router for what is no WebSocket and one for what is, of the exact hosts and of the wildcards. */
function applicationRouters(setup: ProxySetup, group: HostGroup): { name: string; group: HostGroup; router: Router }[] {
  const ask =
    setup.edgeSecret === undefined
      ? [`auth-${group.headersName}`]
      : ['edge-secret', `auth-${group.headersName}`, 'no-edge-secret']
  const pair = (names: readonly string[], suffix: string, priority: number) => {
    if (names.length === 0) return []
    const rule = hostRule(setup, names)
    const name = `app-${group.name}${suffix}`
    const service = group.upstream.name
    return [
      { name, group, router: { rule, priority, middlewares: ['clean', 'no-upgrade', ...ask], service } },
      {
        name: `${name}-websocket`,
        group,
        router: {
          rule: `(${rule}) && HeaderRegexp(\`Upgrade\`, \`(?i)^websocket$\`)`,
          ...{ priority: priority + 1, middlewares: ['clean', 'websocket', ...ask], service },
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

function hostRule({ issuer }: ProxySetup, names: readonly string[]): string {
  const patterns = names.map((name) =>
    isWildcard(name) ? `HostRegexp(\`^[^.]+${name.slice(1).replaceAll('.', '\\.')}$\`)` : `Host(\`${name}\`)`,
  )
  const rule = patterns.join(' || ')
  const coversIssuer = issuer !== undefined && names.includes(issuer.name.replace(/^[^.]+/, '*'))
  return coversIssuer ? `(${rule}) && !Host(\`${issuer.name}\`)` : rule
}

function middlewares({ gatehouse, groups, identity, edgeSecret }: ProxySetup): Routes['middlewares'] {
  // These two are Traefik's own: it drops a client's and sets them anew.
  const claims = clientClaims.filter((name) => name !== 'X-Forwarded-Port' && name !== 'X-Forwarded-Server')
  const cleaned = [...claims, ...identity.flatMap(spellings)]
  const headers = (values: Record<string, string>) => ({ headers: { customRequestHeaders: values } })
  const ask = [...new Map(groups.map((group) => [group.headersName, group])).values()]
  return {
    clean: {
      about: `What no client may say about its own request: an empty value removes the header. aliasHeadersStrategy takes every
other spelling; those with underscores, which most upstreams know, go even without it.`,
      settings: headers(Object.fromEntries(cleaned.map((name) => [name, '']))),
    },
    'no-upgrade': {
      about: 'WebSocket is the one upgrade that passes: after any other, nobody would judge what follows.',
      settings: headers({ Upgrade: '' }),
    },
    websocket: {
      about: 'And the whole of it: what else a client lists beside WebSocket is dropped.',
      settings: headers({ Upgrade: 'websocket' }),
    },
    ...(edgeSecret !== undefined && {
      'edge-secret': {
        about: 'Proves to the service that this edge asks.',
        settings: headers({ 'X-Edge-Secret': edgeSecret }),
      },
      'no-edge-secret': {
        about: 'Taken off again before the application gets the request.',
        settings: headers({ 'X-Edge-Secret': '' }),
      },
    }),
    ...Object.fromEntries(
      ask.map(({ headersName, headers: told, credentials }) => [
        `auth-${headersName}`,
        {
          about: `The question. Only a 2xx passes; any other answer goes to the client as it is, and no answer at all ends in 500.
Without trustForwardHeader a client cannot name another method, host and path than its own. Traefik removes the client's
own headers of authResponseHeaders, then sets what the answer holds. The largest answer is the page that says no.`,
          settings: {
            forwardAuth: {
              address: `http://${addressOf(gatehouse)}/forward-auth/traefik`,
              trustForwardHeader: false,
              maxResponseBodySize: 65_536,
              authResponseHeaders: [...told.map(([name]) => name), ...credentials],
            },
          },
        },
      ]),
    ),
  }
}

/** Traefik removes a header by its exact name in any case, so each spelling with underscores is listed. */
function spellings(name: string): string[] {
  const [first = '', ...rest] = name.split('-')
  return rest.reduce((heads, part) => heads.flatMap((head) => [`${head}-${part}`, `${head}_${part}`]), [first])
}

/** The dynamic configuration, as the file provider reads it. */
export function traefikDynamic(setup: ProxySetup): string {
  const { gatehouse, upstreams, tls } = setup
  const routes = traefikRoutes(setup)
  const router = ({ about, ...rest }: Router, name: string) =>
    entry(name, { ...rest, entryPoints: ['edge'], ...(tls && { tls: {} }) }, about)
  const service = (name: string, url: string) => entry(name, { loadBalancer: { servers: [{ url }] } })
  return `# Gatehouse behind Traefik (${lowestVersions.traefik} or newer), dynamic configuration: /etc/traefik/gatehouse.yml.
# Printed by \`gatehouse proxy-config traefik\`; docs/proxies/traefik.md explains every line. It needs the static
# configuration that \`gatehouse proxy-config traefik --part static\` prints.

http:
  routers:
${[
  routes.pages && router(routes.pages, 'gatehouse'),
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
)}${tls ? `\ntls:\n  certificates:\n    - certFile: ${certificate.chain}\n      keyFile: ${certificate.key}\n` : ''}`
}

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
