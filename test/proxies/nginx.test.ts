import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'
import { randomBytes } from 'node:crypto'
import { test } from 'tap'
import { identityHeaderNames } from '../../src/features/forward-auth/header-presets.ts'
import { type Backend, backends } from '../support/backends.ts'
import { appHosts, authHost, hasNginx, startNginx } from '../support/nginx.ts'
import { sendRaw } from '../support/raw.ts'
import { freePort } from '../support/servers.ts'
import { ask, bearer, type Call, exampleRules, startService } from '../support/service.ts'
import { type Arrived, startUpstream, valuesOf } from '../support/upstream.ts'

const [appHost, otherHost] = appHosts as [string, string]

/** Headers that some upstream would take for an identity header, whatever the spelling. */
const identityOf = (request: Arrived) =>
  request.headers.filter(([name]) => /^x[^a-z0-9]auth[^a-z0-9]/i.test(name)).map(([name, value]) => `${name}: ${value}`)

/** Service, nginx with the documented configuration, and an application behind it. */
async function startAll(t: { teardown(after: () => unknown): unknown }, backend: Backend) {
  const port = await freePort()
  const upstream = await startUpstream(t)
  const hosts = Object.fromEntries(
    Object.entries(exampleRules.hosts).map(([host, rules]) => [`${host}:${port}`, rules]),
  )
  const environment = { GATEHOUSE_ISSUER: `http://${authHost}:${port}` }
  const service = await startService(t, { backend, yaml: { hosts }, environment })
  const nginx = await startNginx(t, { port, servicePort: service.port, upstreamPort: upstream.port })
  return {
    port,
    service,
    nginx,
    arrived: upstream.arrived,
    call: (path: string, { headers, ...rest }: Call = {}) =>
      ask(port, path, { ...rest, headers: { host: `${appHost}:${port}`, ...headers } }),
    raw: (target: string, lines: string[] = [], { method = 'GET', host = `${appHost}:${port}`, body = '' } = {}) =>
      sendRaw(
        port,
        [`${method} ${target} HTTP/1.1`, `Host: ${host}`, ...lines, 'Connection: close', '', body].join('\r\n'),
      ),
  }
}

for (const backend of hasNginx ? backends : []) {
  void test(`nginx with the documented configuration, on ${backend.name} stores`, async (t) => {
    const { port, service, call, raw, arrived } = await startAll(t, backend)
    const ada = await service.createUser({ roles: ['admin', 'editor'], name: 'Ada, Countess of Lovelace' })
    const bob = await service.createUser({ name: 'Bob' })
    const [adaIn, bobIn] = [await service.signIn(ada), await service.signIn(bob)]
    const [asAda, asBob] = [bearer(adaIn.accessToken), bearer(bobIn.accessToken)]
    const bobLine = `Authorization: ${asBob.authorization}`
    /** What reached the application during an action. */
    const during = async (action: () => Promise<unknown>): Promise<Arrived[]> => {
      const before = arrived.length
      await action()
      return arrived.slice(before)
    }

    await t.test('token and cookie both bring the verified identity to the application', async (t) => {
      const jwks = createLocalJWKSet((await service.call('/.well-known/jwks.json')).json<JSONWebKeySet>())
      for (const headers of [asAda, { cookie: `theme=dark; ${adaIn.cookie}` }]) {
        const [request] = await during(async () =>
          t.equal((await call('/admin/users?page=2', { headers })).status, 200),
        )
        t.match(request, { method: 'GET', url: '/admin/users?page=2' })
        const value = (name: string) => valuesOf(request!, name).join(' AND ')
        const assertion = value('X-Auth-Assertion')
        const { payload } = await jwtVerify(assertion, jwks, {
          issuer: service.issuer,
          audience: `http://${appHost}:${port}`,
          typ: 'identity-assertion+jwt',
          currentDate: new Date(service.clock.now()),
        })
        t.equal(payload.exp! - payload.iat!, 60)
        t.match(payload, { sub: ada.id, email: ada.email, roles: ['admin', 'editor'], acr: 'aal1' })
        // nginx sends no empty header; a user of the service's own pages has no scopes.
        t.strictSame(Object.fromEntries(identityHeaderNames.map((name) => [name, value(name)])), {
          'X-Auth-Subject': ada.id,
          'X-Auth-Kind': 'user',
          'X-Auth-Email': ada.email,
          'X-Auth-Name': 'Ada%2C Countess of Lovelace',
          'X-Auth-Roles': 'admin,editor',
          'X-Auth-Scopes': '',
          'X-Auth-Client': 'gatehouse',
          'X-Auth-Session': payload['sid'],
          'X-Auth-Level': 'aal1',
          'X-Auth-Assertion': assertion,
        })
      }
    })

    await t.test('a client’s token brings the client, with its scopes', async (t) => {
      const { client_id, client_secret } = await service.operate('POST', '/clients', {
        ...{ name: 'Reports', grants: ['client_credentials'], scopes: ['reports:read'] },
        ...{ redirect_uris: [], audiences: [], public: false },
      })
      const form = { grant_type: 'client_credentials', client_id, client_secret }
      const token = (await service.call('/oauth/token', { method: 'POST', form })).json().access_token
      const [request] = await during(() => call('/reports', { headers: bearer(token) }))
      t.same(valuesOf(request!, 'X-Auth-Kind'), ['client'])
      t.same(valuesOf(request!, 'X-Auth-Client'), [client_id])
      t.same(valuesOf(request!, 'X-Auth-Scopes'), ['reports:read'])
    })

    await t.test('no spelling of an identity header that a client sends reaches the application', async (t) => {
      const spellings = identityHeaderNames.flatMap((name) => [
        ...[name, name, name.toUpperCase(), name.toLowerCase()],
        ...[name.replaceAll('-', '_'), name.toUpperCase().replaceAll('-', '_'), name.replace(/-(?=[^-]*$)/, '_')],
        ...[name.replaceAll('-', '.'), name.replaceAll('-', '--')],
      ])
      const lines = spellings.map((name) => `${name}: spoofed`)
      const [open] = await during(async () => t.equal((await raw('/public/x', lines)).status, 200))
      t.same(identityOf(open!), [], 'where nobody signed in, none is left')
      const [clean] = await during(() => raw('/reports', [bobLine]))
      const [spoofed] = await during(async () => t.equal((await raw('/reports', [...lines, bobLine])).status, 200))
      t.same(identityOf(spoofed!), identityOf(clean!), 'where somebody did, only what was verified')
      t.ok(identityOf(clean!).includes(`X-Auth-Subject: ${bob.id}`))

      for (const line of [
        'X-Auth-Subject : spoofed',
        'X-Other: a\r\n X-Auth-Subject: spoofed',
        ' X-Auth-Subject: spoofed',
      ]) {
        const passed = await during(() => raw('/public/x', [line]))
        t.same(passed.flatMap(identityOf), [], line)
      }
      const chunked = ['Transfer-Encoding: chunked', 'Trailer: X-Auth-Subject']
      const trailers = { method: 'POST', body: '1\r\na\r\n0\r\nX-Auth-Subject: spoofed\r\n\r\n' }
      const [trailed] = await during(() => raw('/public/x', chunked, trailers))
      t.equal(trailed?.body, Buffer.from('a').toString('base64'))
      t.same(identityOf(trailed!), [], 'nor in a trailer')
    })

    await t.test('a Connection header that names other headers removes none of them', async (t) => {
      const names = [...identityHeaderNames, 'X-Original-URL', 'X-Original-Method', 'Cookie', 'Authorization'].join(
        ', ',
      )
      const hop = [`Connection: ${names}`]
      const [request] = await during(async () => t.equal((await raw('/reports', [...hop, bobLine])).status, 200))
      t.same(valuesOf(request!, 'X-Auth-Subject'), [bob.id])
      t.same(
        await during(async () => {
          t.equal((await raw('/admin/x', [...hop, bobLine])).status, 403)
          t.equal((await raw('/admin/x', hop)).status, 401)
        }),
        [],
      )
    })

    await t.test('what a client says about its own request changes no decision, and is not passed on', async (t) => {
      const claims = {
        'x-original-url': `http://${appHost}:${port}/public/x`,
        'x-original-uri': '/public/x',
        'x-original-method': 'HEAD',
        'x-rewrite-url': '/public/x',
        'x-forwarded-uri': '/public/x',
        'x-forwarded-method': 'HEAD',
        'x-forwarded-host': `${appHost}:${port}`,
        'x-forwarded-proto': 'https',
        'x-forwarded-for': '198.51.100.1',
        'x-http-method-override': 'HEAD',
        'x-real-ip': '198.51.100.1',
        forwarded: 'for=198.51.100.1;host=evil.example;proto=https',
      }
      const doubled = Object.fromEntries(Object.entries(claims).map(([name, value]) => [name, [value, value]]))
      for (const headers of [claims, doubled, { x_original_url: claims['x-original-url'] }]) {
        const denied = await during(async () => {
          t.equal((await call('/admin/x', { headers: { ...headers, ...asBob } })).status, 403)
          t.equal((await call('/read-only/x', { method: 'POST', headers: { ...headers, ...asBob } })).status, 403)
          t.equal((await call('/reports', { headers })).status, 401)
        })
        t.same(denied, [])
      }
      const [request] = await during(() => call('/reports', { headers: { ...doubled, ...asBob } }))
      const left = Object.keys(claims).flatMap((name) => valuesOf(request!, name).map((value) => `${name}: ${value}`))
      t.same(left, [
        `x-forwarded-host: ${appHost}:${port}`,
        'x-forwarded-proto: http',
        'x-forwarded-for: 127.0.0.1',
        'x-real-ip: 127.0.0.1',
      ])
    })

    await t.test('the host that is judged is the host that is served', async (t) => {
      const [app, other] = [`${appHost}:${port}`, `${otherHost}:${port}`]
      // The request line names one host and the header another: the first counts, for nginx and so for the service.
      const [served] = await during(async () => {
        t.equal((await raw(`http://${other}/only/x`, [bobLine], { host: app })).status, 200)
      })
      t.same(valuesOf(served!, 'Host'), [other])
      const claims = JSON.parse(
        Buffer.from(valuesOf(served!, 'X-Auth-Assertion')[0]!.split('.')[1]!, 'base64url').toString(),
      )
      t.equal(claims.aud, 'other')
      const refused = await during(async () => {
        t.equal((await raw(`http://${other}/public/x`, [], { host: app })).status, 403)
        t.equal((await raw(`http://${app}/only/x`, [], { host: other })).status, 401)
        t.equal((await raw(`http://${app}/admin/x`, [bobLine], { host: `${authHost}:${port}` })).status, 403)
        t.equal((await raw('http://unknown.example/public/x', [], { host: app })).status, 421)
        t.equal((await raw('/public/x', [], { host: 'unknown.example' })).status, 421)
        t.equal((await raw(`http://${app}?/public/x`, [])).status, 403)
        for (const [line, host] of [
          [`http://evil@${app}/public/x`, app],
          [`http://${app}@${other}/public/x`, app],
          ['/public/x', `${app}\r\nHost: ${other}`],
          ['/public/x', `${other}, ${app}`],
          ['/public/x', `${app}/public`],
        ] as const) {
          const { status } = await raw(line, [], { host })
          t.ok(status >= 400 && status < 500, `${line} with host ${host}: ${status}`)
        }
      })
      t.same(refused, [])
      // One host in other spellings is the same host.
      for (const host of [`APP.Example.TEST:${port}`, `${appHost}.:${port}`]) {
        t.equal((await raw('/public/x', [], { host })).status, 200, host)
        t.equal((await raw('/admin/x', [bobLine], { host })).status, 403, host)
      }
    })

    await t.test('a page leads to the sign-in page and back, anything else gets 401 and the challenge', async (t) => {
      const through = await during(async () => {
        const page = await call('/reports?year=2026&q=a%26b', { headers: { accept: 'text/html' } })
        t.equal(page.status, 302)
        t.equal(page.headers['cache-control'], 'no-store')
        const location = new URL(String(page.headers['location']))
        t.equal(location.origin + location.pathname, `${service.issuer}/login`)
        t.equal(location.searchParams.get('return_to'), `http://${appHost}:${port}/reports?year=2026&q=a%26b`)

        const post = await call('/reports', { method: 'POST', headers: { accept: 'text/html' } })
        const api = await call('/reports', { headers: { accept: 'application/json' } })
        for (const answer of [post, api]) {
          t.equal(answer.status, 401)
          t.equal(answer.headers['location'], undefined)
          t.equal(answer.headers['www-authenticate'], 'Bearer realm="gatehouse"')
        }
        const invalid = await call('/reports', { headers: bearer('not-a-token') })
        t.equal(invalid.status, 401)
        t.match(invalid.headers['www-authenticate'], /error="invalid_token"/)
        const twice = await call('/reports', { headers: { authorization: [asAda.authorization, 'Bearer x'] } })
        t.ok(twice.status >= 400 && twice.status < 500, `two credentials: ${twice.status}`)
      })
      t.same(through, [])
    })

    await t.test('who is signed in and may not pass gets 403', async (t) => {
      const through = await during(async () => {
        t.equal((await call('/admin/', { headers: asBob })).status, 403)
        t.equal((await call('/nobody/x', { headers: { ...asAda, accept: 'text/html' } })).status, 403)
      })
      t.same(through, [])
    })

    await t.test('a path that two parsers could read differently never reaches the application', async (t) => {
      const paths = [
        ...['/public/../admin', '/public/..%2fadmin', '/public/%2e%2e/admin', '/public/.%2E/admin', '/public;/x'],
        ...['/public/..;/admin', '/public/./x', '/public//x', '//public/x', '/public/%2e/x', '/public/..', '/public/.'],
        ...['/public/%5c..%5cadmin', '/public/..\\admin', '/public/%252e%252e/admin', '/public/%2561', '/public/%zz'],
        ...['/public/%C0%AF', '/public/%00', '/public/%0d%0aX:y', '/public/%', '/public/x#/../admin', '/public#'],
        ...[
          '/public/caf\xe9',
          '/public/x?a=\xe9',
          '/public/\x01',
          '/public/%u002e',
          '/public%2fx',
          '/admin/../public/x',
        ],
        ...['/public/%ef%bc%8e%ef%bc%8e/admin', `/public/${'x'.repeat(8_200)}`, '@evil.example/', 'public/x', '*'],
        ...['/public/ x', '/public/x\t/../admin', '/./public/x', '/..;/public/x', '/public/x;jsessionid=1'],
      ]
      for (const path of paths) {
        const reached = await during(async () => {
          for (const lines of [[], [bobLine]]) {
            const { status } = await raw(path, lines)
            t.ok(status >= 400 && status < 500, `${JSON.stringify(path.slice(0, 60))}: ${status}`)
          }
        })
        t.same(reached, [], path.slice(0, 60))
      }
      t.equal((await raw('/.gatehouse', [bobLine])).status, 404, 'nobody reaches the question from outside')
    })

    await t.test('headers larger than the service reads deny the request', async (t) => {
      const large = Array.from({ length: 3 }, (_, index) => `X-Large-${index}: ${'x'.repeat(7_000)}`)
      t.same(await during(async () => t.equal((await raw('/public/x', large)).status, 500)), [])
      t.equal((await raw('/public/x', large.slice(1))).status, 200)
    })

    await t.test('a path that is clear arrives at the application as it was sent', async (t) => {
      for (const path of [
        '/public/a%20b?next=/../admin&x=%2e%2e',
        '/%70ublic/x',
        "/public/a+b,c=d:e@f!$&'()*",
        '/public/',
      ]) {
        const [request] = await during(async () => t.equal((await raw(path)).status, 200, path))
        t.equal(request?.url, path)
      }
      for (const path of ['/PUBLIC/x', '/publicity', '/%61dmin/x', '/admin/x?x=/public/']) {
        t.same(await during(async () => t.equal((await raw(path)).status, 401, path)), [])
      }
    })

    await t.test('a body arrives untouched, and only at the application', async (t) => {
      const body = randomBytes(1024 * 1024)
      const type = { 'content-type': 'application/json' }
      const [request] = await during(async () => {
        t.equal((await call('/reports', { method: 'POST', body, headers: { ...asBob, ...type } })).status, 200)
      })
      t.equal(request?.method, 'POST')
      t.equal(request?.body === body.toString('base64'), true, 'same bytes')
      t.same(await during(async () => t.equal((await call('/x', { method: 'POST', body })).status, 401)), [])
    })

    await t.test('WebSocket is asked about and passes, no other upgrade does', async (t) => {
      const key = ['Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==']
      const [socket] = await during(() => raw('/reports', ['Upgrade: websocket', ...key, bobLine]))
      t.same(valuesOf(socket!, 'Upgrade'), ['websocket'])
      t.same(valuesOf(socket!, 'Connection'), ['upgrade'])
      t.same(valuesOf(socket!, 'X-Auth-Subject'), [bob.id])
      t.same(await during(async () => t.equal((await raw('/reports', ['Upgrade: websocket', ...key])).status, 401)), [])
      for (const protocol of ['h2c', 'websocket, h2c', 'TLS/1.0']) {
        const [other] = await during(() =>
          raw('/reports', [`Upgrade: ${protocol}`, 'HTTP2-Settings: AAMAAABk', bobLine]),
        )
        t.same([...valuesOf(other!, 'Upgrade'), ...valuesOf(other!, 'Connection')], [], protocol)
      }
    })

    await t.test('connections to the service are kept open', async (t) => {
      const opened = { allowed: 0, denied: 0 }
      for (const [outcome, headers, status] of [
        ['allowed', asBob, 200],
        ['denied', {}, 401],
      ] as const) {
        const count = () => void opened[outcome]++
        service.gatehouse.app.server.on('connection', count)
        for (let i = 0; i < 30; i++) t.equal((await call('/reports', { headers })).status, status)
        service.gatehouse.app.server.off('connection', count)
      }
      t.ok(opened.allowed <= 3, `30 allowed requests opened ${opened.allowed} connections`)
      t.ok(opened.denied <= 3, `30 denied requests opened ${opened.denied} connections`)
    })

    await t.test('nobody from outside can ask the question', async (t) => {
      const host = `${authHost}:${port}`
      for (const path of [
        '/forward-auth',
        '/forward-auth/nginx',
        '/forward%2dauth/nginx',
        '/x/../forward-auth/nginx',
      ]) {
        const lines = [bobLine, `X-Original-URL: http://${appHost}:${port}/reports`, 'X-Original-Method: GET']
        t.equal((await raw(path, lines, { host })).status, 404, path)
      }
      t.equal((await raw('//forward-auth/nginx', [bobLine], { host })).status, 404)
      t.equal((await raw('/metrics', [], { host })).status, 404)
      t.equal((await raw('/login', [], { host })).status, 200, 'the pages are there')
    })

    await t.test('while the service is away nothing passes, and when it is back everything works again', async (t) => {
      const { server } = service.gatehouse.app
      await new Promise<void>((closed) => {
        server.close(() => closed())
        server.closeAllConnections()
      })
      const through = await during(async () => {
        for (const path of ['/reports', '/public/x']) {
          t.equal((await call(path, { headers: asBob })).status, 500, path)
          t.equal((await call(path, { headers: { accept: 'text/html' } })).status, 500, path)
        }
      })
      t.same(through, [])
      await new Promise<void>((open) => server.listen(service.port, '127.0.0.1', open))
      const [request] = await during(async () => t.equal((await call('/reports', { headers: asBob })).status, 200))
      t.same(valuesOf(request!, 'X-Auth-Subject'), [bob.id])
    })

    await t.test('a revoked session is refused on the next request', async (t) => {
      const cookie = { cookie: adaIn.cookie }
      for (const headers of [asAda, cookie]) t.equal((await call('/admin/x', { headers })).status, 200)
      t.equal((await service.call('/api/auth/logout', { method: 'POST', headers: cookie })).status, 204)
      const through = await during(async () => {
        for (const headers of [asAda, cookie]) t.equal((await call('/admin/x', { headers })).status, 401)
      })
      t.same(through, [])
    })
  })
}

if (hasNginx) {
  void test('what nginx tells the service: its own words, no body, and the address that it saw itself', async (t) => {
    // The application stands in for the service, so that the question can be read as it arrives.
    const port = await freePort()
    const { port: echo, arrived } = await startUpstream(t)
    await startNginx(t, { port, servicePort: echo, upstreamPort: echo })
    const spoofed = Object.fromEntries(
      ['original-url', 'original-method', 'forwarded-for', 'forwarded-proto', 'forwarded-host', 'forwarded-uri']
        .concat('forwarded-method')
        .map((name) => [`x-${name}`, ['spoofed', 'spoofed']]),
    )
    const host = `${appHost}:${port}`
    const headers = { ...spoofed, forwarded: 'for=spoofed', cookie: 'a=b', authorization: 'Bearer x' }
    await ask(port, '/a/../b?c=%2e', { method: 'POST', body: 'text', headers: { ...headers, host } })
    const [question] = arrived
    t.match(question, { method: 'GET', url: '/forward-auth/nginx', body: '' })
    t.notMatch(JSON.stringify(question), 'spoofed')
    const values = (name: string) => valuesOf(question!, name)
    t.same(values('X-Original-URL'), [`http://${host}/a/../b?c=%2e`])
    t.same(values('X-Original-Method'), ['POST'])
    t.same([...values('Cookie'), ...values('Authorization')], ['a=b', 'Bearer x'])
    t.same([...values('Content-Length'), ...values('Transfer-Encoding'), ...values('Connection')], [])

    await ask(port, '/login', { headers: { ...headers, host: `${authHost}:${port}` } })
    const page = arrived.at(-1)!
    t.match(page, { method: 'GET', url: '/login' })
    t.same(valuesOf(page, 'X-Forwarded-For'), ['127.0.0.1'])
    t.same(valuesOf(page, 'X-Forwarded-Host'), [`${authHost}:${port}`])
    t.same(valuesOf(page, 'Forwarded'), [])
  })
}
