import { application, certificateHeader, servicePages, undecided } from './envoy-hosts.ts'
import { type } from './envoy-types.ts'
import { limits } from './limits.ts'
import { certificate, clearedNames, type Endpoint, lines, type ProxySetup } from './setup.ts'
import { lowestVersions } from './versions.ts'

/** A whole bootstrap configuration for Envoy. */
export function envoyConfig(setup: ProxySetup): string {
  const { gatehouse, upstreams, listen, tls, scheme, groups, edgeSecret, certificates } = setup
  const upstreamHeaders = new Set(
    groups.flatMap(({ headers, credentials }) => [...headers.map(([name]) => name), ...credentials]),
  )
  return `# Gatehouse behind Envoy (${lowestVersions.envoy} and newer): /etc/envoy/envoy.yaml.
# Printed by \`gatehouse proxy-config envoy\`; docs/proxies/envoy.md explains every line.

static_resources:
  listeners:
    - name: edge
      address: { socket_address: { address: 0.0.0.0, port_value: ${listen} } }
      filter_chains:
        - filters:
            - name: envoy.filters.network.http_connection_manager
              typed_config:
                ${type('manager')}
                stat_prefix: edge
                # The client is who opened the connection, whatever it says in X-Forwarded-For.
                use_remote_address: true
${lines('                ', ...trustedHops(setup))}
                # The path is judged and served as it was sent; the service refuses one that can be read in two ways.
                normalize_path: false
                merge_slashes: false
                path_with_escaped_slashes_action: KEEP_UNCHANGED
                # Many upstreams read X_Auth_Subject as X-Auth-Subject.
                common_http_protocol_options:
                  headers_with_underscores_action: DROP_HEADER
                  idle_timeout: ${limits.betweenRequestsSeconds}s
                # Room for the headers of a request and for those that are added to it, which say who it is: Envoy holds
                # both to this together, and a request that grew beyond it ends in 500.
                max_request_headers_kb: ${limits.requestHeaderKiB + limits.answerHeaderKiB}
                # Uploads, answers, event streams and WebSockets last for as long as something moves.
                request_headers_timeout: ${limits.headerSeconds}s
                stream_idle_timeout: ${limits.silenceSeconds}s
                # WebSocket is the one upgrade that passes.
                upgrade_configs: [{ upgrade_type: websocket }]
                # A client that waits for it is asked for its body by the application, once the request may pass.
                proxy_100_continue: true
                # What no client may say about its own request, and who it may not say it is. Gone before anything reads it.
                early_header_mutation_extensions:
                  - name: envoy.http.early_header_mutation.header_mutation
                    typed_config:
                      ${type('mutation')}
                      mutations:
                        # Names that some upstream takes for one of those below: X.Auth.Subject and the like.
                        - remove_on_match: { key_matcher: { safe_regex: { regex: "[a-z0-9-]*[^a-z0-9:-].*" } } }
                        # What tells Envoy itself how to serve a request; it believes clients in private networks.
                        - remove_on_match: { key_matcher: { prefix: x-envoy- } }
${lines('                        ', ...removedNames(setup).map((name) => `- remove: ${name}`))}
                http_filters:
                  - name: envoy.filters.http.ext_authz
                    typed_config:
                      ${type('authz')}
                      transport_api_version: V3
                      # No answer, a late one and a 5xx all end in 503: nobody passes.
                      failure_mode_allow: false
                      status_on_error: { code: ServiceUnavailable }
                      # The decision is about the route that was chosen; it must not choose another one.
                      clear_route_cache: false
                      # Asked with every line as it came: otherwise several cookies would be joined by a comma, and what is no
                      # UTF-8 would be changed.
                      encode_raw_headers: true
                      # What a decision reads beside Host, method, path and Authorization, which are always sent.
                      allowed_headers:
                        patterns:
${lines('                          ', ...askedWith.map((name) => `- { exact: ${name} }`))}
                      http_service:
                        path_prefix: /forward-auth/envoy
                        # Envoy's default of 200 ms would deny a request that needs a look into the database.
                        server_uri: { uri: "http://gatehouse", cluster: gatehouse, timeout: ${limits.questionSeconds}s }
                        authorization_request:
                          headers_to_add:
                            - { key: x-forwarded-proto, value: ${scheme} }
                            - { key: x-forwarded-for, value: "${remoteAddress}" }
${edgeSecret === undefined ? '' : `                            # Proves to the service that this edge asks.\n                            - { key: x-edge-secret, value: "${edgeSecret}" }\n`}${certificates.areTold ? `                            # The certificate by which the client is connected.\n                            - ${certificateHeader(setup)}\n` : ''}                        authorization_response:
                          # Who it is. Each replaces the client's own; those that are empty are removed.
                          allowed_upstream_headers:
                            patterns:
                              - { exact: x-gatehouse-decision }
${lines('                              ', ...[...upstreamHeaders].map((name) => `- { exact: ${name.toLowerCase()} }`))}
                  # Only a 200 that says so is a yes: nothing but a decision of the service has this header.
                  - name: envoy.filters.http.rbac
                    typed_config:
                      ${type('rbac')}
                      rules:
                        action: ALLOW
                        policies:
                          decided:
                            permissions: [{ any: true }]
                            principals: [{ header: { name: x-gatehouse-decision, string_match: { exact: allow } } }]
                  - name: envoy.filters.http.router
                    typed_config:
                      ${type('router')}
                route_config:
                  # What the applications and the service's pages are told about the request, in place of whatever came.
                  request_headers_to_add:
${lines('                    ', ...told(setup))}
                  virtual_hosts:
                    # Hosts that nobody configured get no answer of use.
                    - name: unknown
                      domains: ["*"]
${undecided}
                      routes: [{ match: { prefix: / }, direct_response: { status: 404 } }]
${[servicePages(setup), ...groups.map((group, at) => application(setup, group, at))].filter(Boolean).join('\n')}
${
  tls
    ? `          transport_socket:
            name: envoy.transport_sockets.tls
            typed_config:
              ${type('tls')}
              common_tls_context:
                alpn_protocols: [h2, http/1.1]
                tls_certificates:
                  - certificate_chain: { filename: ${certificate.chain} }
                    private_key: { filename: ${certificate.key} }
${
  certificates.areTold
    ? `                # Clients may show a certificate. Who issued it counts for nothing: their tokens are bound to it.
                validation_context: { trust_chain_verification: ACCEPT_UNTRUSTED }
`
    : ''
}`
    : ''
}
  clusters:
${[cluster('gatehouse', gatehouse), ...upstreams.map((upstream) => cluster(upstream.name, upstream))].join('\n')}

# Envoy itself knows no limit of open connections.
overload_manager:
  resource_monitors:
    - name: envoy.resource_monitors.global_downstream_max_connections
      typed_config:
        ${type('connections')}
        max_active_downstream_connections: 50000
`
}

/** Beside those that begin with `x-envoy-`, in lower case. */
function removedNames(setup: ProxySetup): string[] {
  return ['X-Real-IP', 'X-Forwarded-Host', ...clearedNames(setup)]
    .map((name) => name.toLowerCase())
    .filter((name) => !name.startsWith('x-envoy-'))
}

const askedWith = [
  'cookie',
  'x-api-key',
  'accept',
  'accept-language',
  'content-type',
  'origin',
  'access-control-request-method',
  'sec-fetch-mode',
  'sec-fetch-site',
  'sec-fetch-dest',
  'x-requested-with',
  'sec-purpose',
  'purpose',
  'upgrade',
  'user-agent',
  'referer',
  'dpop',
  // The operator's doctor finds its own questions by it.
  'x-gatehouse-probe',
]

/** The client's address as Envoy settled it: text of a client's own never becomes a part of it. */
const remoteAddress = '%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%'

function trustedHops({ scheme, tls }: ProxySetup): string[] {
  if (scheme === 'http' || tls) return ['xff_num_trusted_hops: 0']
  return [
    '# 1 makes the last address of X-Forwarded-For the client, for rules on networks and for limits. Only where what ends',
    '# TLS writes that header itself, and nothing else can reach this port: otherwise a client chooses its address.',
    'xff_num_trusted_hops: 0',
  ]
}

function told({ scheme, tls }: ProxySetup): string[] {
  const set = (name: string, value: string, action = 'OVERWRITE_IF_EXISTS_OR_ADD') => [
    `- header: { key: ${name}, value: "${value}" }`,
    `  append_action: ${action}`,
  ]
  return [
    ...set('x-forwarded-for', remoteAddress),
    ...set('x-real-ip', remoteAddress),
    ...set('x-forwarded-host', '%REQ(:AUTHORITY)%'),
    // Where TLS ends before Envoy, it would say http.
    ...(scheme === 'https' && !tls ? set('x-forwarded-proto', 'https') : []),
    '# A WebSocket’s Connection may name headers that the next hop then drops: the identity among them.',
    ...set('connection', 'upgrade', 'OVERWRITE_IF_EXISTS'),
  ]
}

function cluster(name: string, { host, port }: Endpoint): string {
  return `    - name: ${name}
      type: STRICT_DNS
      connect_timeout: ${limits.connectSeconds}s
      load_assignment:
        cluster_name: ${name}
        endpoints:
          - lb_endpoints:
              - endpoint: { address: { socket_address: { address: "${host.replace(/^\[|\]$/g, '')}", port_value: ${port} } } }`
}
