/**
 * What Traefik and Envoy ask, as their sources say, and what they make of the answers, where the suite on the programs
 * themselves cannot look: Traefik's `pkg/middlewares/auth/forward.go`, Envoy's `ext_authz_http_impl.cc` and `ext_authz.cc`.
 */
import { test } from 'tap'
import { identityHeaderNames } from '../../src/features/forward-auth/header-presets.ts'
import { sendRaw } from '../support/raw.ts'
import { bearer, exampleRules, startService } from '../support/service.ts'

type Header = [name: string, value: string]

const names = identityHeaderNames.map((name) => name.toLowerCase())
const spoofed: Header[] = names.map((name) => [name, 'spoofed'])

function parse(head: string): Header[] {
  const lines = head.split('\r\n').slice(1)
  return lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()])
}
const identityIn = (headers: readonly Header[]) =>
  Object.fromEntries(headers.filter(([name, value]) => names.includes(name) && value !== ''))

/** Traefik deletes every name of `authResponseHeaders`, then sets what the answer holds. */
function afterTraefik(client: readonly Header[], answer: readonly Header[]): Header[] {
  return [...client.filter(([name]) => !names.includes(name)), ...answer.filter(([name]) => names.includes(name))]
}

/** Envoy sets what `allowed_upstream_headers` lets it, then removes what the answer lists. */
function afterEnvoy(client: readonly Header[], answer: readonly Header[], allowed: readonly string[]): Header[] {
  const set = answer.filter(([name]) => allowed.includes(name))
  const listed = answer.find(([name]) => name === 'x-envoy-auth-headers-to-remove')?.[1] ?? ''
  const removed = new Set(listed.split(',').map((name) => name.trim().toLowerCase()))
  const kept = client.filter(([name]) => !set.some(([other]) => other === name))
  return [...kept, ...set].filter(([name]) => !removed.has(name))
}

void test('recorded questions of Traefik and Envoy', async (t) => {
  const custom = { headers: { subject: 'X-User' }, authorization: 'assertion' as const, rules: [{ allow: 'anyone' }] }
  const service = await startService(t, { yaml: { hosts: { ...exampleRules.hosts, 'custom.example.test': custom } } })
  const ada = await service.createUser({ roles: ['admin'] })
  const { accessToken, cookie } = await service.signIn(ada)
  const send = async (...lines: string[]) => {
    const { status, head, body } = await sendRaw(service.port, [...lines, 'Connection: close', '', ''].join('\r\n'))
    return { status, body, headers: parse(head) }
  }
  const valueOf = (headers: readonly Header[], name: string) => headers.find(([other]) => other === name)?.[1]
  const token = bearer(accessToken).authorization

  /** A GET to the address, client headers but the hop-by-hop ones, and the X-Forwarded-* family of its own. */
  const traefik = (method: string, uri: string, ...client: string[]) =>
    send(
      'GET /forward-auth/traefik HTTP/1.1',
      'Host: gatehouse:3000',
      'User-Agent: curl/8.14.1',
      ...client,
      'X-Forwarded-For: 203.0.113.7',
      'X-Forwarded-Host: app.example.test',
      `X-Forwarded-Method: ${method}`,
      'X-Forwarded-Port: 80',
      'X-Forwarded-Proto: http',
      'X-Forwarded-Server: edge-1',
      `X-Forwarded-Uri: ${uri}`,
      'X-Real-Ip: 203.0.113.7',
      'Accept-Encoding: gzip',
    )

  /** The method, path and host of the request, `Authorization`, what `allowed_headers` names, and an empty body. */
  const envoy = (method: string, path: string, client: string[] = [], host = 'app.example.test') =>
    send(
      `${method} /forward-auth/envoy${path} HTTP/1.1`,
      `host: ${host}`,
      'content-length: 0',
      ...client,
      'x-forwarded-proto: http',
      'x-forwarded-for: 203.0.113.7,127.0.0.1',
      'x-envoy-internal: true',
      'x-envoy-expected-rq-timeout-ms: 1000',
    )

  await t.test('Traefik: an allowed request carries the verified identity and nothing of the client’s', async (t) => {
    for (const credential of [`Authorization: ${token}`, `Cookie: theme=dark; ${cookie}`]) {
      const answer = await traefik('POST', '/admin/users?page=2', credential, 'X-Auth-Subject: spoofed')
      t.same([answer.status, answer.body, valueOf(answer.headers, 'content-length')], [200, '', '0'])
      t.match(identityIn(afterTraefik(spoofed, answer.headers)), { 'x-auth-subject': ada.id, 'x-auth-roles': 'admin' })
    }
    const open = await traefik('GET', '/public/x')
    t.same([open.status, identityIn(afterTraefik(spoofed, open.headers))], [200, {}])
  })
  await t.test('Traefik: denials are whole answers, with an absolute way to the sign-in page', async (t) => {
    const page = await traefik('GET', '/reports?a=%20b', 'Accept: text/html')
    t.equal(page.status, 302)
    const back = encodeURIComponent('http://app.example.test/reports?a=%20b')
    t.equal(valueOf(page.headers, 'location'), `${service.issuer}/login?return_to=${back}`)
    const program = await traefik('GET', '/reports', 'Accept: application/json')
    t.equal(program.status, 401)
    t.match(valueOf(program.headers, 'www-authenticate'), /^Bearer /)
    t.equal(JSON.parse(program.body).code, 'unauthorized')
    t.equal((await traefik('GET', '/nobody/x', `Authorization: ${token}`)).status, 403)
  })
  await t.test('Traefik: a WebSocket arrives without its Upgrade, and a preflight under its own method', async (t) => {
    t.equal((await traefik('GET', '/reports', 'Sec-Websocket-Version: 13', 'Sec-Websocket-Key: x')).status, 401)
    t.equal((await traefik('GET', '/reports', 'Sec-Websocket-Key: x', `Authorization: ${token}`)).status, 200)
    const asks = ['Origin: https://spa.example.test', 'Access-Control-Request-Method: PUT']
    t.equal((await traefik('OPTIONS', '/reports', ...asks)).status, 401)
  })

  await t.test('Envoy: an allowed request carries the verified identity and nothing of the client’s', async (t) => {
    for (const [method, path, credential] of [
      ['GET', '/admin/users?page=2', `authorization: ${token}`],
      ['POST', '/admin/', `cookie: theme=dark; ${cookie}`],
      ['HEAD', '/admin/x', `authorization: ${token}`],
      ['DELETE', '/admin/a%20b', `authorization: ${token}`],
      ['PROPFIND', '/admin/x', `authorization: ${token}`],
    ] as const) {
      const { status, body, headers } = await envoy(method, path, [credential])
      t.same([status, body, valueOf(headers, 'content-length')], [200, '', '0'], method)
      const arrived = identityIn(afterEnvoy(spoofed, headers, names))
      t.match(arrived, { 'x-auth-subject': ada.id, 'x-auth-roles': 'admin', 'x-auth-kind': 'user' })
      t.notMatch(JSON.stringify(arrived), 'spoofed')
    }
  })
  await t.test('Envoy: what is empty is removed, whether or not Envoy was told to set it', async (t) => {
    const open = await envoy('GET', '/public/x')
    t.equal(valueOf(open.headers, 'x-envoy-auth-headers-to-remove'), identityHeaderNames.join(','))
    for (const allowed of [names, []]) t.same(identityIn(afterEnvoy(spoofed, open.headers, allowed)), {})
    const signedIn = await envoy('GET', '/reports', [`authorization: ${token}`])
    t.equal(valueOf(signedIn.headers, 'x-envoy-auth-headers-to-remove'), 'X-Auth-Scopes,X-Auth-Shortened')
    const anonymous = await envoy('GET', '/', [`authorization: ${token}`], 'custom.example.test')
    t.equal(valueOf(anonymous.headers, 'x-envoy-auth-headers-to-remove'), 'X-User,Authorization')
    const denied = await envoy('GET', '/reports')
    t.equal(valueOf(denied.headers, 'x-envoy-auth-headers-to-remove'), undefined)
  })
  await t.test('Envoy: denials are relayed, whatever the method', async (t) => {
    const page = await envoy('GET', '/reports?a=%20b', ['accept: text/html'])
    t.equal(page.status, 302)
    const back = encodeURIComponent('http://app.example.test/reports?a=%20b')
    t.equal(valueOf(page.headers, 'location'), `${service.issuer}/login?return_to=${back}`)
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND']) {
      const { status, headers, body } = await envoy(method, '/reports')
      t.equal(status, 401, method)
      t.match(valueOf(headers, 'www-authenticate'), /^Bearer /, method)
      if (method === 'HEAD') t.equal(body, '')
      else t.equal(JSON.parse(body).code, 'unauthorized', method)
      t.equal((await envoy(method, '/nobody/x', [`authorization: ${token}`])).status, 403, method)
    }
  })
  await t.test('Envoy: the path is judged as it was sent, even where no router could read it', async (t) => {
    const answer = await envoy('GET', '/public/%zz', [`authorization: ${token}`])
    t.same([answer.status, JSON.parse(answer.body).code], [400, 'ambiguous_target'])
    for (const path of ['', '*', '@evil.test/public/x', '?/public/x', '/public/../admin', '//public/x']) {
      t.equal((await envoy('GET', path, [`authorization: ${token}`])).status, 400, path)
    }
    // An absolute URL, and an encoded prefix, are no question that Envoy asks.
    for (const line of ['http://app.example.test/forward-auth/envoy/public/x', '/forward%2Dauth/envoy/public%2fx']) {
      const { status } = await send(`GET ${line} HTTP/1.1`, 'host: app.example.test', 'x-forwarded-proto: http')
      t.ok(status === 400 || status === 404, `${line}: ${status}`)
    }
  })
})
