/** What is judged is what is served: hosts, paths, and who may not pass. */
import { connect } from 'node:http2'
import type { Test } from 'tap'
import { sendRaw } from '../../support/raw.ts'
import { bearer } from '../../support/service.ts'
import { valuesOf } from '../../support/upstream.ts'
import { appHost, authHost, customHost, identityOf, otherHost, type Scene } from './scene.ts'

/** Paths that two parsers could read differently, as bytes. */
export const hostile = [
  ...['/public/../admin', '/public/..%2fadmin', '/public/%2e%2e/admin', '/public/.%2E/admin', '/public;/x'],
  ...['/public/..;/admin', '/public/./x', '/public//x', '//public/x', '/public/%2e/x', '/public/..', '/public/.'],
  ...['/public/%5c..%5cadmin', '/public/..\\admin', '/public/%252e%252e/admin', '/public/%2561', '/public/%zz'],
  ...['/public/%C0%AF', '/public/%00', '/public/%0d%0aX:y', '/public/%', '/public/x#/../admin', '/public#'],
  ...['/public/caf\xe9', '/public/\x01', '/public/%u002e', '/public%2fx'],
  ...['/admin/../public/x', '/public/%ef%bc%8e%ef%bc%8e/admin', `/public/${'x'.repeat(8_200)}`, '@evil.example/'],
  ...['/public/x%3Fy', '/admin%3f/public', '/public/x%23y', '/public/%23'],
  ...['public/x', '*', '/public/ x', '/public/x\t/../admin', '/./public/x', '/..;/public/x', '/public/x;jsessionid=1'],
]

export async function targetTests(t: Test, scene: Scene): Promise<void> {
  const { traits, port, service, ada, asAda, asBob, bobLine, call, raw, during } = scene
  const isRefusal = (status: number) => status >= 400 && status < 500

  await t.test('a path that two parsers could read differently never reaches the application', async (t) => {
    for (const path of hostile) {
      const anew = traits.writesAnew[path]
      for (const lines of [[], [bobLine]]) {
        // What is written anew is judged as if it had come so.
        const expected = anew === undefined ? undefined : (await raw(anew, lines)).status
        const reached = await during(async () => {
          const { status } = await raw(path, lines)
          const isRight = expected === undefined ? isRefusal(status) : status === expected
          t.ok(isRight, `${JSON.stringify(path.slice(0, 60))}: ${status}`)
        })
        t.ok(
          reached.every(({ url }) => url === anew),
          path.slice(0, 60),
        )
      }
    }
  })

  await t.test('a path that is clear arrives at the application as it was sent', async (t) => {
    const clear = [
      ...['/public/a%20b?next=/../admin&x=%2e%2e', '/%70ublic/x', "/public/a+b,c=d:e@f!$&'()*", '/public/'],
      ...['/public/x?a=1;b=2', '/public/x?;/../admin;'],
    ]
    for (const path of clear) {
      const [request] = await during(async () => t.equal((await raw(path)).status, 200, path))
      t.equal(request?.url, traits.writesAnew[path] ?? path)
    }
    // However a proxy spells a query, nothing is judged by it.
    const shut = ['/PUBLIC/x', '/publicity', '/%61dmin/x', '/admin/x?x=/public/', '/admin/x?a;/public/x', '/admin/x?;']
    for (const path of shut) {
      t.same(await during(async () => t.equal((await raw(path)).status, 401, path)), [])
    }
  })

  await t.test('the host that is judged is the host that is served', async (t) => {
    const [app, other] = [`${appHost}:${port}`, `${otherHost}:${port}`]
    const [served] = await during(async () => {
      t.equal((await raw('/only/x', [bobLine], { host: other })).status, 200)
    })
    t.same(valuesOf(served!, 'Host'), [other])
    const claims = JSON.parse(
      Buffer.from(valuesOf(served!, 'X-Auth-Assertion')[0]!.split('.')[1]!, 'base64url').toString(),
    )
    t.equal(claims.aud, 'other')

    // The request line names one host and the header another: the first counts for the proxy and so for the service, or
    // the request is refused.
    const through = await during(async () => {
      const { status } = await raw(`http://${other}/only/x`, [bobLine], { host: app })
      if (traits.takesAbsoluteUrls) t.equal(status, 200)
      else t.equal(status, 400)
    })
    t.same(
      through.map((request) => valuesOf(request, 'Host')),
      traits.takesAbsoluteUrls ? [[other]] : [],
    )
    const refused = await during(async () => {
      for (const [line, host] of [
        [`http://${other}/public/x`, app],
        [`http://${app}/only/x`, other],
        [`http://${app}/admin/x`, `${authHost}:${port}`],
        ['http://unknown.example/public/x', app],
        [`http://${app}?/public/x`, app],
        [`http://${app}@${other}/public/x`, app],
        ['/public/x', `${app}\r\nHost: ${other}`],
        ['/public/x', `${other}, ${app}`],
        ['/public/x', `${app}/public`],
        ['/public/x', ''],
      ] as const) {
        const lines = line.endsWith('/admin/x') ? [bobLine] : []
        const { status } = await raw(line, lines, { host })
        t.ok(isRefusal(status), `${line} with host ${host}: ${status}`)
      }
      t.equal((await raw('/public/x', [], { host: 'unknown.example' })).status, traits.unknownHost)
      t.equal((await raw('/public/x', [], { host: `x.${appHost}:${port}` })).status, traits.unknownHost)
    })
    t.same(refused, [])
    const userInfo = await during(async () => {
      const { status } = await raw(`http://${otherHost}@${app}/public/x`, [], { host: other })
      t.ok(traits.dropsUserInfo ? status === 200 : isRefusal(status), `user information: ${status}`)
    })
    t.same(
      userInfo.map((request) => valuesOf(request, 'Host')),
      traits.dropsUserInfo ? [[app]] : [],
    )
    // One host in capitals is the same host.
    t.equal((await raw('/public/x', [], { host: `APP.Example.TEST:${port}` })).status, 200)
    t.equal((await raw('/admin/x', [bobLine], { host: `APP.Example.TEST:${port}` })).status, 403)
    const { status } = await raw('/admin/x', [bobLine], { host: `${appHost}.:${port}` })
    t.ok(isRefusal(status), `a trailing dot: ${status}`)
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
        const metadata = `http://${appHost}:${port}/.well-known/oauth-protected-resource/reports`
        t.equal(answer.headers['www-authenticate'], `Bearer realm="gatehouse", resource_metadata="${metadata}"`)
      }
      const head = await call('/reports', { method: 'HEAD', headers: { accept: 'application/json' } })
      t.same([head.status, head.body], [401, ''])
      const metadata = await call('/.well-known/oauth-protected-resource/reports?x=1')
      t.match([metadata.status, metadata.json()], [200, { resource: `http://${appHost}:${port}/reports` }], '69')
      const invalid = await call('/reports', { headers: bearer('not-a-token') })
      t.equal(invalid.status, 401)
      t.match(invalid.headers['www-authenticate'], /error="invalid_token"/)
    })
    t.same(through, [])
  })

  await t.test('of two credentials in one header the one of ours counts, or the request is refused', async (t) => {
    for (const authorization of [
      [asAda.authorization, 'Bearer x'],
      ['Bearer x', asAda.authorization],
    ]) {
      const [request] = await during(async () => {
        const { status } = await call('/reports', { headers: { authorization } })
        t.ok(status === 200 || isRefusal(status), `${status}`)
      })
      if (request !== undefined) t.same(valuesOf(request, 'X-Auth-Subject'), [ada.id])
    }
  })

  await t.test('a page of another known origin can read why it was denied, any other page cannot', async (t) => {
    const known = `http://${otherHost}:${port}`
    const shared = await call('/reports', { headers: { origin: known, accept: 'application/json' } })
    t.equal(shared.status, 401)
    t.equal(shared.headers['access-control-allow-origin'], known)
    t.equal(shared.headers['access-control-allow-credentials'], 'true')
    t.match(shared.headers['access-control-expose-headers'], /WWW-Authenticate/)
    t.match(shared.headers['vary'], /Origin/)
    t.match(shared.headers['www-authenticate'], /^Bearer /)
    const foreign = await call('/reports', { headers: { origin: 'https://evil.example', accept: 'application/json' } })
    t.equal(foreign.status, 401)
    t.equal(foreign.headers['access-control-allow-origin'], undefined)
    const allowed = await call('/reports', { headers: { origin: known, ...asBob } })
    t.same([allowed.status, allowed.headers['access-control-allow-origin']], [200, undefined])
  })

  await t.test('who is signed in and may not pass gets 403', async (t) => {
    const through = await during(async () => {
      t.equal((await call('/admin/', { headers: asBob })).status, 403)
      t.equal((await call('/nobody/x', { headers: { ...asAda, accept: 'text/html' } })).status, 403)
    })
    t.same(through, [])
  })

  await t.test('a true preflight passes where a rule says so, and says nothing about anyone', async (t) => {
    const host = `${customHost}:${port}`
    const preflight = { host, origin: 'https://spa.example.test', 'access-control-request-method': 'PUT' }
    const ask = (path: string, headers: Record<string, string>) => call(path, { method: 'OPTIONS', headers })
    const [passed] = await during(async () => t.equal((await ask('/cors/x', preflight)).status, 200))
    t.match(passed, { method: 'OPTIONS', url: '/cors/x' })
    const denied = await during(async () => {
      t.equal((await ask('/other/x', preflight)).status, 401)
      t.equal((await ask('/cors/x', { ...preflight, 'access-control-request-method': 'DELETE' })).status, 401)
      t.equal((await ask('/cors/x', { host, origin: preflight.origin })).status, 401)
      t.equal((await call('/cors/x', { method: 'PUT', headers: preflight })).status, 401)
    })
    t.same(denied, [])
  })

  await t.test('every request on a connection is judged for itself', async (t) => {
    const two = (first: string[], body: string, second: string) =>
      sendRaw(
        port,
        [...first, '', `${body}${second} HTTP/1.1`, `Host: ${appHost}:${port}`, 'Connection: close', '', ''].join(
          '\r\n',
        ),
      )
    const head = [`Host: ${appHost}:${port}`]
    const [only, ...more] = await during(async () => {
      const { head: first, body } = await two(['GET /public/x HTTP/1.1', ...head], '', 'GET /admin/x')
      t.match(first, /^HTTP\/1\.1 200/)
      t.match(body, /HTTP\/1\.1 401/)
    })
    t.equal(only?.url, '/public/x')
    t.same(more, [])

    // A length and chunks at once: whichever counts, what looks like a second request is judged, or is none.
    for (const lengths of [
      ['Content-Length: 5', 'Transfer-Encoding: chunked'],
      ['Transfer-Encoding: chunked', 'Transfer-Encoding: identity'],
      ['Transfer-Encoding: xchunked', 'Content-Length: 5'],
      ['Transfer-Encoding:\tchunked', 'Content-Length: 5'],
      ['Content-Length: 5', 'Content-Length: 500'],
      ['Content-Length: +5'],
    ]) {
      const reached = await during(() =>
        two(['POST /public/x HTTP/1.1', ...head, ...lengths], '0\r\n\r\n', 'GET /admin/x'),
      )
      t.same(
        reached.filter(({ url }) => url !== '/public/x'),
        [],
        lengths.join(', '),
      )
    }
    for (const [method, line] of [
      ['get', '/public/x'],
      ['FOO', '/reports'],
      ['TRACE', '/reports'],
      ['CONNECT', `${appHost}:${port}`],
      ['GET', '/reports HTTP/1.0\r\nX-Y: z'],
    ] as const) {
      const strange = await during(async () => {
        const { status } = await raw(line, [], { method })
        t.ok(isRefusal(status) || status === 501, `${method} ${line}: ${status}`)
      })
      t.same(strange, [], method)
    }
  })

  await t.test('HTTP/2 without TLS, and its trailers, are no way in', async (t) => {
    const session = connect(`http://127.0.0.1:${port}`)
    session.on('error', () => {})
    const send = async (path: string) => {
      const request = session.request(
        { ':method': 'POST', ':path': path, host: `${appHost}:${port}` },
        { waitForTrailers: true },
      )
      request.on('wantTrailers', () => request.sendTrailers({ 'x-auth-subject': 'spoofed' }))
      request.on('error', () => {})
      request.end('a')
      return new Promise<number | undefined>((done) => {
        request.on('response', (headers) => done(headers[':status']))
        request.on('close', () => done(undefined))
      })
    }
    const reached = await during(async () => {
      t.equal(await send('/public/x'), traits.cleartextHttp2 ? 200 : undefined)
      if (traits.cleartextHttp2) t.equal(await send('/reports'), 401)
    })
    session.destroy()
    t.same(
      reached.map(({ url }) => url),
      traits.cleartextHttp2 ? ['/public/x'] : [],
    )
    t.same(reached.flatMap(identityOf), [])
  })

  await t.test('headers pass up to the limit of the printed configuration, and no larger ones', async (t) => {
    const cookies = (bytes: number) => Array.from({ length: 3 }, (_, index) => `Cookie: x${index}=${'x'.repeat(bytes)}`)
    const allowed = await during(async () => t.equal((await raw('/public/x', cookies(7_000))).status, 200))
    t.equal(allowed.length, 1)
    const denied = await during(async () =>
      t.equal((await raw('/public/x', cookies(14_000))).status, traits.largeHeaders),
    )
    t.same(denied, [])
  })

  await t.test('nobody from outside can ask the question', async (t) => {
    const host = `${authHost}:${port}`
    for (const path of [
      `/forward-auth/${traits.name}`,
      ...['/forward-auth', '/forward%2dauth/nginx', '/%66orward-auth/caddy', '/x/../forward-auth/nginx'],
      ...[
        '//forward-auth/nginx',
        '/./forward-auth/haproxy',
        '/forward-auth%2fenvoy/public/x',
        '/metrics',
        '/%6detrics',
      ],
    ]) {
      const lines = [
        ...[bobLine, `X-Original-URL: http://${appHost}:${port}/reports`, 'X-Original-Method: GET'],
        ...[`X-Forwarded-Host: ${appHost}:${port}`, 'X-Forwarded-Uri: /reports', 'X-Forwarded-Method: GET'],
      ]
      const { status, head } = await raw(path, lines, { host })
      // The Gateway API has no word for 404: a route without a target is 500.
      t.ok(isRefusal(status) || (traits.form === 'gateway' && status === 500), `${path}: ${status}`)
      t.notMatch(head.toLowerCase(), 'x-auth-subject')
    }
    t.equal((await raw('/login', [], { host })).status, 200, 'the pages are there')
    if (traits.name === 'nginx') t.equal((await raw('/.gatehouse', [bobLine])).status, 404, 'its own location')
  })
}
