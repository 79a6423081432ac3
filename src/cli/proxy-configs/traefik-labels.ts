import { stringify } from 'yaml'
import { addressOf, type Endpoint, type ProxySetup } from './setup.ts'
import { entryPointOptions, forwardingTimeouts, respondingTimeouts, type Router, traefikRoutes } from './traefik.ts'
import { lowestVersions } from './versions.ts'

/**
 * The same routes as labels of containers, as a file that Docker Compose merges with the one that has the containers. Throws
 * where the service or an application is not named as a container.
 */
export function traefikLabels(setup: ProxySetup): string {
  const { gatehouse, upstreams, tls } = setup
  refuseCertificates(setup, 'labels')
  const routes = traefikRoutes(setup)
  for (const { host } of [gatehouse, ...upstreams]) assertContainer(host)
  const containers = new Map<string, Record<string, string>>()
  const label = (container: string, more: Record<string, string>) =>
    containers.set(container, { ...(containers.get(container) ?? { 'traefik.enable': 'true' }), ...more })
  const labelled = (name: string, { rule, priority, middlewares, service }: Router) =>
    flatten(`traefik.http.routers.${plain(name)}`, {
      ...{ rule, priority, middlewares: middlewares.join(','), service: plain(service), entryPoints: 'edge' },
      ...(tls && { tls: true }),
    })
  const served = ({ host, port }: Endpoint, name: string) =>
    label(host, { [`traefik.http.services.${plain(name)}.loadBalancer.server.port`]: String(port) })

  if (routes.pages !== undefined) label(gatehouse.host, labelled('gatehouse', routes.pages))
  for (const { name, router } of routes.ofHosts) label(gatehouse.host, labelled(name, router))
  served(gatehouse, 'gatehouse')
  for (const [name, { settings }] of Object.entries(routes.middlewares)) {
    label(gatehouse.host, flatten(`traefik.http.middlewares.${name}`, settings))
  }
  for (const { name, group, router } of routes.applications) {
    label(group.upstream.host, labelled(name, router))
  }
  for (const upstream of upstreams) served(upstream, upstream.name)

  const command = [
    ...['--providers.docker=true', '--providers.docker.exposedByDefault=false'],
    ...entryPointFlags(setup),
    ...['--global.checkNewVersion=false', '--global.sendAnonymousUsage=false'],
  ]
  const services = {
    traefik: { command },
    // Compose takes a single dollar sign for a variable.
    ...Object.fromEntries(
      [...containers].map(([name, labels]) => [
        name,
        { labels: JSON.parse(JSON.stringify(labels).replaceAll('$', '$$$$')) as object },
      ]),
    ),
  }
  return `# Gatehouse behind Traefik (${lowestVersions.traefik} or newer) by labels: docker compose -f compose.yaml -f gatehouse.labels.yaml up
# Printed by \`gatehouse proxy-config traefik --part labels\`; docs/proxies/traefik.md explains every line. The containers and
# their networks stand in your own file; ${addressOf(gatehouse)} must be reachable from Traefik and from nowhere else.

${stringify({ services }, { lineWidth: 0 })}`
}

/** What holds for every request of the entry point, as arguments of the program. */
export function entryPointFlags(setup: ProxySetup): string[] {
  const edge = { address: `:${setup.listen}`, http: entryPointOptions(setup), transport: { respondingTimeouts } }
  const options = {
    ...flatten('--entryPoints.edge', edge),
    ...flatten('--serversTransport', { forwardingTimeouts }),
  }
  return Object.entries(options).map(([name, value]) => `${name}=${value}`)
}

/** A tree as paths and texts; lists are joined by commas. */
function flatten(prefix: string, value: unknown): Record<string, string> {
  if (typeof value !== 'object' || value === null) return { [prefix]: String(value) }
  if (Array.isArray(value)) return { [prefix]: value.join(',') }
  return Object.assign({}, ...Object.entries(value).map(([name, inner]) => flatten(`${prefix}.${name}`, inner)))
}

/** A dot would end the name. */
const plain = (name: string) => name.replaceAll('.', '_')

/** Whether clients are asked for a certificate, only the file says; without it they would be told of none, in silence. */
export function refuseCertificates({ certificates }: ProxySetup, part: string): void {
  if (certificates.areTold) throw new Error(`--part ${part}: client_certificates is printed by --part dynamic alone`)
}

function assertContainer(host: string): void {
  if (/^[a-z][\w.-]*$/i.test(host)) return
  throw new Error(
    `--part labels: ${host} is no container; name them by --gatehouse gatehouse:3000 and --upstream http://app:8080`,
  )
}
