-- Gatehouse behind HAProxy (2.6 and newer): /etc/haproxy/gatehouse.lua, loaded by haproxy.cfg.
-- Printed by `gatehouse proxy-config haproxy --part lua`; docs/proxies/haproxy.md explains it.

local question = "http://127.0.0.1:3000/forward-auth/haproxy"

-- Who it is. Each of these is taken from the answer; what a client sent under the same name is gone.
local identity = {
  "x-auth-subject",
  "x-auth-kind",
  "x-auth-email",
  "x-auth-name",
  "x-auth-roles",
  "x-auth-scopes",
  "x-auth-client",
  "x-auth-session",
  "x-auth-level",
  "x-auth-assertion",
  "x-auth-shortened",
  "remote-user",
  "remote-groups",
  "remote-name",
  "remote-email",
  "x-auth-request-user",
  "x-auth-request-email",
  "x-auth-request-groups",
  "x-auth-request-preferred-username",
  "x-remote-user",
  "x-remote-name",
  "x-remote-email",
  "x-remote-groups",
  "x-auth-user",
  "x-webauth-user",
  "x-webauth-email",
  "x-webauth-name",
  "x-webauth-fullname",
  "x-webauth-groups",
  "x-webauth-role",
  "x-forwarded-user",
  "x-forwarded-email",
  "x-forwarded-groups",
  "x-forwarded-preferred-username",
  "x-authentik-username",
  "x-authentik-email",
  "x-authentik-name",
  "x-authentik-groups",
}

-- Hosts whose application gets some of the headers with credentials from the answer too: the assertion in place of what the
-- client presented, or what is left of it.
local credentials = {}

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
    ["x-forwarded-proto"] = { "https" },
    ["x-forwarded-host"] = { txn:get_var("txn.host") },
    ["x-forwarded-uri"] = { txn:get_var("txn.uri") },
    ["x-forwarded-for"] = { txn.sf:src() },
  }
  for _, name in ipairs(asked_with) do
    if client[name] ~= nil then headers[name] = list(client[name]) end
  end

  local answer = core.httpclient():get({ url = question, headers = headers, timeout = 1000 })

  -- Only a 200 that says so is a yes: nothing but a decision of the service has this header.
  local decision = answer and answer.headers["x-gatehouse-decision"]
  local allowed = decision ~= nil and decision[0] == "allow" and decision[1] == nil and answer.status == 200
  if answer == nil or answer.status >= 600 or (answer.status < 300 and not allowed) then
    return deny(txn, 503, no_answer, "The service that decides about this request does not answer. Try again in a moment.\n")
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
