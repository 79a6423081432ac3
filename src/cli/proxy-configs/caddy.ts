import { limits } from './limits.ts'
import type { IssuerPlace, OwnPaths } from './places.ts'
import {
  aboutHostPaths,
  addressOf,
  clearedNames,
  type HostGroup,
  hostPathsOf,
  lines,
  placesOf,
  type ProxySetup,
} from './setup.ts'

/** A whole Caddyfile, for Caddy 2.6 and newer. The question is what `forward_auth` is short for, with a matcher of its own. */
export function caddyConfig(setup: ProxySetup): string {
  const blocks = [
    serverLimits,
    snippet(setup),
    unknownHosts(setup),
    ...placesOf(setup).map((place) => servicePages(setup, place)),
    ...setup.groups.map((group) => application(setup, group)),
  ]
  return `# Gatehouse behind Caddy (2.6 and newer): /etc/caddy/Caddyfile.
# Printed by \`gatehouse proxy-config caddy\`; docs/proxies/caddy.md explains every line.

${blocks.filter((block) => block !== '').join('\n\n')}
`
}

const serverLimits = `{
	servers {
		max_header_size ${limits.requestHeaderKiB}KiB
		timeouts {
			read_header ${limits.headerSeconds}s
			idle ${limits.betweenRequestsSeconds}s
		}
	}
}`

const snippet = (setup: ProxySetup) => `# What no client may say about its own request.
(clean) {
	# A target that is no path (\`x:y\`, \`*\`) has none to judge, and Caddy would ask about another one than it serves. A
	# whole URL is read as its host and path.
	@odd not path /*
	respond @odd 400

	# Many upstreams read X_Auth_Subject as X-Auth-Subject, and CGI's heirs X.Auth.Subject and worse. No such name passes.
${lines('\t', ...Array.from("_.!#$%&'*+^`|~", (character) => `request_header -*${character}*`))}

	# A name in Connection makes Caddy drop that header on its way: the verified identity, or the cookie that is judged.
	# Only an upgrade to WebSocket is kept; any other protocol would carry requests that nobody judges. Of several lines
	# the matcher takes any and Caddy the first, so one line is written in their place.
	@plain {
		not header_regexp Upgrade (?i)^websocket$
	}
	@websocket {
		header_regexp Upgrade (?i)^websocket$
	}
	request_header @plain -Upgrade
	request_header @plain -Connection
	request_header @websocket Connection Upgrade
	request_header @websocket Upgrade websocket
	request_header -HTTP2-Settings

	# Newer versions of Caddy answer a client that waits for \`100 Continue\` only after its body, unless the connection ends.
	@waiting {
		header Expect *
		protocol http/1.1
	}
	header @waiting Connection close

	# What some framework takes for the path, the method, the host or the address of a request, or for who sent it: only
	# what was judged may count, by whatever headers each host is told. Older versions (CVE-2026-30851) keep a client's own
	# where the answer lacks it.
${lines('\t', ...clearedNames(setup).map((name) => `request_header -${name}`))}
	request_header X-Real-IP {remote_host}
}`

function addresses({ scheme, listen, tls }: ProxySetup, names: readonly string[]): string {
  // Without a scheme Caddy would get certificates for the names, also where TLS ends before it.
  const usual = tls ? scheme === 'https' && listen === 443 : listen === 80
  return names.map((name) => `${tls ? 'https' : 'http'}://${name}${usual ? '' : `:${listen}`}`).join(', ')
}

/** A certificate that clients may show, at hosts that ask for one. */
const asking = ({ certificates }: ProxySetup, names: readonly string[]) =>
  names.some(certificates.asksAt)
    ? `	# A certificate that a client may show. Who issued it counts for nothing: its tokens are bound to it.
	tls {
		client_auth {
			mode request
		}
	}
`
    : ''

/** What the service is told of it. */
const certificateOf = ({ certificates: { header } }: ProxySetup) =>
  `header_up ${header} ":{http.request.tls.client.certificate_der_base64}:"`

function unknownHosts(setup: ProxySetup): string {
  return `# Hosts that nobody configured get no answer of use; Caddy's own is an empty 200.
${setup.tls ? 'https' : 'http'}://:${setup.listen} {
	respond 421
}`
}

function servicePages(setup: ProxySetup, issuer: IssuerPlace): string {
  if (issuer.isShared) return ''
  return `# ---- The service's own pages and API --------------------------------------------------------------------------------
${addresses(setup, [issuer.name])} {
${asking(setup, [issuer.name])}	route {
		import clean

${
  issuer.paths === undefined
    ? `		# Only Caddy itself asks whether a request may pass, and only machines read the metrics.
		@closed path /forward-auth* /metrics /metrics/*
		respond @closed 404

${toService(setup, issuer.name)}`
    : `${ownPaths(setup, issuer.name, issuer.paths)}
		respond 404`
}
	}
}`
}

/** `name`: of the host, where clients ask for tokens there. `matcher` ends with a space where there is one. */
function toService(setup: ProxySetup, name: string | undefined, matcher = ''): string {
  const { gatehouse, scheme, edgeSecret, certificates } = setup
  const asks = name !== undefined && certificates.asksAt(name)
  return `		# X-Forwarded-For is set anew by Caddy, which trusts nobody's unless \`trusted_proxies\` says so.
		reverse_proxy ${matcher}${addressOf(gatehouse)} {
			header_up X-Forwarded-Proto ${scheme}
${asks ? lines('\t\t\t', `header_up X-Edge-Secret "${edgeSecret}"`, certificateOf(setup)) + '\n' : ''}		}`
}

/** The service where it has only some paths of its host. */
function ownPaths(setup: ProxySetup, name: string, { pattern }: OwnPaths): string {
  return atPaths(
    setup,
    { pattern, host: name },
    "The service's own pages and API, and its metadata beside them (RFC 8414). Nobody is asked about them.",
  )
}

/** `name`: of the matcher, where there are two in one block. */
function atPaths(
  setup: ProxySetup,
  { pattern, host }: { pattern: string; host?: string },
  about: string,
  name = 'gatehouse',
): string {
  return `		# ${about}
		# Caddy's own matcher \`path\` takes other spellings for them, too.
		@${name} vars_regexp {http.request.uri} ^(${pattern})(\\?|$)
${toService(setup, host, `@${name} `)}
`
}

function application(setup: ProxySetup, group: HostGroup): string {
  const { names, port, headers, credentials, upstream, isIssuer } = group
  const { gatehouse, issuer, scheme, edgeSecret } = setup
  const copied = [...headers.map(([name]) => name), ...credentials]
  return `# ---- An application behind the service ------------------------------------------------------------------------------
${addresses(setup, names)} {
${asking(setup, names)}	route {
		import clean

${isIssuer && issuer?.paths ? `${ownPaths(setup, issuer.name, issuer.paths)}\n` : ''}${atPaths(setup, { pattern: hostPathsOf(group).pattern }, aboutHostPaths(group), 'of_host')}
		# The question: asked without a body and without an upgrade. The \`?\` keeps Caddy from adding the client's query to
		# the question's own.
		reverse_proxy ${addressOf(gatehouse)} {
			method GET
			rewrite /forward-auth/caddy?
			header_up X-Forwarded-Method {method}
			header_up X-Forwarded-Uri {uri}
			header_up X-Forwarded-Proto ${scheme}
			header_up X-Forwarded-Host {host}${port}
${
  edgeSecret === undefined
    ? ''
    : `			# Proves to the service that this edge asks.
			header_up X-Edge-Secret "${edgeSecret}"
`
}${names.some(setup.certificates.asksAt) ? `\t\t\t${certificateOf(setup)}\n` : ''}			header_up -Upgrade
			header_up -Connection
			# Caddy hands every \`100 Continue\` to the client, who would then send its body before anything is decided.
			header_up -Expect
			transport http {
				dial_timeout ${limits.connectSeconds}s
				response_header_timeout ${limits.questionSeconds}s
				keepalive_idle_conns_per_host 32
			}

			# Only a 200 that says so is a yes: nothing but a decision of the service has this header. Who it is: the service
			# sends every one of these, so that each replaces what a client sent.
			@allowed {
				status 200
				header X-Gatehouse-Decision allow
			}
			handle_response @allowed {
${lines('\t\t\t\t', ...copied.map((name) => `request_header ${name} {http.reverse_proxy.header.${inPlaceholders(name)}}`))}
			}

			# Any other success decides nothing. What is left goes to the client as it is: the way to the sign-in page, 401,
			# 403; no answer at all ends in 502.
			@undecided status 2xx
			handle_response @undecided {
				respond 503
			}
		}
${withoutEmpty(credentials)}
		# The application gets the path as it was judged. Answers and WebSockets last for as long as something moves.
		reverse_proxy ${addressOf(upstream)} {
			header_up Host {host}${port}
			header_up X-Forwarded-Proto ${scheme}
			header_up X-Forwarded-Host {host}${port}
			transport http {
				dial_timeout ${limits.connectSeconds}s
				read_timeout ${limits.silenceSeconds}s
			}
		}
	}
}`
}

/** Caddy knows a header of the answer by the spelling of Go alone: `X-Api-Key`. */
function inPlaceholders(name: string): string {
  return name.toLowerCase().replaceAll(/(?<![^-])[a-z]/g, (letter) => letter.toUpperCase())
}

/** Some applications take an empty one for a credential that is wrong. */
function withoutEmpty(credentials: readonly string[]): string {
  if (credentials.length === 0) return ''
  return `
		# Of the client's own credentials the answer holds what is left; where that is nothing, none is sent.
${lines('\t\t', ...credentials.flatMap((name) => [`@no-${name} header ${name} ""`, `request_header @no-${name} -${name}`]))}
`
}
