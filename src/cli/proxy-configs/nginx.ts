import { originOf } from '../../core/issuer.ts'
import { forbiddenPage } from '../../features/forward-auth/forbidden-views.ts'
import { en } from '../../i18n/en.ts'
import { limits } from './limits.ts'
import { answerBuffers, listen, ownPaths, pathsAlone, pathsOfHost, tellCertificate, toService } from './nginx-parts.ts'
import type { IssuerPlace } from './places.ts'
import {
  addressOf,
  clearedNames,
  type HostGroup,
  lines,
  placesOf,
  type ProxySetup,
  questionAnswerKiB,
} from './setup.ts'

/** A whole configuration for nginx 1.22 and newer, for the `http {}` context. */
export function nginxConfig(setup: ProxySetup): string {
  const { gatehouse, upstreams, issuerUrl, brand } = setup
  return `# Gatehouse behind nginx (1.22 and newer), for the http {} context: /etc/nginx/conf.d/gatehouse.conf.
# Printed by \`gatehouse proxy-config nginx\`; docs/proxies/nginx.md explains every line.

# Names with an underscore or another odd character are dropped, never passed on. Many upstreams read X_Auth_Subject as
# X-Auth-Subject, so such a spelling would be a way round the headers set below. Both are nginx's defaults; they stand
# here so that nobody turns them off elsewhere without meeting this line.
underscores_in_headers off;
ignore_invalid_headers on;

# Locations are matched against the path as it was sent, which is also what Gatehouse judges and what the upstream gets.
merge_slashes off;

# The service. Connections stay open: \`keepalive\` here, HTTP/1.1 and an empty Connection header where it is asked.
upstream gatehouse {
  server ${addressOf(gatehouse)};
  keepalive 128;
}

${upstreams.map((upstream) => `# An application.\nupstream ${upstream.name} {\n  server ${addressOf(upstream)};\n  keepalive 128;\n}`).join('\n\n')}

# WebSocket is the one upgrade that passes: an upstream that switched to another protocol, such as h2c, would take
# further requests on the same connection, and nobody would judge them.
map $http_upgrade $app_upgrade {
  default "";
  ~*^websocket$ websocket;
}
map $app_upgrade $app_connection {
  default "";
  websocket upgrade;
}

# Only where the answer says that it is a yes is there an application to go on to; otherwise the request ends in 500.
# Nothing but a decision of the service has this header.
${upstreams.map(({ name }, at) => `map $gatehouse_decision ${allowedVariable(at)} {\n  default "";\n  allow http://${name};\n}`).join('\n')}

# Where somebody goes whose form was refused: by a status of which every browser makes a GET, so that nothing is sent twice.
map "$request_method $gatehouse_login" $gatehouse_see_other {
  default "";
  "~^(GET|HEAD) " "";
  "~ (?<gatehouse_sign_in>http.+)$" $gatehouse_sign_in;
}

# What a person sees who is signed in and may not pass.
map $host $gatehouse_forbidden {
  default '${String(forbiddenPage({ language: 'en', texts: en, brand }, issuerUrl))
    .trim()
    // What begins a variable, and what ends the text.
    .replaceAll(/[$'\\]/g, (character) => `&#${character.charCodeAt(0)};`)}';
}

# Hosts that nobody configured get no answer of use. Only one file may have the default_server of a port.
server {
${listen(setup, [], ' default_server')}
  server_name _;
  return 421;
}

${[...placesOf(setup).map((place) => servicePages(setup, place)), ...setup.groups.map((group) => application(setup, group))].filter(Boolean).join('\n\n')}
`
}

/** Where an allowed request goes, by the place of its application. */
const allowedVariable = (at: number) => `$gatehouse_app${at === 0 ? '' : `_${at}`}`

/** By what pages of other known origins may read a denial; nginx leaves out what is empty. */
const shared = `    add_header Access-Control-Allow-Origin $gatehouse_origin always;
    add_header Access-Control-Allow-Credentials $gatehouse_credentials always;
    add_header Access-Control-Expose-Headers $gatehouse_exposed always;
    add_header Vary $gatehouse_vary always;`

function servicePages(setup: ProxySetup, issuer: IssuerPlace): string {
  if (issuer.isShared) return ''
  const { paths } = issuer
  return `# ---- The service's own pages and API --------------------------------------------------------------------------------
server {
${listen(setup, [issuer.name])}
  server_name ${issuer.name};

${pathsAlone}

${
  paths === undefined
    ? `  # Only nginx itself asks whether a request may pass, and only machines read the metrics.
  location ^~ /forward-auth {
    return 404;
  }
  location = /metrics {
    return 404;
  }

  location / {
${toService(setup, issuer)}
  }`
    : `${ownPaths(setup, issuer, paths)}

  location / {
    return 404;
  }`
}
}`
}

/** Headers of the answer that go to the application. */
function copying(names: readonly string[]): string {
  const copied = names.map((name) => ({ name, source: name.toLowerCase().replaceAll('-', '_') }))
  return lines(
    '    ',
    ...copied.map(({ source }) => `auth_request_set $told_${source} $upstream_http_${source};`),
    ...copied.map(({ name, source }) => `proxy_set_header ${name} $told_${source};`),
  )
}

function application(setup: ProxySetup, group: HostGroup): string {
  const { names, port, headers, credentials, upstream, isIssuer } = group
  const { scheme, issuerUrl, issuer, edgeSecret } = setup
  const host = `$host${port}`
  const own = new Set(headers.map(([name]) => name.toLowerCase()))
  const cleared = clearedNames(setup).filter((name) => !own.has(name.toLowerCase()))
  const left = copying(credentials)
  return `# ---- An application behind the service ------------------------------------------------------------------------------
server {
${listen(setup, names)}
  server_name ${names.join(' ')};

${pathsAlone}
${isIssuer && issuer?.paths ? `\n${ownPaths(setup, issuer, issuer.paths)}\n` : ''}
${pathsOfHost(setup, group)}

  # Uploads of any size. The question is held to this as well, though it has no body: so it stands here.
  client_max_body_size 0;

  # The question. The answer is 200, 401 or 403; anything else, and no answer at all, ends in 500: nobody passes.
  location = /.gatehouse {
    internal;
    proxy_pass http://gatehouse/forward-auth/nginx;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_connect_timeout ${limits.connectSeconds}s;
    proxy_read_timeout ${limits.questionSeconds}s;

    # The answer holds who it is: with hundreds of permissions many kilobytes. A larger one ends in 500.
${answerBuffers(questionAnswerKiB(credentials))}

    # The body is for the application alone.
    proxy_pass_request_body off;
    proxy_set_header Content-Length "";
    proxy_set_header Transfer-Encoding "";

    # What is asked about. $host is the host by which nginx chose this server, in lower case. Never $http_host: that is
    # the Host header even where the request line names another host, so that one host is judged and another one served.
    # $request_uri is the path and query as they were sent.
    proxy_set_header X-Original-URL ${scheme}://${host}$request_uri;
    proxy_set_header X-Original-Method $request_method;

    # What a client sent under these names is not passed on.
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Proto ${scheme};
    proxy_set_header X-Forwarded-Host ${host};
    proxy_set_header X-Forwarded-Method "";
    proxy_set_header X-Forwarded-Uri "";
    proxy_set_header Forwarded "";
${tellCertificate(setup, names.some(setup.certificates.asksAt))}
${edgeSecret === undefined ? '    proxy_set_header X-Edge-Secret "";' : `    # Proves to the service that this edge asks.\n    proxy_set_header X-Edge-Secret "${edgeSecret}";`}
  }

  # Not signed in. A person goes to the sign-in page that the service named, a program gets the plain 401, which pages of
  # other known origins may read.
  location @sign_in {
${shared}
    add_header DPoP-Nonce $gatehouse_nonce always;
    if ($gatehouse_see_other) {
      add_header Cache-Control no-store always;
      return 303 $gatehouse_see_other;
    }
    if ($gatehouse_login) {
      add_header Cache-Control no-store always;
      return 302 $gatehouse_login;
    }
    return 401;
  }

  # Signed in, but not allowed. A program gets the plain 403.
  location @forbidden {
    default_type "text/html; charset=utf-8";
${shared}
    if ($gatehouse_page) {
      add_header Cache-Control no-store always;
      add_header Content-Security-Policy "default-src 'none'; style-src ${originOf(issuerUrl)}; img-src ${originOf(issuerUrl)}; frame-ancestors 'none'" always;
      add_header X-Content-Type-Options nosniff always;
      return 403 $gatehouse_forbidden;
    }
    return 403;
  }

  # Every path goes through this location. Another location needs all of these lines again: nginx inherits
  # proxy_set_header from the server only where a location sets none of its own.
  location / {
    auth_request /.gatehouse;
    auth_request_set $gatehouse_decision $upstream_http_x_gatehouse_decision;
    auth_request_set $gatehouse_login $upstream_http_location;
    auth_request_set $gatehouse_page $upstream_http_x_gatehouse_page;
    auth_request_set $gatehouse_origin $upstream_http_access_control_allow_origin;
    auth_request_set $gatehouse_credentials $upstream_http_access_control_allow_credentials;
    auth_request_set $gatehouse_exposed $upstream_http_access_control_expose_headers;
    auth_request_set $gatehouse_vary $upstream_http_vary;
    auth_request_set $gatehouse_nonce $upstream_http_dpop_nonce;
    error_page 401 = @sign_in;
    error_page 403 = @forbidden;

    # Who it is. Setting a header replaces the client's own, in any case and number; an empty value sends none.
${copying(headers.map(([name]) => name))}
${left && `\n    # What is left of what the client presented, or the assertion in its place.\n${left}\n`}
    # No path behind the name: the upstream gets the path as it was sent, which is the one that was judged.
    proxy_pass ${allowedVariable(setup.upstreams.findIndex(({ name }) => name === upstream.name))};
    proxy_http_version 1.1;

    # Uploads and answers pass as they come, of any size and for as long as something moves: event streams, WebSockets.
    client_body_timeout ${limits.uploadSilenceSeconds}s;
    proxy_request_buffering off;
    proxy_buffering off;
    proxy_connect_timeout ${limits.connectSeconds}s;
    proxy_read_timeout ${limits.silenceSeconds}s;
    proxy_send_timeout ${limits.silenceSeconds}s;
    send_timeout ${limits.silenceSeconds}s;
${answerBuffers()}

    proxy_set_header Upgrade $app_upgrade;
    proxy_set_header Connection $app_connection;
    proxy_set_header HTTP2-Settings "";
    proxy_set_header Host ${host};
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Proto ${scheme};
    proxy_set_header X-Forwarded-Host ${host};

    # What some framework takes for the path, the method, the host or the address of a request, or another host's
    # application for who sent it. Only what was judged may count.
${lines('    ', ...cleared.map((name) => `proxy_set_header ${name} "";`))}
    proxy_set_header X-Real-IP $remote_addr;
  }
}`
}
