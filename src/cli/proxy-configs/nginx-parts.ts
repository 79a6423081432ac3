/** What the servers of nginx's configuration have in common. */
import { limits } from './limits.ts'
import {
  aboutHostPaths,
  certificate,
  type HostGroup,
  hostPathsOf,
  type IssuerPlace,
  lines,
  type OwnPaths,
  type ProxySetup,
} from './setup.ts'

/** nginx itself refuses the other forms of a target; this line keeps it so, whatever its version. */
export const pathsAlone = `  # A target that is no path has none to judge. A whole URL is read as its host and path.
  if ($request_uri !~ ^/) {
    return 400;
  }`

/** Large headers are read by the limit of the default server, which does not know yet for which host they are. */
export function listen({ listen: port, tls }: ProxySetup, more = ''): string {
  return lines(
    '  ',
    `listen ${port}${tls ? ' ssl' : ''}${more};`,
    tls && `ssl_certificate ${certificate.chain};`,
    tls && `ssl_certificate_key ${certificate.key};`,
    `large_client_header_buffers 2 ${limits.requestHeaderKiB / 2}k;`,
    `client_header_timeout ${limits.headerSeconds}s;`,
    `keepalive_timeout ${limits.betweenRequestsSeconds}s;`,
  )
}

/** Buffers for the headers of an answer; nginx wants more than one of their size. */
export const answerBuffers = (kib: number = limits.answerHeaderKiB) =>
  lines('    ', `proxy_buffer_size ${kib}k;`, `proxy_buffers 4 ${kib}k;`)

/** What a location that leads to the service says. */
export function toService({ scheme }: ProxySetup, { port }: Pick<IssuerPlace, 'port'>): string {
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
    proxy_set_header X-Edge-Secret "";`
}

/** The service where it has only some paths of its host. */
export function ownPaths(setup: ProxySetup, issuer: IssuerPlace, { pattern }: OwnPaths): string {
  return `  # The service's own pages and API, and its metadata beside them (RFC 8414). Nobody is asked about them.
${atPaths(setup, issuer, pattern)}`
}

/** The service where it has paths of a host of applications. */
export function pathsOfHost(setup: ProxySetup, group: HostGroup): string {
  return `  # ${aboutHostPaths(group)}
${atPaths(setup, group, hostPathsOf(group).pattern)}`
}

function atPaths(setup: ProxySetup, place: Pick<IssuerPlace, 'port'>, pattern: string): string {
  return `  location ~ ^(${pattern})$ {
    # nginx chooses by what it makes of the path, and passes on what was sent: both have to be the same place.
    if ($request_uri !~ ^(${pattern})(\\?|$)) {
      return 404;
    }
    client_max_body_size 1m;
${toService(setup, place)}
  }`
}
