import { limits } from './limits.ts'
import {
  addressOf,
  certificate,
  clearedNames,
  type HostGroup,
  hostPathsOf,
  lines,
  placesOf,
  type ProxySetup,
  questionAnswerKiB,
} from './setup.ts'

/** The Lua file that asks Gatehouse, for HAProxy 2.6 and newer. */
export function haproxyLua(setup: ProxySetup): string {
  const { gatehouse, scheme, groups, edgeSecret, certificates } = setup
  const { identity: names } = setup
  const credentials = groups.flatMap((group) =>
    group.credentials.length === 0
      ? []
      : group.names.map(
          (name) => `["${name}"] = { ${group.credentials.map((header) => `"${header.toLowerCase()}"`).join(', ')} }`,
        ),
  )
  const port = groups[0]!.port
  return `-- Gatehouse behind HAProxy (2.6 and newer): /etc/haproxy/gatehouse.lua, loaded by haproxy.cfg.
-- Printed by \`gatehouse proxy-config haproxy --part lua\`; docs/proxies/haproxy.md explains it.

local question = "http://${addressOf(gatehouse)}/forward-auth/haproxy"

-- Who it is. Each of these is taken from the answer; what a client sent under the same name is gone.
local identity = ${table(names.map((name) => `"${name.toLowerCase()}"`))}

-- Hosts whose application gets some of the headers with credentials from the answer too: the assertion in place of what the
-- client presented, or what is left of it.
local credentials = ${table(credentials)}

-- What a decision reads of the client's own headers. Nothing else is passed on, so that no claim of a client about its
-- own request can be taken for ours.
local asked_with = {
  "authorization", "cookie", "x-api-key", "accept", "content-type", "origin", "access-control-request-method",
  "sec-fetch-mode", "sec-fetch-site", "sec-fetch-dest", "x-requested-with", "sec-purpose", "purpose",
  "accept-language", "user-agent", "referer", "dpop", "x-gatehouse-probe",
}

-- What a denial hands to the client. Hop-by-hop headers and lengths are HAProxy's own business.
local relayed = {
  "location", "www-authenticate", "set-cookie", "content-type", "cache-control", "retry-after", "x-request-id", "dpop-nonce",
  "content-security-policy", "x-content-type-options", "vary", "access-control-allow-origin",
  "access-control-allow-credentials", "access-control-expose-headers",
}

local no_answer = {
  ["cache-control"] = { "no-store" }, ["content-type"] = { "text/plain; charset=utf-8" }, ["retry-after"] = { "2" },
}

-- HAProxy counts repeated headers from 0, Lua lists from 1.
local function list(values)
  local result = {}
  for position = 0, #values do
    if values[position] ~= nil then result[#result + 1] = values[position] end
  end
  return result
end

local function deny(txn, status, headers, body)
  local reply = txn:reply({ status = status })
  for name, values in pairs(headers) do
    for _, value in ipairs(values) do reply:add_header(name, value) end
  end
  if body ~= nil and txn.sf:method() ~= "HEAD" then reply:set_body(body) end
  txn:done(reply)
end

core.register_action("gatehouse", { "http-req" }, function(txn)
  -- Every way out of here but one is a denial. Should this fail, HAProxy goes on: the rule behind it denies.
  local client = txn.http:req_get_headers()
  local headers = {
    ["x-forwarded-method"] = { txn.sf:method() },
    ["x-forwarded-proto"] = { "${scheme}" },
    ["x-forwarded-host"] = { txn:get_var("txn.host")${port === '' ? '' : ` .. "${port}"`} },
    ["x-forwarded-uri"] = { txn:get_var("txn.uri") },
    ["x-forwarded-for"] = { txn.sf:src() },
${edgeSecret === undefined ? '' : `    -- Proves to the service that this edge asks.\n    ["x-edge-secret"] = { "${edgeSecret}" },\n`}  }
  for _, name in ipairs(asked_with) do
    if client[name] ~= nil then headers[name] = list(client[name]) end
  end

${
  certificates.areTold
    ? `  -- The certificate by which the client is connected.
  local certificate = txn:get_var("txn.certificate")
  if certificate ~= nil then headers["${certificates.header.toLowerCase()}"] = { ":" .. certificate .. ":" } end

`
    : ''
}  local answer = core.httpclient():get({ url = question, headers = headers, timeout = 1000 })

  -- Only a 200 that says so is a yes: nothing but a decision of the service has this header.
  local decision = answer and answer.headers["x-gatehouse-decision"]
  local allowed = decision ~= nil and decision[0] == "allow" and decision[1] == nil and answer.status == 200
  if answer == nil or answer.status >= 600 or (answer.status < 300 and not allowed) then
    return deny(txn, 503, no_answer, "The service that decides about this request does not answer. Try again in a moment.\\n")
  end
  if not allowed then
    local kept = {}
    for _, name in ipairs(relayed) do
      if answer.headers[name] ~= nil then kept[name] = list(answer.headers[name]) end
    end
    return deny(txn, answer.status, kept, answer.body)
  end

  local function replace(names)
    for _, name in ipairs(names) do
      txn.http:req_del_header(name)
      local value = answer.headers[name] and answer.headers[name][0]
      if value ~= nil and value ~= "" then txn.http:req_set_header(name, value) end
    end
  end
  replace(identity)
  replace(credentials[txn:get_var("txn.policy")] or {})
  txn:set_var("txn.allowed", true)
end)
`
}

function table(entries: readonly string[]): string {
  return entries.length === 0 ? '{}' : `{\n${lines('  ', ...entries.map((entry) => `${entry},`))}\n}`
}

/** haproxy.cfg, beside the Lua file. */
export function haproxyConfig(setup: ProxySetup): string {
  const { gatehouse, upstreams, listen, tls, groups, scheme, certificates } = setup
  const places = placesOf(setup)
  const ownNames = new Set(places.map(({ name }) => name))
  const hasIssuer = places.length > 0
  const names = groups.flatMap(({ names: hosts }) => hosts)
  const exact = names.filter((name) => !name.startsWith('*.'))
  const wildcards = names.filter((name) => name.startsWith('*.'))
  const { port } = groups[0]!
  const hostsOf = (upstream: string) =>
    groups.filter((group) => group.upstream.name === upstream).flatMap((group) => group.names)
  const largest = Math.max(limits.requestHeaderKiB, ...groups.map((group) => questionAnswerKiB(group.credentials)))
  return `# Gatehouse behind HAProxy (2.6 and newer): /etc/haproxy/haproxy.cfg, with gatehouse.lua beside it.
# Printed by \`gatehouse proxy-config haproxy\`; docs/proxies/haproxy.md explains every line.

global
  default-path config
  lua-load gatehouse.lua
  log stdout format raw local0 notice
  # Room for the headers of a request and for those that are added to it, which say who it is. One of the two also bounds
  # the headers of an answer.
  tune.bufsize ${(largest + limits.answerHeaderKiB) * 1024}
  tune.maxrewrite ${limits.answerHeaderKiB * 1024}

defaults
  mode http
  log global
  timeout connect ${limits.connectSeconds}s
  timeout http-request ${limits.headerSeconds}s
  timeout http-keep-alive ${limits.betweenRequestsSeconds}s
  timeout client ${limits.uploadSilenceSeconds}s
  # Answers, event streams and WebSockets last for as long as something moves.
  timeout server ${limits.silenceSeconds}s
  timeout tunnel ${limits.silenceSeconds}s
  # Trailers come after the decision, and some frameworks read them like headers.
  .if version_atleast(3.2)
    option http-drop-request-trailers
  .endif

frontend edge
  # HTTP/1 alone: everything below is about its bytes, and HTTP/2 brings trailers of its own.
${
  certificates.areTold
    ? `  # Clients may show a certificate. Who issued it counts for nothing: their tokens are bound to it.
`
    : ''
}  bind :${listen} proto h1${tls ? ` ssl crt ${certificate.both}` : ''}${certificates.areTold ? ` verify optional ca-file ${certificate.both} no-ca-names ca-ignore-err all crt-ignore-err all` : ''}

  # The host by which everything below chooses: lower case, without a port or a trailing dot.
  http-request deny deny_status 400 unless { req.hdr_cnt(host) eq 1 } { req.hdr(host) -m reg -i ^([a-z0-9._-]+|\\[[0-9a-f:.]+])(:[0-9]+)?$ }
  http-request set-var(txn.host) req.hdr(host),host_only,lower,rtrim(.)

  # One text is judged and served. A request line with a whole URL could say another host than the header does.
  http-request deny deny_status 400 unless { url_beg / }
  http-request set-var(txn.uri) url

  # HAProxy before 3.2 cannot drop trailers, so bodies without a length, which alone have them, are refused.
  .if !version_atleast(3.2)
    http-request return status 411 if { req.hdr(transfer-encoding) -m found }
  .endif

  # Many upstreams read X_Auth_Subject as X-Auth-Subject: names with anything but letters, digits and hyphens are dropped.
  http-request del-header [^A-Za-z0-9-] -m reg

  # WebSocket is the one upgrade that passes, and Connection names nothing else: a name in it would make the next server
  # drop that very header.
  http-request set-var(txn.websocket) bool(true) if { req.hdr(upgrade),lower -m str websocket } { req.hdr_cnt(upgrade) eq 1 }
  http-request del-header Upgrade unless { var(txn.websocket) -m bool }
  http-request del-header Connection
  http-request del-header HTTP2-Settings
  http-request set-header Connection upgrade if { var(txn.websocket) -m bool }

  # What some framework takes for the path, the method, the host or the address of a request, or for who sent it: only
  # what was judged may count, by whatever headers each host is told.
${lines('  ', ...clearedNames(setup).map((name) => `http-request del-header ${name}`))}
  http-request set-header X-Forwarded-For %[src]
  http-request set-header X-Real-IP %[src]
  http-request set-header X-Forwarded-Proto ${scheme}
  http-request set-header X-Forwarded-Host %[var(txn.host)]${port}
  http-request set-header Host %[var(txn.host)]${port}
${hasIssuer ? servicePages(setup) : ''}${pathsOfHosts(groups)}
  # ---- The application behind the service. Hosts that nobody configured get no answer of use.
${lines('  ', ...exact.map((name) => `http-request set-var(txn.policy) str(${name}) if ${ownNames.has(name) ? '!issuer ' : ''}{ var(txn.host) -m str ${name} }`), ...wildcards.map((name) => `http-request set-var(txn.policy) str(${name}) if ${hasIssuer ? '!issuer ' : ''}!{ var(txn.policy) -m found } { var(txn.host) -m reg ^[^.]+${name.slice(1).replaceAll('.', '\\.')}$ }`))}
  acl application var(txn.policy) -m found
  http-request deny deny_status 421 if !application${hasIssuer ? ' !issuer' : ''}
  http-request lua.gatehouse if application !ours
  http-request deny deny_status 503 if application !ours !{ var(txn.allowed) -m bool }
${lines('  ', hasIssuer && 'use_backend gatehouse if issuer', 'use_backend gatehouse if ours', ...upstreams.map(({ name }) => `use_backend ${name} if { var(txn.policy) -m str ${hostsOf(name).join(' ')} }`))}

backend gatehouse
  http-reuse always
  server gatehouse ${addressOf(gatehouse)}

${upstreams.map((upstream) => `backend ${upstream.name}\n  server app ${addressOf(upstream)}\n`).join('\n')}`
}

function servicePages(setup: ProxySetup): string {
  const places = placesOf(setup)
  const names = places.map(({ name }) => name).join(' ')
  const paths = places[0]?.paths
  const whole = places.filter(({ isShared }) => !isShared).map(({ name }) => name)
  const { certificates, edgeSecret } = setup
  const told = certificates.areTold
    ? `
  # The certificate by which the client is connected, and what proves to the service that this edge tells it.
  http-request set-var(txn.certificate) ssl_c_der,base64 if { ssl_c_used }
  http-request set-header ${certificates.header} :%[var(txn.certificate)]: if issuer { var(txn.certificate) -m found }
  http-request set-header X-Edge-Secret ${edgeSecret} if issuer
`
    : ''
  if (paths === undefined) {
    return `
  # ---- The service's own pages and API. Only HAProxy itself asks whether a request may pass, and only machines read the
  # metrics. No path of the service has an escape in its first segment, where one would hide the name.
  acl issuer var(txn.host) -m str ${names}
  http-request return status 404 if issuer { path_reg ^/*(forward-auth|metrics(/|$)|[^/]*%) }
${told}`
  }
  return `
  # ---- The service's own pages and API, and its metadata beside them (RFC 8414). Nobody is asked about them.
  http-request set-var(txn.issuer) bool(true) if { var(txn.host) -m str ${names} } { path_reg ^(${paths.pattern})$ }
  acl issuer var(txn.issuer) -m bool
${whole.length === 0 ? '' : `  http-request return status 404 if !issuer { var(txn.host) -m str ${whole.join(' ')} }\n`}${told}`
}

/** The service where it has paths of hosts of applications. */
function pathsOfHosts(groups: readonly HostGroup[]): string {
  const conditions = groups.flatMap((group) => {
    const at = `{ path_reg ^(${hostPathsOf(group).pattern})$ }`
    return group.names.map((name) =>
      name.startsWith('*.')
        ? `{ var(txn.host) -m reg ^[^.]+${name.slice(1).replaceAll('.', '\\.')}$ } ${at}`
        : `{ var(txn.host) -m str ${name} } ${at}`,
    )
  })
  return `
  # ---- What the service tells programs of a host (RFC 9728), and where it signs people in to hosts that its own cookie does
  # not reach. Nobody is asked about it.
${lines('  ', ...conditions.map((condition) => `http-request set-var(txn.ours) bool(true) if ${condition}`))}
  acl ours var(txn.ours) -m bool
`
}
