/** What passes arrives whole: bodies, sockets, cookies. What cannot be decided does not pass. */
import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import type { Test } from 'tap'
import { sendExpecting } from '../../support/raw.ts'
import { ask } from '../../support/service.ts'
import { valuesOf } from '../../support/upstream.ts'
import { appHost, authHost, handshake, type Scene } from './scene.ts'

export async function trafficTests(t: Test, scene: Scene): Promise<void> {
  const { traits, port, service, bob, adaIn, asAda, asBob, bobLine, call, raw, during } = scene

  await t.test('bodies and uploads arrive untouched, and only at the application', async (t) => {
    const body = randomBytes(1024 * 1024)
    for (const type of ['application/json', 'multipart/form-data; boundary=x', 'application/octet-stream']) {
      const [request] = await during(async () => {
        const headers = { ...asBob, 'content-type': type }
        t.equal((await call('/reports', { method: 'POST', body, headers })).status, 200)
      })
      t.equal(request?.method, 'POST')
      t.same(valuesOf(request!, 'Content-Type'), [type])
      t.equal(request?.body === body.toString('base64'), true, 'same bytes')
    }
    const [chunked] = await during(async () => {
      const lines = [bobLine, 'Transfer-Encoding: chunked']
      const { status } = await raw('/reports', lines, { method: 'PUT', body: '3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n' })
      t.equal(status, traits.refusesChunks ? 411 : 200)
    })
    if (!traits.refusesChunks) t.equal(Buffer.from(chunked!.body, 'base64').toString(), 'abcdef')
    // Refused before it is read: the connection may break while the client still writes.
    const denied = await during(() =>
      call('/x', { method: 'POST', body: 'text' }).then(({ status }) => t.equal(status, 401)),
    )
    t.same(denied, [])
  })

  await t.test('who waits for 100 Continue is not asked for the body of a request that is refused', async (t) => {
    const upload = randomBytes(256 * 1024)
    const send = (path: string, ...lines: string[]) =>
      sendExpecting(port, [`PUT ${path} HTTP/1.1`, `Host: ${appHost}:${port}`, ...lines], upload)
    const refused = await during(async () => {
      for (const [path, status, ...lines] of [
        ['/reports', 401],
        ['/reports', 401, 'Authorization: Bearer x'],
        ['/admin/x', 403, bobLine],
        ['/public/..%2fadmin', 400, bobLine],
      ] as const) {
        const answer = await send(path, ...lines)
        const isRight = status === 400 ? answer.status >= 400 && answer.status < 500 : answer.status === status
        t.ok(isRight && !answer.asked, `${path}: ${answer.status}${answer.asked ? ' after the body' : ''}`)
      }
    })
    t.same(refused, [])
    const [arrived] = await during(async () => {
      t.match(await send('/reports', bobLine), { status: 200, asked: true })
    })
    t.equal(arrived?.body === upload.toString('base64'), true, 'one that may pass arrives whole')
    t.same(valuesOf(arrived!, 'X-Auth-Subject'), [bob.id])
  })

  await t.test('a WebSocket is asked about, and carries bytes both ways', async (t) => {
    const socket = connect(port, '127.0.0.1')
    const received = (wanted: string) =>
      new Promise<string>((done, fail) => {
        let text = ''
        const read = (chunk: Buffer) => {
          text += chunk.toString('latin1')
          if (!text.includes(wanted)) return
          socket.off('data', read)
          done(text)
        }
        socket.on('data', read).once('error', fail)
      })
    const [request] = await during(async () => {
      const lines = ['GET /reports HTTP/1.1', `Host: ${appHost}:${port}`, bobLine, ...handshake]
      socket.write([...lines, 'Connection: keep-alive, Upgrade, X-Auth-Subject', '', ''].join('\r\n'))
      const head = await received('\r\n\r\n')
      t.match(head, /^HTTP\/1\.1 101 /)
      t.match(head, /sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/i)
    })
    t.same(valuesOf(request!, 'X-Auth-Subject'), [bob.id])
    const hops = valuesOf(request!, 'Connection').flatMap((line) => line.toLowerCase().split(/\s*,\s*/))
    t.ok(hops.includes('upgrade'))
    t.same(
      hops.filter((name) => name.startsWith('x-')),
      [],
      'what names a header as one of this hop has the next proxy take it away',
    )
    for (const frame of ['first', 'second '.repeat(1_000)]) {
      socket.write(frame)
      t.ok((await received(frame)).endsWith(frame))
    }
    socket.destroy()
    const denied = await during(async () => {
      t.equal((await raw('/reports', [...handshake, 'Connection: Upgrade'])).status, 401)
      t.equal((await raw('/admin/x', [...handshake, 'Connection: Upgrade', bobLine])).status, 403)
    })
    t.same(denied, [])
  })

  await t.test('no other upgrade reaches the application, which would take any', async (t) => {
    const connections = [
      ['Connection: Upgrade'],
      ['Connection: keep-alive, upgrade'],
      ['Connection: Upgrade, HTTP2-Settings'],
    ]
    const upgrades = [
      ...['h2c', 'H2C', 'foo', 'TLS/1.0', 'websocket, foo', 'foo, websocket', 'websocket,h2c', 'websocket/13'].map(
        (one) => [one],
      ),
      ...[
        ['websocket', 'foo'],
        ['foo', 'websocket'],
        ['WebSocket', 'H2c'],
        ['h2c', 'websocket'],
        ['', 'foo'],
        ['foo', ''],
      ],
    ]
    for (const upgrade of upgrades) {
      for (const [at, connection] of connections.entries()) {
        const lines = [...upgrade.map((one) => `Upgrade: ${one}`), ...handshake.slice(1), ...connection]
        if (at === 2) lines.push('HTTP2-Settings: AAMAAABk')
        const told = `${upgrade.join(' | ')}, ${connection.join()}`
        // A refusal is as good as an answer to the request without its upgrade.
        const reached = await during(async () => {
          const { status } = await raw('/public/x', lines)
          if (status === 101)
            t.ok(
              upgrade.some((one) => /websocket/i.test(one)),
              `${told}: 101`,
            )
        })
        for (const request of reached) {
          const protocols = valuesOf(request, 'Upgrade').filter((value) => value.toLowerCase() !== 'websocket')
          t.same(protocols, [], told)
          const isWebSocket = valuesOf(request, 'Upgrade').length > 0
          if (!isWebSocket) t.notMatch(valuesOf(request, 'Connection').join(), /upgrade/i, told)
        }
        t.ok(reached.length <= 1, told)
      }
    }
    for (const one of ['websocket', 'WebSocket', 'WEBSOCKET']) {
      const lines = [`Upgrade: ${one}`, ...handshake.slice(1), 'Connection: upgrade']
      t.equal((await during(() => raw('/public/x', lines))).length, 1, one)
    }
  })

  await t.test(
    'cookies that are set at the issuer’s host reach the browser, and count for the application',
    async (t) => {
      const host = `${authHost}:${port}`
      const user = await service.createUser()
      const json = { email: user.email, password: user.password }
      const login = await ask(port, '/api/auth/login', { method: 'POST', json, headers: { host } })
      t.equal(login.status, 200)
      t.strictSame(Object.keys(login.cookies).toSorted(), ['gatehouse', 'gatehouse_device', 'gatehouse_refresh'])
      const cookie = `gatehouse=${login.cookies['gatehouse']}`
      const [request] = await during(async () => t.equal((await call('/reports', { headers: { cookie } })).status, 200))
      t.same(valuesOf(request!, 'X-Auth-Subject'), [user.id])

      // As a person does it: led to the page, signed in by the form, led back.
      const away = await call('/reports?x=1', { headers: { accept: 'text/html' } })
      const page = new URL(String(away.headers['location']))
      const shown = await ask(port, page.pathname + page.search, { headers: { host } })
      t.equal(shown.status, 200)
      const hidden = [...shown.body.matchAll(/type="hidden" name="(\w+)" value="([^"]*)"/g)]
      const form = {
        ...Object.fromEntries(hidden.map(([, name, value]) => [name, value!.replaceAll('&amp;', '&')])),
        ...json,
      }
      const jar = Object.entries(shown.cookies).map(([name, value]) => `${name}=${value}`)
      const headers = { host, cookie: jar.join('; '), origin: service.issuer }
      const back = await ask(port, '/login', { method: 'POST', form, headers })
      t.same([back.status, back.headers['location']], [303, `http://${appHost}:${port}/reports?x=1`])
      t.ok('gatehouse' in back.cookies)

      const out = await ask(port, '/api/auth/logout', {
        method: 'POST',
        headers: { host, cookie, origin: service.issuer },
      })
      t.equal(out.status, 204)
      t.equal((await call('/reports', { headers: { cookie } })).status, 401)
    },
  )

  await t.test('what a person has sent after the session ended is never sent again, a program gets 401', async (t) => {
    const form = { left: 'right' }
    const navigate = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
    const page = `http://${appHost}:${port}/orders?page=2`
    for (const [headers, wayBack] of [
      [{ ...navigate, referer: page }, page],
      [navigate, `http://${appHost}:${port}/orders/42`],
      [{ accept: 'text/html' }, `http://${appHost}:${port}/orders/42`],
    ] as const) {
      for (const method of 'sec-fetch-mode' in headers ? ['POST', 'PUT', 'DELETE', 'PATCH'] : ['POST']) {
        const through = await during(async () => {
          const away = await call('/orders/42', { method, form, headers })
          t.equal(away.status, 303, method)
          const location = `${service.issuer}/login?return_to=${encodeURIComponent(wayBack)}&unsent=yes`
          t.match(away.headers, { location, 'cache-control': 'no-store' })
        })
        t.same(through, [])
      }
    }
    for (const headers of [
      { accept: 'application/json' },
      { accept: '*/*' },
      { accept: '*/*', 'sec-fetch-mode': 'cors', referer: page },
      { accept: 'text/html', 'x-requested-with': 'XMLHttpRequest' },
    ]) {
      for (const method of ['POST', 'PUT', 'DELETE']) {
        const refused = await call('/orders/42', { method, form, headers })
        t.equal(refused.status, 401, `${method} ${JSON.stringify(headers)}`)
        t.notOk('location' in refused.headers)
      }
    }
    for (const method of ['GET', 'HEAD']) {
      t.equal((await call('/orders', { method, headers: navigate })).status, 302, method)
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

  await t.test('while the service is away nothing passes, and when it is back everything works again', async (t) => {
    const { server } = service.gatehouse.app
    await new Promise<void>((closed) => {
      server.close(() => closed())
      server.closeAllConnections()
    })
    // At once, since HAProxy takes seconds before it gives up.
    const calls = ['/reports', '/public/x'].flatMap((path) => [
      call(path, { headers: asBob }),
      call(path, { headers: { accept: 'text/html' } }),
    ])
    const through = await during(async () => {
      t.same(
        (await Promise.all(calls)).map(({ status }) => status),
        Array.from(calls, () => traits.away),
      )
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

  await t.test('while the stores are down, nobody passes whose credential was not proven before', async (t) => {
    const late = await service.signIn(bob)
    await service.stores.close()
    const through = await during(async () => {
      for (const headers of [{ authorization: `Bearer ${late.accessToken}` }, { cookie: late.cookie }]) {
        const { status } = await call('/reports', { headers })
        t.equal(status, traits.broken)
      }
    })
    t.same(through, [])
  })
}
