/** The virtual hosts of Envoy's configuration. */
import { type } from './envoy-types.ts'
import type { OwnPaths } from './places.ts'
import { aboutHostPaths, type HostGroup, hostPathsOf, lines, placesOf, type ProxySetup } from './setup.ts'

/** How browsers write the host, and how it may be written with the scheme's own port. */
function domains({ scheme }: ProxySetup, names: readonly string[], port: string): string {
  const own = scheme === 'https' ? ':443' : ':80'
  const written = names.flatMap((name) => (port === '' ? [name, `${name}${own}`] : [`${name}${port}`]))
  return `[${written.map((name) => `"${name}"`).join(', ')}]`
}

/** For what is not decided about. */
export const undecided = `                      typed_per_filter_config:
                        envoy.filters.http.ext_authz:
                          ${type('perRoute')}
                          disabled: true
                        envoy.filters.http.rbac:
                          ${type('rbacPerRoute')}`

/** Tells the certificate by which the client is connected. */
export const certificateHeader = ({ certificates: { header } }: ProxySetup) =>
  `{ key: ${header.toLowerCase()}, value: "%DOWNSTREAM_PEER_CERT%" }`

/** What the service is told of it where clients ask for tokens; `indent`: of what it stands in. */
function told(setup: ProxySetup, indent: string): string {
  if (!setup.certificates.areTold) return ''
  const add = (header: string) => [`  - header: ${header}`, '    append_action: OVERWRITE_IF_EXISTS_OR_ADD']
  const secret = `{ key: x-edge-secret, value: "${setup.edgeSecret}" }`
  return `${lines(indent, 'request_headers_to_add:', ...add(certificateHeader(setup)), ...add(secret))}\n`
}

/** The service where it has only some paths of its host: a route that comes before others. */
const ownPaths = (setup: ProxySetup, { pattern }: OwnPaths) =>
  `                        # The service's own pages and API, and its metadata beside them (RFC 8414). Nobody is asked
                        # about them.
                        - match: { safe_regex: { regex: "${pattern.replaceAll('\\', '\\\\')}" } }
${told(setup, '                          ')}                          route: { cluster: gatehouse }`

export function servicePages(setup: ProxySetup): string {
  const places = placesOf(setup).filter(({ isShared }) => !isShared)
  const [first] = places
  if (first === undefined) return ''
  const names = places.map(({ name }) => name)
  if (first.paths !== undefined) {
    return `                    - name: gatehouse
                      domains: ${domains(setup, names, first.port)}
${undecided}
                      routes:
${ownPaths(setup, first.paths)}
                        - match: { prefix: / }
                          direct_response: { status: 404 }`
  }
  return `                    # The service's own pages and API. Only Envoy itself asks whether a request may pass, and only
                    # machines read the metrics. No path of the service has an escape in its first segment, where one
                    # would hide the name.
                    - name: gatehouse
                      domains: ${domains(setup, names, first.port)}
${undecided}
                      routes:
                        - match: { safe_regex: { regex: "/*(forward-auth.*|metrics(/.*)?|[^/]*%.*)" } }
                          direct_response: { status: 404 }
                        - match: { prefix: / }
${told(setup, '                          ')}                          route: { cluster: gatehouse }`
}

/** The service where it has paths of hosts of applications. */
const pathsOfHost = (group: HostGroup) =>
  `                        # ${aboutHostPaths(group)}
                        - match: { safe_regex: { regex: "${hostPathsOf(group).pattern.replaceAll('\\', '\\\\')}" } }
                          route: { cluster: gatehouse }`

export function application(setup: ProxySetup, group: HostGroup, at: number): string {
  const { names, port, upstream, isIssuer } = group
  const { issuer } = setup
  return `                    # An application behind the service.
                    - name: app-${at}
                      domains: ${domains(setup, names, port)}
                      request_headers_to_remove: [x-gatehouse-decision]
                      routes:
${isIssuer && issuer?.paths ? `${ownPaths(setup, issuer.paths)}\n${undecided.replaceAll(/^/gm, '    ')}\n` : ''}${pathsOfHost(group)}
${undecided.replaceAll(/^/gm, '    ')}
                        - match: { prefix: / }
                          # Envoy's default of 15 s would cut slow answers and event streams.
                          route: { cluster: ${upstream.name}, timeout: 0s }`
}
