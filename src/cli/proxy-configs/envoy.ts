import { certificate, clearedNames, type Endpoint, type HostGroup, lines, type ProxySetup } from './setup.ts'

const types = {
  manager: 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
  mutation: 'envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation',
  authz: 'envoy.extensions.filters.http.ext_authz.v3.ExtAuthz',
  perRoute: 'envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute',
  router: 'envoy.extensions.filters.http.router.v3.Router',
  tls: 'envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
}
const type = (name: keyof typeof types) => `"@type": type.googleapis.com/${types[name]}`

/** A whole bootstrap configuration for Envoy 1.29 and newer. */
export function envoyConfig(setup: ProxySetup): string {
  const { gatehouse, upstreams, listen, tls, scheme, groups, edgeSecret } = setup
  const upstreamHeaders = [...new Set(groups.flatMap(({ headers }) => headers.map(([name]) => name)))]
  return `# Gatehouse behind Envoy (1.29 and newer): /etc/envoy/envoy.yaml.
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
                # The address that Envoy saw itself stands last in X-Forwarded-For; what a client claims stands left of it, where
                # the service does not look.
                use_remote_address: true
                xff_num_trusted_hops: 0
                # The path is judged and served as it was sent; the service refuses one that can be read in two ways.
                normalize_path: false
                merge_slashes: false
                path_with_escaped_slashes_action: KEEP_UNCHANGED
                # Many upstreams read X_Auth_Subject as X-Auth-Subject.
                common_http_protocol_options: { headers_with_underscores_action: DROP_HEADER }
                # WebSocket is the one upgrade that passes.
                upgrade_configs: [{ upgrade_type: websocket }]
                # What no client may say about its own request, and who it may not say it is. Gone before anything reads it.
                early_header_mutation_extensions:
                  - name: envoy.http.early_header_mutation.header_mutation
                    typed_config:
                      ${type('mutation')}
                      mutations:
${lines('                        ', ...['X-Real-IP', ...clearedNames(setup)].map((name) => `- remove: ${name.toLowerCase()}`))}
                http_filters:
                  - name: envoy.filters.http.ext_authz
                    typed_config:
                      ${type('authz')}
                      transport_api_version: V3
                      # No answer, a late one and a 5xx all end in 403: nobody passes.
                      failure_mode_allow: false
                      # The decision is about the route that was chosen; it must not choose another one.
                      clear_route_cache: false
                      # What a decision reads beside Host, method, path and Authorization, which are always sent.
                      allowed_headers:
                        patterns:
${lines('                          ', ...askedWith.map((name) => `- { exact: ${name} }`))}
                      http_service:
                        path_prefix: /forward-auth/envoy
                        # Envoy's default of 200 ms would deny a request that needs a look into the database.
                        server_uri: { uri: "http://gatehouse", cluster: gatehouse, timeout: 2s }
                        authorization_request:
                          headers_to_add:
                            - { key: x-forwarded-proto, value: ${scheme} }
${edgeSecret === undefined ? '' : `                            # Proves to the service that this edge asks.\n                            - { key: x-edge-secret, value: "${edgeSecret}" }\n`}                        authorization_response:
                          # Who it is. Each replaces the client's own; those that are empty are removed.
                          allowed_upstream_headers:
                            patterns:
${lines('                              ', ...upstreamHeaders.map((name) => `- { exact: ${name.toLowerCase()} }`))}
                  - name: envoy.filters.http.router
                    typed_config:
                      ${type('router')}
                route_config:
                  # Hosts that nobody configured have no route: 404.
                  virtual_hosts:
${[servicePages(setup), ...groups.map((group, at) => application(setup, group, at))].filter(Boolean).join('\n')}
${
  tls
    ? `          transport_socket:
            name: envoy.transport_sockets.tls
            typed_config:
              ${type('tls')}
              common_tls_context:
                tls_certificates:
                  - certificate_chain: { filename: ${certificate.chain} }
                    private_key: { filename: ${certificate.key} }
`
    : ''
}
  clusters:
${[cluster('gatehouse', gatehouse), ...upstreams.map((upstream) => cluster(upstream.name, upstream))].join('\n')}
`
}

const askedWith = [
  'cookie',
  'x-api-key',
  'x-forwarded-for',
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
  'dpop',
  // The operator's doctor finds its own questions by it.
  'x-gatehouse-probe',
]

/** How browsers write the host, and how it may be written with the scheme's own port. */
function domains({ scheme }: ProxySetup, names: readonly string[], port: string): string {
  const own = scheme === 'https' ? ':443' : ':80'
  const written = names.flatMap((name) => (port === '' ? [name, `${name}${own}`] : [`${name}${port}`]))
  return `[${written.map((name) => `"${name}"`).join(', ')}]`
}

/** What the applications are told where TLS ends before Envoy, which would say http. */
function schemeTold({ scheme, tls }: ProxySetup): string {
  if (scheme === 'http' || tls) return ''
  return `                      request_headers_to_add:
                        - header: { key: x-forwarded-proto, value: https }
                          append_action: OVERWRITE_IF_EXISTS_OR_ADD
`
}

function servicePages(setup: ProxySetup): string {
  const { issuer } = setup
  if (issuer === undefined) return ''
  return `                    # The service's own pages and API. Only Envoy itself asks whether a request may pass, and only
                    # machines read the metrics. No path of the service has an escape in its first segment, where one
                    # would hide the name.
                    - name: gatehouse
                      domains: ${domains(setup, [issuer.name], issuer.port)}
${schemeTold(setup)}                      typed_per_filter_config:
                        envoy.filters.http.ext_authz:
                          ${type('perRoute')}
                          disabled: true
                      routes:
                        - match: { safe_regex: { regex: "/*(forward-auth.*|metrics(/.*)?|[^/]*%.*)" } }
                          direct_response: { status: 404 }
                        - match: { prefix: / }
                          route: { cluster: gatehouse }`
}

function application(setup: ProxySetup, { names, port, upstream }: HostGroup, at: number): string {
  return `                    # An application behind the service.
                    - name: app-${at}
                      domains: ${domains(setup, names, port)}
${schemeTold(setup)}                      routes:
                        - match: { prefix: / }
                          route: { cluster: ${upstream.name} }`
}

function cluster(name: string, { host, port }: Endpoint): string {
  return `    - name: ${name}
      type: STRICT_DNS
      connect_timeout: 2s
      load_assignment:
        cluster_name: ${name}
        endpoints:
          - lb_endpoints:
              - endpoint: { address: { socket_address: { address: "${host.replace(/^\[|\]$/g, '')}", port_value: ${port} } } }`
}
