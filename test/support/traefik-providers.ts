/**
 * Where Traefik finds labels and objects: the parts of Docker's and of Kubernetes's API that it reads. What it makes of them is
 * its own.
 */
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parse, parseAllDocuments } from 'yaml'

interface Test {
  teardown(after: () => unknown): unknown
}

async function serve(t: Test, listener: RequestListener): Promise<number> {
  const server = createServer(listener)
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  t.teardown(() => {
    server.closeAllConnections()
    return new Promise<void>((done) => server.close(() => done()))
  })
  return (server.address() as AddressInfo).port
}

const json = (response: ServerResponse, value: unknown) =>
  void response.setHeader('content-type', 'application/json').end(JSON.stringify(value))

/** Docker with running containers, all at 127.0.0.1. Returns the port. */
function serveDocker(t: Test, labels: Readonly<Record<string, Record<string, string>>>): Promise<number> {
  const network = { Networks: { applications: { IPAddress: '127.0.0.1', NetworkID: 'n' } } }
  const containers = Object.entries(labels).map(([name, own]) => ({
    Id: name,
    Names: [`/${name}`],
    Labels: own,
    State: 'running',
    NetworkSettings: network,
    HostConfig: { NetworkMode: 'applications' },
  }))
  return serve(t, ({ url = '' }, response) => {
    const path = url.replace(/^\/v\d+\.\d+/, '')
    const [, id] = /^\/containers\/([^/]+)\/json/.exec(path) ?? []
    const found = containers.find((container) => container.Id === id)
    response.setHeader('api-version', '1.47')
    if (path.startsWith('/_ping')) return void response.end('OK')
    if (path.startsWith('/version'))
      return json(response, { Version: '27.0.0', ApiVersion: '1.47', MinAPIVersion: '1.24' })
    if (path.startsWith('/events')) return response.writeHead(200).flushHeaders()
    if (path.startsWith('/containers/json')) return json(response, containers)
    if (found === undefined) return void response.writeHead(404).end()
    const { Labels, HostConfig, NetworkSettings, Names } = found
    const state = { Status: 'running', Running: true }
    json(response, { Id: id, Name: Names[0], State: state, Config: { Labels }, HostConfig, NetworkSettings })
  })
}

interface KubernetesObject {
  apiVersion: string
  kind: string
  metadata: { name: string; namespace?: string; labels?: Record<string, string> }
  [field: string]: unknown
}

/** Kubernetes with these objects, and nothing else. Returns the port. */
function serveKubernetes(t: Test, objects: readonly KubernetesObject[]): Promise<number> {
  const complete = objects.map((object, at) => ({
    ...object,
    metadata: {
      uid: `uid-${at}`,
      resourceVersion: '1',
      generation: 1,
      creationTimestamp: '2026-01-01T00:00:00Z',
      ...object.metadata,
    },
  }))
  return serve(t, (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://kubernetes')
    if (pathname === '/version') return json(response, { major: '1', minor: '34', gitVersion: 'v1.34.0' })
    // Lists are asked for as lists.
    if (searchParams.has('sendInitialEvents')) return failure(response, 422, 'Invalid')
    // Nothing ever changes.
    if (searchParams.has('watch')) return response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders()
    const [, version = '', namespace, plural = '', name] =
      /^\/apis?\/((?:[\w.]+\/)?v\w+)(?:\/namespaces\/([^/]+))?\/(\w+)(?:\/([^/]+))?/.exec(pathname) ?? []
    const matching = complete.filter(
      ({ apiVersion, kind, metadata }) =>
        apiVersion === version &&
        pluralOf(kind) === plural &&
        (namespace === undefined || metadata.namespace === namespace) &&
        (name === undefined || metadata.name === name),
    )
    if (name !== undefined)
      return matching[0] ? void echo(request, response, matching[0]) : failure(response, 404, 'NotFound')
    const kind = kinds.find((one) => pluralOf(one) === plural)
    if (kind === undefined) return failure(response, 404, 'NotFound')
    json(response, { kind: `${kind}List`, apiVersion: version, metadata: { resourceVersion: '1' }, items: matching })
  })
}

/** What Traefik asks for. */
const kinds = [
  ...['Service', 'EndpointSlice', 'Secret', 'Node', 'Namespace', 'ConfigMap', 'IngressRoute', 'IngressRouteTCP'],
  ...[
    'IngressRouteUDP',
    'Middleware',
    'MiddlewareTCP',
    'ServersTransport',
    'ServersTransportTCP',
    'TLSOption',
    'TLSStore',
  ],
  ...['TraefikService', 'GatewayClass', 'Gateway', 'HTTPRoute', 'GRPCRoute', 'TCPRoute', 'TLSRoute', 'ReferenceGrant'],
  'BackendTLSPolicy',
]
const pluralOf = (kind: string) =>
  kind
    .toLowerCase()
    .replace(/([^aeiou])y$/, '$1ie')
    .replace(/s$/, 'se')
    .concat('s')

function failure(response: ServerResponse, code: number, reason: string): void {
  response.writeHead(code, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, code }))
}

/** A status that Traefik writes is taken, and an object that it reads is told. */
async function echo(request: IncomingMessage, response: ServerResponse, object: object): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  response.setHeader('content-type', 'application/json')
  response.end(request.method === 'PUT' ? Buffer.concat(chunks) : JSON.stringify(object))
}

/** How Traefik is run without files of its own: the names under which it finds the parts, and its arguments. */
export interface TraefikForm {
  readonly gatehouse: string
  readonly upstream: string
  argumentsFor(t: Test, printed: string, ports: { service: number; upstream: number }): Promise<string[]>
}

const kubernetes = (providers: readonly string[]): TraefikForm => ({
  ...{ gatehouse: 'gatehouse.auth', upstream: 'app.apps' },
  async argumentsFor(t, printed, ports) {
    // As the cluster's name service would say.
    const text = printed.replaceAll(`//gatehouse.auth:${ports.service}`, `//127.0.0.1:${ports.service}`)
    const objects = parseAllDocuments(text).map((document) => document.toJS() as KubernetesObject)
    const flags = [...printed.matchAll(/^# {3}(--.*)$/gm)].map(([, flag]) => flag!)
    const gatewayClass = {
      ...{ apiVersion: 'gateway.networking.k8s.io/v1', kind: 'GatewayClass', metadata: { name: 'traefik' } },
      spec: { controllerName: 'traefik.io/gateway-controller' },
    }
    const services = [
      ...serviceObjects('gatehouse', 'auth', ports.service),
      ...serviceObjects('app', 'apps', ports.upstream),
    ]
    const port = await serveKubernetes(t, [...objects, ...services, gatewayClass])
    const reached = providers.flatMap((provider) => [
      `--providers.${provider}.endpoint=http://127.0.0.1:${port}`,
      `--providers.${provider}.token=nobody`,
    ])
    return [...flags, ...reached]
  },
})

export const traefikForms = {
  labels: {
    ...{ gatehouse: 'localhost', upstream: 'app' },
    async argumentsFor(t, printed) {
      const { services } = parse(printed) as {
        services: Record<string, { command?: string[]; labels?: Record<string, string> }>
      }
      const labels = Object.entries(services).flatMap(([name, { labels }]) =>
        // As Compose reads it.
        labels === undefined ? [] : [[name, JSON.parse(JSON.stringify(labels).replaceAll('$$', '$')) as typeof labels]],
      )
      const port = await serveDocker(t, Object.fromEntries(labels))
      return [...(services['traefik']?.command ?? []), `--providers.docker.endpoint=tcp://127.0.0.1:${port}`]
    },
  },
  ingressroute: kubernetes(['kubernetesCRD']),
  gateway: kubernetes(['kubernetesCRD', 'kubernetesGateway']),
} satisfies Record<string, TraefikForm>

export type TraefikFormName = keyof typeof traefikForms

function serviceObjects(name: string, namespace: string, port: number): KubernetesObject[] {
  const metadata = { name, namespace, labels: { 'kubernetes.io/service-name': name } }
  return [
    {
      ...{ apiVersion: 'v1', kind: 'Service', metadata },
      spec: {
        type: 'ClusterIP',
        clusterIP: '10.96.0.10',
        ports: [{ name: 'http', port, targetPort: port, protocol: 'TCP' }],
      },
    },
    {
      ...{ apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata, addressType: 'IPv4' },
      endpoints: [{ addresses: ['127.0.0.1'], conditions: { ready: true, serving: true } }],
      ports: [{ name: 'http', port, protocol: 'TCP' }],
    },
  ]
}
