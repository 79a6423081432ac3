import { lowestVersions } from '../proxy-configs/versions.ts'

/** The dialects by which proxies ask, and the one line to look for in each one's configuration. */
export type Proxy = 'nginx' | 'caddy' | 'traefik' | 'haproxy' | 'envoy'

export interface Advice {
  /** What somebody can do, or what breaks. */
  danger: string
  change: Record<Proxy, string>
}

/** What the doctor can find, worst first. */
export const advice = {
  not_asked: {
    danger: 'Requests reach the application without a decision, or are refused before one is made.',
    change: {
      nginx: 'auth_request /.gatehouse; in the location that serves this path',
      caddy:
        'reverse_proxy <service> { method GET; rewrite /forward-auth/caddy? … } before that of the application, in a route block of this site',
      traefik:
        'middlewares: [clean, no-upgrade, auth-…] on the router of this host, in this order; without authRequestHeaders, or with X-Gatehouse-Probe in it',
      haproxy: 'http-request lua.gatehouse before use_backend, in the frontend of this host',
      envoy: 'the ext_authz filter before the router; X-Gatehouse-Probe in allowed_headers for the time of the check',
    },
  },
  untrusted_peer: {
    danger: 'Every question is answered 403: nobody passes.',
    change: everywhere(
      'proxies.trusted in gatehouse.yaml: the address from which the proxy asks; where proxies.edges covers it, X-Edge-Secret in the proxy',
    ),
  },
  fails_open: {
    danger: 'When the service stops, everybody passes unasked.',
    change: {
      nginx: 'no error_page for 500, 502, 503 or 504 that leads to the application, in a location with auth_request',
      caddy: 'no handle_errors that leads to the application',
      traefik: 'no errors middleware around the router that answers from the application',
      haproxy: 'http-request deny unless { var(txn.gatehouse.allowed) -m bool }',
      envoy: 'failure_mode_allow: false',
    },
  },
  host_confusion: {
    danger: 'With another host on the request line than in the Host header, one host is judged and another one served.',
    change: {
      nginx: 'proxy_set_header X-Original-URL $scheme://$host$request_uri; $host in place of $http_host',
      caddy: 'remove header_up X-Forwarded-Host; Caddy sets it from the host that it serves',
      traefik: 'trustForwardHeader: false, or true as it was printed with client_certificates',
      haproxy: 'http-request set-header X-Forwarded-Host %[req.hdr(host)], and no option accept-invalid-http-request',
      envoy: 'no host rewriting before the ext_authz filter',
    },
  },
  spoofable_target: {
    danger: 'A client chooses by a header which request is judged, while another one is served.',
    change: {
      nginx:
        'proxy_set_header X-Original-URL and X-Original-Method from $scheme, $host, $request_uri and $request_method alone',
      caddy: 'servers { trusted_proxies … } with your own balancers alone, or not at all',
      traefik:
        'trustForwardHeader: false, or true as it was printed with client_certificates, and forwardedHeaders.insecure: false on the entry point',
      haproxy: 'http-request set-header for each X-Forwarded-* header, never add-header or if_unset',
      envoy:
        'no X-Forwarded-* in allowed_headers; authorization_request.headers_to_add sets X-Forwarded-Proto and -For',
    },
  },
  target_differs: {
    danger: 'Another request is judged than the one that is served, and the way back after a sign-in leads elsewhere.',
    change: {
      nginx:
        'proxy_set_header X-Original-URL $scheme://$host$request_uri; with https for $scheme behind a TLS balancer',
      caddy: 'servers { trusted_proxies … } for the TLS balancer in front; no uri rewriting before the question',
      traefik:
        'no StripPrefix or AddPrefix before the auth-… middleware, and TLS that ends at Traefik itself; encodedCharacters of the entry point for what `encoded` of the host takes',
      haproxy:
        'http-request set-header X-Forwarded-Proto, -Host and -Uri before any rewriting; no http-request normalize-uri',
      envoy:
        'no prefix_rewrite or host_rewrite before the ext_authz filter; path_with_escaped_slashes_action: KEEP_UNCHANGED',
    },
  },
  spoofable_headers: {
    danger: 'A client tells the application that it is somebody else.',
    change: {
      nginx: 'proxy_set_header <name> $auth_…; for each of them, in every location with auth_request',
      caddy: 'request_header -<name> for each of them before the question, in a route block',
      traefik: 'authResponseHeaders: with each of them',
      haproxy: 'http-request del-header <name> for each of them, before the question',
      envoy: 'early_header_mutation with remove: <name> for each of them, and allowed_upstream_headers',
    },
  },
  spoofable_spellings: {
    danger:
      'Many applications read X_Auth_Subject and X.Auth.Subject as X-Auth-Subject: a client tells them who it is.',
    change: {
      nginx: 'underscores_in_headers off; and ignore_invalid_headers on;',
      caddy: "request_header -*_* and request_header -*.*, and so for each of ! # $ % & ' * + ^ ` | ~",
      traefik: 'aliasHeadersStrategy: delete on the entry point, in the static configuration (3.7.12 and newer)',
      haproxy: 'http-request del-header [^A-Za-z0-9-] -m reg',
      envoy:
        'headers_with_underscores_action: DROP_HEADER, and early_header_mutation with remove_on_match for every other character than a letter, a digit or a hyphen',
    },
  },
  spoofable_certificate: {
    danger:
      'Whoever has stolen a token that is bound to a certificate uses it without the key: certificates are public.',
    change: {
      nginx: 'proxy_set_header <name> $ssl_client_escaped_cert; in the location of the question, or "" without TLS',
      caddy: 'request_header -<name> before the question, and header_up <name> in it',
      traefik: 'the middlewares clean, which empties it, and certificate, before auth-…',
      haproxy: 'gatehouse.lua sets it from txn.certificate alone: it is not in asked_with',
      envoy: 'early_header_mutation with remove: <name>, and headers_to_add of authorization_request',
    },
  },
  missing_headers: {
    danger: 'The application does not learn who it is, though the service said so.',
    change: {
      nginx: 'auth_request_set $auth_… $upstream_http_…; and proxy_set_header <name> $auth_…; for each of them',
      caddy: 'request_header <name> {http.reverse_proxy.header.<name>} in handle_response @allowed, for each of them',
      traefik: 'authResponseHeaders: with each of them',
      haproxy: 'http-request set-header <name> from the variable of the answer, for each of them',
      envoy: 'allowed_upstream_headers with each of them',
    },
  },
  credentials_forwarded: {
    danger: 'The application gets sessions, tokens and keys by which it can be at every other host whoever sent them.',
    change: {
      nginx:
        'auth_request_set $told_cookie $upstream_http_cookie; and proxy_set_header Cookie $told_cookie; likewise for Authorization and X-API-Key',
      caddy:
        'request_header Cookie {http.reverse_proxy.header.Cookie} in handle_response @allowed; likewise for Authorization and X-Api-Key',
      traefik: 'authResponseHeaders: with Cookie, Authorization and X-API-Key',
      haproxy: 'the host in `credentials` of gatehouse.lua: print it anew',
      envoy: 'allowed_upstream_headers with cookie, authorization and x-api-key',
    },
  },
  cookie_not_shared: {
    danger:
      'Browsers do not send the session cookie to this URL: people sign in and are led to the sign-in page again.',
    change: everywhere(
      'GATEHOUSE_COOKIE_DOMAIN: the domain that this host and the issuer share, and GATEHOUSE_ISSUER with the scheme of this URL',
    ),
  },
  cookie_dropped: {
    danger: 'The sign-in page’s cookies do not reach the browser as they were set: nobody can sign in.',
    change: {
      nginx: 'no proxy_hide_header Set-Cookie, proxy_cookie_domain, proxy_cookie_flags or cache, on the issuer’s host',
      caddy: 'no header_down for Set-Cookie, on the issuer’s host',
      traefik: 'no headers middleware with Set-Cookie in customResponseHeaders, on the issuer’s router',
      haproxy: 'no http-response del-header or replace-header Set-Cookie, on the issuer’s host',
      envoy: 'no response_headers_to_remove with set-cookie, on the issuer’s route',
    },
  },
  no_way_to_sign_in: {
    danger: 'A person who is not signed in gets an error instead of the sign-in page.',
    change: {
      nginx: 'auth_request_set $gatehouse_login $upstream_http_location; and error_page 401 = @sign_in;',
      caddy: 'no handle_response for 302 and 401 around the question',
      traefik: 'no errors middleware for 302 and 401 around the router',
      haproxy: 'the Location of the answer in http-request return status 302',
      envoy: 'allowed_client_headers with location and set-cookie',
    },
  },
  clocks_disagree: {
    danger:
      'Assertions live for a minute: whoever verifies them by another clock refuses good ones or takes expired ones.',
    change: everywhere(
      'no line of the proxy’s: run NTP (chrony, systemd-timesyncd) on the machines of service and proxy',
    ),
  },
  outdated: {
    danger: 'The printed configuration is not made for it, and faults of it that were mended since are open.',
    change: {
      nginx: newer('nginx'),
      caddy: newer('caddy'),
      traefik: newer('traefik'),
      haproxy: newer('haproxy'),
      envoy: newer('envoy'),
    },
  },
  mail_not_sent: {
    danger: 'Nobody gets the links that confirm an address, nor word of what happens to an account.',
    change: everywhere('no line of the proxy’s: SMTP_URL, or what is said of the server under “seen”'),
  },
  mails_given_up: {
    danger: 'People wait for links, or do not know what happened to their accounts.',
    change: everywhere(
      'no line of the proxy’s: gatehouse mail list --state dead says why; mend that, then gatehouse mail retry ID for each',
    ),
  },
  no_keep_alive: {
    danger: 'Every request waits for a new connection to the service.',
    change: {
      nginx:
        'keepalive 128; in the upstream of the service, proxy_http_version 1.1; and proxy_set_header Connection ""; beside auth_request',
      caddy: 'no keepalive off in the transport of the question',
      traefik: 'address: of forwardAuth without a balancer in between that closes connections',
      haproxy: 'option http-keep-alive, and a Lua client that keeps connections',
      envoy: 'no max_requests_per_connection: 1 on the cluster of the service',
    },
  },
} as const satisfies Record<string, Advice>

export type FindingName = keyof typeof advice

function newer(proxy: Proxy): string {
  return `no line of the configuration: install ${proxy} ${lowestVersions[proxy]} or newer`
}

function everywhere(change: string): Record<Proxy, string> {
  return { nginx: change, caddy: change, traefik: change, haproxy: change, envoy: change }
}
