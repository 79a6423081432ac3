import { stringify } from 'yaml'
import type { IssuerPlace } from './places.ts'
import { type Endpoint, type HostGroup, hostPathsOf, type ProxySetup } from './setup.ts'
import { entryPointFlags, refuseCertificates } from './traefik-labels.ts'
import { isWildcard, type Router, type Routes, traefikRoutes } from './traefik.ts'
import { lowestVersions } from './versions.ts'

interface KubernetesObject {
  apiVersion: string
  kind: string
  metadata: { name: string; namespace: string }
  spec: object
}

/** The secret with the certificate, in the namespace of whatever names it. */
const tlsSecret = 'gatehouse-tls'
/** Without it names of two namespaces could become one. */
const crdProvider = ['--providers.kubernetesCRD=true', '--providers.kubernetesCRD.safeNaming=true']
const crds = 'traefik.io/v1alpha1'
const gatewayApi = 'gateway.networking.k8s.io/v1'

/** The same routes as IngressRoute and Middleware objects, each in the namespace of its service. */
export function traefikIngressRoutes(setup: ProxySetup): string {
  const { gatehouse, tls } = setup
  refuseCertificates(setup, 'ingressroute')
  const routes = traefikRoutes(setup)
  const route = (name: string, { rule, priority, middlewares }: Router, target: Endpoint): KubernetesObject => {
    const { service, namespace } = serviceOf(target, 'ingressroute')
    return {
      ...{ apiVersion: crds, kind: 'IngressRoute', metadata: { name, namespace } },
      spec: {
        entryPoints: ['edge'],
        routes: [
          {
            ...{ kind: 'Rule', match: rule, priority },
            middlewares: middlewares.map((middleware) => ({ name: objectName(middleware) })),
            services: [{ name: service, port: target.port }],
          },
        ],
        ...(tls && { tls: { secretName: tlsSecret } }),
      },
    }
  }
  const objects = [
    ...(routes.pages === undefined ? [] : [route('gatehouse', routes.pages, gatehouse)]),
    ...routes.ofHosts.map(({ name, router }) => route(name, router, gatehouse)),
    ...routes.applications.map(({ name, group, router }) => route(name, router, group.upstream)),
  ]
  return printed(setup, 'ingressroute', crdProvider, [...middlewareObjects(setup, routes, 'ingressroute'), ...objects])
}

/** The same routes as HTTPRoute objects of the Gateway API, with Traefik's middlewares as their filters. */
export function traefikGateway(setup: ProxySetup): string {
  const { gatehouse, tls, listen, groups, issuer } = setup
  refuseCertificates(setup, 'gateway')
  const routes = traefikRoutes(setup)
  const { namespace: home } = serviceOf(gatehouse, 'gateway')
  const gateway: KubernetesObject = {
    ...{ apiVersion: gatewayApi, kind: 'Gateway', metadata: { name: 'gatehouse', namespace: home } },
    spec: {
      gatewayClassName: 'traefik',
      listeners: [
        {
          ...{ name: 'edge', port: listen, protocol: tls ? 'HTTPS' : 'HTTP' },
          ...(tls && { tls: { mode: 'Terminate', certificateRefs: [{ name: tlsSecret }] } }),
          allowedRoutes: { namespaces: { from: 'All' } },
        },
      ],
    },
  }
  const filters = (router: Router) =>
    router.middlewares.map((name) => ({
      type: 'ExtensionRef',
      extensionRef: { group: 'traefik.io', kind: 'Middleware', name: objectName(name) },
    }))
  const route = (name: string, hostnames: readonly string[], target: Endpoint, rules: object[]): KubernetesObject => ({
    ...{ apiVersion: gatewayApi, kind: 'HTTPRoute' },
    metadata: { name, namespace: serviceOf(target, 'gateway').namespace },
    spec: { parentRefs: [{ name: 'gatehouse', namespace: home }], hostnames, rules },
  })
  const to = (target: Endpoint) => [{ name: serviceOf(target, 'gateway').service, port: target.port }]
  // Traefik goes by the longest name of a route, then by the number of its rules: a wildcard stands alone, since among longer
  // names it would take the requests of an exact host, and rules that nothing reaches keep it below a name of its own length.
  const hasWildcards = groups.some(({ names }) => names.some(isWildcard))
  const aboveWildcards = hasWildcards ? Array.from({ length: 3 }, () => ({ matches: [prefix('/'), webSockets] })) : []
  const application = (group: HostGroup): KubernetesObject[] => {
    const [ordinary, webSocket] = routes.applications.filter((one) => one.group === group).map((one) => one.router)
    const rules = [
      { matches: [webSockets], filters: filters(webSocket!), backendRefs: to(group.upstream) },
      { matches: [prefix('/')], filters: filters(ordinary!), backendRefs: to(group.upstream) },
    ]
    const exact = group.names.filter((name) => !isWildcard(name))
    const wildcards = group.names.filter(isWildcard).map((name, at) => {
      return route(`app-${group.name}-wildcard${at === 0 ? '' : `-${at + 1}`}`, [name], group.upstream, rules)
    })
    if (exact.length === 0) return wildcards
    return [route(`app-${group.name}`, exact, group.upstream, [...rules, ...aboveWildcards]), ...wildcards]
  }
  const pages =
    routes.pages === undefined || issuer === undefined
      ? []
      : [
          route('gatehouse', [issuer.name], gatehouse, [
            ...(issuer.paths === undefined ? [closed] : []),
            { matches: pagesMatches(issuer, hasWildcards), filters: filters(routes.pages), backendRefs: to(gatehouse) },
            ...(issuer.isShared ? [] : aboveWildcards),
          ]),
        ]
  // An exact path comes before every prefix, and a long prefix before a short one.
  const ofHosts = routes.ofHosts.map(({ name, group, router }) => {
    const { exact, below } = hostPathsOf(group)
    const matches = [...exact.map((value) => ({ path: { type: 'Exact', value } })), prefix(below)]
    return route(name, group.names, gatehouse, [{ matches, filters: filters(router), backendRefs: to(gatehouse) }])
  })
  return printed(
    setup,
    'gateway',
    ['--providers.kubernetesGateway=true', ...crdProvider],
    [gateway, ...middlewareObjects(setup, routes, 'gateway'), ...pages, ...ofHosts, ...groups.flatMap(application)],
  )
}

const prefix = (value: string) => ({ path: { type: 'PathPrefix', value } })

/** Requests that ask for a WebSocket. */
const webSockets = {
  ...prefix('/'),
  headers: [{ type: 'RegularExpression', name: 'Upgrade', value: '(?i)^websocket$' }],
}

/**
 * Without a target nothing passes: only Traefik asks, only machines inside read the metrics, and no path of the service has an
 * escape in its first segment.
 */
const closed = {
  matches: [prefix('/forward-auth'), prefix('/metrics'), { path: { type: 'RegularExpression', value: '/[^/]*%.*' } }],
}

/** What the service has of its host. A prefix of the Gateway API ends where a segment does. */
function pagesMatches({ paths }: IssuerPlace, hasWildcards: boolean): object[] {
  if (paths !== undefined) return [prefix(paths.base), { path: { type: 'Exact', value: paths.metadata } }]
  return hasWildcards ? [prefix('/'), webSockets] : [prefix('/')]
}

/** Each namespace has its own: an object does not refer to another namespace's middlewares. */
function middlewareObjects(
  { gatehouse, upstreams }: ProxySetup,
  { middlewares }: Routes,
  part: string,
): KubernetesObject[] {
  const namespaces = new Set([gatehouse, ...upstreams].map((target) => serviceOf(target, part).namespace))
  return [...namespaces].flatMap((namespace) =>
    Object.entries(middlewares).map(([name, { settings }]) => ({
      apiVersion: crds,
      kind: 'Middleware',
      metadata: { name: objectName(name), namespace },
      spec: settings,
    })),
  )
}

const objectName = (middleware: string) => `gatehouse-${middleware}`

/** `SERVICE.NAMESPACE`, as pods resolve it. */
function serviceOf({ host }: Endpoint, part: string): { service: string; namespace: string } {
  const label = '[a-z](?:[a-z0-9-]*[a-z0-9])?'
  const [, service, namespace] = new RegExp(`^(${label})\\.(${label})(?:\\.svc(?:\\..+)?)?$`).exec(host) ?? []
  if (service === undefined || namespace === undefined) {
    throw new Error(
      `--part ${part}: ${host} is no SERVICE.NAMESPACE; name them by --gatehouse gatehouse.auth:3000 and --upstream http://app.apps:8080`,
    )
  }
  return { service, namespace }
}

function printed(setup: ProxySetup, part: string, providers: string[], objects: readonly KubernetesObject[]): string {
  const flags = [...providers, ...entryPointFlags(setup)].map((flag) => `#   ${flag}\n`).join('')
  return `# Gatehouse behind Traefik (${lowestVersions.traefik} or newer) on Kubernetes.
# Printed by \`gatehouse proxy-config traefik --part ${part}\`; docs/proxies/traefik.md explains every line. Start Traefik with
${flags}
${objects.map((object) => stringify(object, { lineWidth: 0 })).join('---\n')}`
}
