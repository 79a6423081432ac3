/** What the servers of nginx's configuration have in common. */
import { certificateNames } from './certificates.ts'
import { limits } from './limits.ts'
import type { IssuerPlace, OwnPaths } from './places.ts'
import { aboutHostPaths, certificate, type HostGroup, hostPathsOf, lines, type ProxySetup } from './setup.ts'

/** nginx itself refuses the other forms of a target; this line keeps it so, whatever its version. */
export const pathsAlone = `  # A target that is no path has none to judge. A whole URL is read as its host and path.
  if ($request_uri !~ ^/) {
    return 400;
  }`

/** Large headers are read by the limit of the default server, which does not know yet for which host they are. */
export function listen({ listen: port, tls, certificates }: ProxySetup, names: readonly string[], more = ''): string {
  const asks = names.some(certificates.asksAt)
  return lines(
    '  ',
    `listen ${port}${tls ? ' ssl' : ''}${more};`,
    tls && `ssl_certificate ${certificate.chain};`,
    tls && `ssl_certificate_key ${certificate.key};`,
    asks && '# A certificate that a client may show. Who issued it counts for nothing: its tokens are bound to it.',
    asks && 'ssl_verify_client optional_no_ca;',
    `large_client_header_buffers 2 ${limits.requestHeaderKiB / 2}k;`,
    `client_header_timeout ${limits.headerSeconds}s;`,
    `keepalive_timeout ${limits.betweenRequestsSeconds}s;`,
  )
}

/** Buffers for the headers of an answer; nginx wants more than one of their size. */
export const answerBuffers = (kib: number = limits.answerHeaderKiB) =>
  lines('    ', `proxy_buffer_size ${kib}k;`, `proxy_buffers 4 ${kib}k;`)

/** What is told of a client's certificate, and nothing of what the client tells itself. `asks`: whether it was asked for one. */
export function tellCertificate(setup: ProxySetup, asks: boolean): string {
  const { certificates } = setup
  const told = (name: string) =>
    asks && name.toLowerCase() === certificates.header.toLowerCase() ? '$ssl_client_escaped_cert' : '""'
  return lines('    ', ...certificateNames(certificates).map((name) => `proxy_set_header ${name} ${told(name)};`))
}

/** What a location that leads to the service says. `place` has a name where clients ask it for tokens there. */
export function toService(setup: ProxySetup, { port, name }: { port: string; name?: string }): string {
  const { scheme, edgeSecret, certificates } = setup
  const asks = name !== undefined && certificates.asksAt(name)
  return `    proxy_pass http://gatehouse;
    proxy_http_version 1.1;
    proxy_connect_timeout ${limits.connectSeconds}s;
${answerBuffers()}
    proxy_set_header Connection "";
    proxy_set_header Host $host${port};

    # Set, never appended: $proxy_add_x_forwarded_for would keep what the client claims about its own address.
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Proto ${scheme};
    proxy_set_header X-Forwarded-Host $host${port};
    proxy_set_header Forwarded "";
    proxy_set_header X-Edge-Secret "${asks ? edgeSecret : ''}";
${tellCertificate(setup, asks)}`
}

/** The service where it has only some paths of its host. */
export function ownPaths(setup: ProxySetup, issuer: IssuerPlace, { pattern }: OwnPaths): string {
  return `  # The service's own pages and API, and its metadata beside them (RFC 8414). Nobody is asked about them.
${atPaths(setup, issuer, pattern)}`
}

/** The service where it has paths of a host of applications. */
export function pathsOfHost(setup: ProxySetup, group: HostGroup): string {
  return `  # ${aboutHostPaths(group)}
${atPaths(setup, { port: group.port }, hostPathsOf(group).pattern)}`
}

function atPaths(setup: ProxySetup, place: { port: string; name?: string }, pattern: string): string {
  return `  location ~ ^(${pattern})$ {
    # nginx chooses by what it makes of the path, and passes on what was sent: both have to be the same place.
    if ($request_uri !~ ^(${pattern})(\\?|$)) {
      return 404;
    }
    client_max_body_size 1m;
${toService(setup, place)}
  }`
}
