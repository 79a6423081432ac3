import type { Hosts } from '../../features/forward-auth/settings.ts'
import { headerPreset, type IdentityField } from '../../features/forward-auth/header-presets.ts'

/** Where something listens: a name or address, and a port. */
export interface Endpoint {
  readonly host: string
  readonly port: number
}

/** Hosts that are told who it is by the same headers, on the same port. */
export interface HostGroup {
  /** Lower-case names without a port; one may begin with `*.`, which stands for one label. */
  readonly names: readonly string[]
  /** What follows the name where the browser shows a port, such as `:8443`; otherwise empty. */
  readonly port: string
  /** Header names and what they carry; `Authorization` where the assertion replaces it. */
  readonly headers: readonly (readonly [name: string, field: IdentityField | 'authorization'])[]
}

/** What a proxy's configuration is made of. Every text in it is safe to print as it is. */
export interface ProxySetup {
  readonly scheme: 'http' | 'https'
  /** The issuer's host, and its port where browsers show one; nothing when it is not served on the same port. */
  readonly issuer: { readonly name: string; readonly port: string } | undefined
  readonly gatehouse: Endpoint
  readonly upstream: Endpoint
  readonly listen: number
  /** Whether the proxy itself ends TLS; if not and the scheme is https, something before it does. */
  readonly tls: boolean
  readonly groups: readonly HostGroup[]
  /** Names of hosts that were left out, since they live on a port that this listener does not serve. */
  readonly elsewhere: readonly string[]
  readonly edgeSecret: string | undefined
}

/** Where the printed configurations expect the certificate. */
export const certificate = {
  chain: '/etc/gatehouse/tls/certificate.pem',
  key: '/etc/gatehouse/tls/key.pem',
  both: '/etc/gatehouse/tls/certificate-and-key.pem',
}

/**
 * Headers that some framework takes for the path, the method, the host or the address of a request, and the secret of the
 * edge. None of them may come from a client.
 */
export const claims = [
  'Forwarded',
  'X-Original-URL',
  'X-Original-URI',
  'X-Original-Method',
  'X-Rewrite-URL',
  'X-Forwarded-Method',
  'X-Forwarded-Uri',
  'X-Forwarded-Path',
  'X-Forwarded-Prefix',
  'X-Forwarded-Port',
  'X-Forwarded-Server',
  'X-HTTP-Method-Override',
  'X-Method-Override',
  'X-HTTP-Method',
  'X-Edge-Secret',
] as const

/** Sorts the hosts of gatehouse.yaml for one listener. Throws a message for the operator when they do not fit together. */
export function describeSetup(given: {
  hosts: Hosts
  issuer: string
  gatehouse: Endpoint
  upstream: Endpoint
  listen: number | undefined
  edgeSecret: string | undefined
}): ProxySetup {
  const { protocol, hostname, port: issuerPort } = new URL(given.issuer)
  const scheme = protocol === 'https:' ? 'https' : 'http'
  const usual = scheme === 'https' ? 443 : 80
  const hosts = Object.entries(given.hosts).map(([host, settings]) => {
    const [, name = '', port = ''] = /^(.*?)\.?(?::(\d+))?$/.exec(host.toLowerCase()) ?? []
    return { host, name, port: Number(port) || usual, settings }
  })
  const ports = new Set(hosts.map(({ port }) => port))
  const issuerAt = Number(issuerPort) || usual
  // The port that browsers see, which is another one than `listen` where something before the proxy ends TLS.
  const publicPort = [given.listen, issuerAt, ...ports].find((port) => port !== undefined && ports.has(port))
  if (publicPort === undefined) throw new Error('gatehouse.yaml lists no hosts to protect')
  const port = publicPort === usual ? '' : `:${publicPort}`
  const groups = new Map<string, { names: string[]; port: string; headers: HostGroup['headers'] }>()
  for (const { host, name, settings } of hosts.filter((candidate) => candidate.port === publicPort)) {
    if (name === hostname && issuerAt === publicPort) {
      throw new Error(`${host} is the issuer's own host, which no rule can protect`)
    }
    const preset = headerPreset(settings.headers)
    const replaced = settings.authorization === 'assertion' ? [['Authorization', 'authorization'] as const] : []
    const headers = [...preset, ...replaced]
    const key = JSON.stringify(headers)
    const group = groups.get(key) ?? { names: [], port, headers }
    group.names.push(name)
    groups.set(key, group)
  }
  const listen = given.listen ?? publicPort
  return {
    scheme,
    issuer: issuerAt === publicPort ? { name: hostname, port } : undefined,
    gatehouse: given.gatehouse,
    upstream: given.upstream,
    listen,
    tls: scheme === 'https' && listen === publicPort,
    groups: [...groups.values()],
    elsewhere: hosts.filter((candidate) => candidate.port !== publicPort).map(({ host }) => host),
    edgeSecret: given.edgeSecret,
  }
}

/** Every identity header of any host, in lower case and once. */
export function identityNames({ groups }: ProxySetup): string[] {
  const names = groups.flatMap(({ headers }) => headers.map(([name]) => name))
  return [...new Set(names)].filter((name) => name !== 'Authorization')
}

export const addressOf = ({ host, port }: Endpoint): string => `${host}:${port}`

/** Joins lines, indented; empty texts vanish, so that an optional line can be written in place. */
export function lines(indent: string, ...texts: (string | false | undefined)[]): string {
  return texts
    .filter((text): text is string => typeof text === 'string' && text !== '')
    .map((text) => indent + text)
    .join('\n')
}
