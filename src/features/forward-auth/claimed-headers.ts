/**
 * What every proxy tells the application itself, under the names that everybody reads. It has to set each of them: one that
 * it leaves alone is the client's.
 */
const toldByProxies = ['X-Forwarded-For', 'X-Forwarded-Host', 'X-Forwarded-Proto', 'X-Real-IP'] as const

/** The headers in which proxies tell a client's certificate, whatever a proxy calls them (RFC 9440, and before it). */
export const certificateClaims = [
  'Client-Cert',
  'Client-Cert-Chain',
  'X-Client-Cert',
  'X-SSL-Client-Cert',
  'SSL-Client-Cert',
  'X-Forwarded-Client-Cert',
  'X-Forwarded-Tls-Client-Cert',
  'X-Forwarded-Tls-Client-Cert-Info',
] as const

/**
 * Headers that some framework, server or library takes for the path, the method, the host, the scheme or the address of a
 * request, or for its proxy, the secret of the edge, the certificate of the client, and what a decision is known by. No
 * printed configuration tells an application anything by them, so one that arrives came from the client, but for what
 * Traefik and Envoy set themselves.
 */
export const clientClaims = [
  'Forwarded',
  'X-Forwarded',
  'Forwarded-For',
  'X-Original-URL',
  'X-Original-URI',
  'X-Original-Method',
  'X-Original-Host',
  'X-Original-Forwarded-For',
  'X-Rewrite-URL',
  'X-Forwarded-Method',
  'X-Forwarded-Uri',
  'X-Forwarded-Path',
  'X-Forwarded-Prefix',
  'X-Script-Name',
  'X-Ingress-Path',
  'X-Forwarded-Port',
  'X-Forwarded-Server',
  'X-Forwarded-Scheme',
  'X-Forwarded-Protocol',
  'X-Forwarded-Ssl',
  'X-Scheme',
  'X-Url-Scheme',
  'Front-End-Https',
  'X-Host',
  'X-Envoy-Original-Path',
  'X-Envoy-Original-Host',
  'X-Envoy-External-Address',
  'X-Envoy-Internal',
  'Client-IP',
  'X-Client-IP',
  'X-Remote-Addr',
  'X-Cluster-Client-IP',
  'True-Client-IP',
  'CF-Connecting-IP',
  'CF-Connecting-IPv6',
  'Fastly-Client-IP',
  'Fly-Client-IP',
  'X-Azure-ClientIP',
  'X-AppEngine-User-IP',
  'X-HTTP-Method-Override',
  'X-Method-Override',
  'X-HTTP-Method',
  'Proxy',
  'X-Edge-Secret',
  'X-Gatehouse-Decision',
  ...certificateClaims,
] as const

const claimed = new Set([...toldByProxies, ...clientClaims].map((name) => name.toLowerCase()))

/** Whether a header is one of these, in any case. */
export function isClaimedHeader(name: string): boolean {
  return claimed.has(name.toLowerCase())
}
