const types = {
  manager: 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
  mutation: 'envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation',
  authz: 'envoy.extensions.filters.http.ext_authz.v3.ExtAuthz',
  perRoute: 'envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute',
  rbac: 'envoy.extensions.filters.http.rbac.v3.RBAC',
  rbacPerRoute: 'envoy.extensions.filters.http.rbac.v3.RBACPerRoute',
  router: 'envoy.extensions.filters.http.router.v3.Router',
  connections: 'envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig',
  tls: 'envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
}
/** How Envoy is told the type of what follows. */
export const type = (name: keyof typeof types) => `"@type": type.googleapis.com/${types[name]}`
