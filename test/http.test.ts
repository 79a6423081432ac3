import { createHash } from 'node:crypto'
import { connect } from 'node:net'
import { test } from 'tap'
import { requestHeaderBytes, serviceHeaderBytes } from '../src/core/sizes.ts'
import { sendExpecting, sendRaw as askRaw } from './support/raw.ts'
import { backends } from './support/backends.ts'
import { type Answer, asks, bearer, type Call, newClient, startService } from './support/service.ts'

/** What a raw connection answers to raw bytes. */
function sendRaw(port: number, text: string): Promise<string> {
  return new Promise((done, fail) => {
    let answer = ''
    const socket = connect(port, '127.0.0.1', () => socket.end(text))
    socket.on('data', (chunk) => (answer += chunk.toString('latin1')))
    socket.on('error', fail)
    socket.on('close', () => done(answer))
  })
}

/** Sends the beginning of something and breaks off as soon as it has left; a half-closed connection waits for its end. */
function breakOff(port: number, beginning: string, way: 'reset' | 'destroy' | 'half-close'): Promise<void> {
  return new Promise((done) => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }, () => {
      socket.write(beginning, 'latin1', () => {
        if (way === 'reset') socket.resetAndDestroy()
        else if (way === 'destroy') socket.destroy()
        else socket.end()
      })
    })
    socket.on('error', () => {})
    socket.on('close', () => done())
    socket.resume()
  })
}

void test('every reply', async (t) => {
  const origin = 'https://app.example.test'
  const service = await startService(t, { yaml: { cors: { origins: [origin] } } })
  const user = await service.createUser()
  const { accessToken, cookie } = await service.signIn(user)

  await t.test('carries a request id of its own, which the log and the problem repeat', async (t) => {
    const paths = ['/', '/login', '/nowhere', '/%zz', '/api/users/me', '/oauth/token', '/.well-known/jwks.json']
    const ids = new Set<string>()
    const more = ['/health/live', '/health/ready', '/docs', '/openapi.json', '/assets/pico.min.css', '/forward-auth']
    for (const path of [...paths, ...more]) {
      const answer = await service.call(path, { headers: { 'x-request-id': 'chosen-by-the-client' } })
      const id = String(answer.headers['x-request-id'])
      t.match(id, /^[\w-]{8,}-[0-9a-z]+$/, `${path} ${answer.status}`)
      ids.add(id)
      if (answer.headers['content-type'] === 'application/problem+json') t.equal(answer.json().request_id, id, path)
    }
    t.equal(ids.size, paths.length + more.length)
    const posted = await service.call('/api/auth/login', { method: 'POST', json: {} })
    t.equal(posted.json().request_id, posted.headers['x-request-id'])
    t.match(service.logged(), `"reqId":"${posted.json().request_id}"`)
  })
  await t.test('that is a page forbids framing, scripts of others and referrers', async (t) => {
    for (const path of ['/login', '/verify-email', '/docs', '/openapi.json', '/api/users/me']) {
      const answer = await service.call(path, { headers: { cookie } })
      const policy = String(answer.headers['content-security-policy'])
      for (const directive of [
        "default-src 'none'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "script-src 'self'",
      ]) {
        t.ok(policy.split(';').includes(directive), `${path}: ${directive}`)
      }
      t.notMatch(policy, /unsafe/)
      t.match(answer.headers, {
        'x-frame-options': 'DENY',
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
      })
      t.notOk('x-powered-by' in answer.headers)
      t.notOk('strict-transport-security' in answer.headers, 'which plain http must not send')
    }
    const secure = await startService(t, { environment: { GATEHOUSE_ISSUER: 'https://auth.example.test' } })
    const page = await secure.call('/login')
    t.match(page.headers['strict-transport-security'], /^max-age=63072000/)
    t.match(page.headers['content-security-policy'], 'upgrade-insecure-requests')
    const form = await service.call('/login')
    t.notMatch(form.body, /<script(?! src="\.\/assets\/)|\son\w+=|\sstyle=/, 'nothing that runs stands in a page')
    t.equal(form.headers['cache-control'], 'no-store')
  })
  await t.test('escapes what people typed', async (t) => {
    const user = await service.createUser({ name: '"><script>alert(1)</script>' })
    const signedIn = await service.signIn(user)
    const page = await service.call('/', { headers: { cookie: signedIn.cookie } })
    t.equal(page.status, 200)
    t.notMatch(page.body, '<script')
    t.match(page.body, '&#34;&#62;&#60;script&#62;')
  })
  await t.test('to an unknown path is 404, to a wrong method 405 with what is allowed', async (t) => {
    const nowhere = await service.call('/api/nowhere?token=secret')
    const kept = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }
    t.match(nowhere.headers, { 'content-type': 'application/problem+json', ...kept })
    t.match(nowhere.json(), { type: 'about:blank', status: 404, code: 'not_found', title: String })
    t.notMatch(nowhere.body, 'secret')
    const wrong: [method: string, path: string, allow: string][] = [
      ['GET', '/api/auth/login', 'OPTIONS, POST'],
      ['PUT', '/api/users/me', 'DELETE, GET, HEAD, OPTIONS, PATCH'],
      ['GET', '/api/users/me/api-keys/01932c07-20a5-7e9c-8f5e-2b1d3a4c5e6f', 'DELETE, OPTIONS'],
      ['POST', '/assets/pico.min.css', 'GET, HEAD, OPTIONS'],
      ['POST', '/health/live', 'GET, HEAD, OPTIONS'],
      ['POST', '/.well-known/jwks.json', 'GET, HEAD, OPTIONS'],
      ['PROPFIND', '/login', 'GET, HEAD, OPTIONS, POST'],
    ]
    for (const [method, path, allow] of wrong) {
      const answer = await service.call(path, { method })
      t.equal(answer.status, 405, `${method} ${path}`)
      t.equal(answer.headers['allow'], allow)
      t.match(answer.headers, { 'content-type': 'application/problem+json', ...kept })
      t.match(answer.json(), { status: 405, code: 'method_not_allowed' })
    }
  })
  await t.test('to a wrong method or an unknown path is the same whatever body comes with it', async (t) => {
    const bodies: Call[] = [
      { body: '{"email":', headers: { 'content-type': 'application/json' } },
      { body: 'x', headers: { 'content-type': 'garbage' } },
      { body: '', headers: { 'content-type': 'application/json' } },
    ]
    for (const sent of bodies) {
      t.equal((await service.call('/health/live', { method: 'POST', ...sent })).status, 405)
      t.equal((await service.call('/oauth/token', { method: 'PUT', ...sent })).json().error, 'invalid_request')
      t.equal((await service.call('/nowhere', { method: 'POST', ...sent })).status, 404)
      const options = await service.call('/api/auth/login', { method: 'OPTIONS', ...sent })
      t.match([options.status, options.headers['allow'], options.body], [204, 'OPTIONS, POST', ''])
    }
  })
  await t.test('to OPTIONS says what a path, or the whole server, may be asked', async (t) => {
    for (const path of ['/oauth/token', '/oauth/introspect']) {
      t.match(await service.call(path, { method: 'OPTIONS' }), { status: 204, headers: { allow: 'OPTIONS, POST' } })
    }
    t.equal((await service.call('/nowhere', { method: 'OPTIONS' })).status, 404)
    const whole = await service.call('*', { method: 'OPTIONS' })
    t.equal(whole.status, 204)
    t.equal(whole.headers['allow'], 'DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT')
  })
  await t.test('to an empty body in chunks is that to no body', async (t) => {
    const empty = (path: string, type = '') =>
      `POST ${path} HTTP/1.1\r\nHost: x\r\n${type}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n`
    t.equal((await askRaw(service.port, empty('/api/auth/logout'))).status, 204)
    t.match(await askRaw(service.port, empty('/api/auth/refresh')), { status: 401, body: 'invalid_refresh_token' })
    t.match(await askRaw(service.port, empty('/oauth/token')), { status: 400, body: 'grant_type is missing' })
    const form = 'Content-Type: application/x-www-form-urlencoded\r\n'
    t.match(await askRaw(service.port, empty('/oauth/token', form)), { status: 400, body: 'grant_type is missing' })
    t.match(await askRaw(service.port, empty('/api/auth/login')), { status: 400, body: '/body' })
    const typed = (path: string) => askRaw(service.port, empty(path, 'Content-Type: text/plain\r\n'))
    t.equal((await typed('/api/auth/logout')).status, 204, 'whatever its type, where none is needed')
    t.equal((await typed('/api/auth/login')).status, 415, 'where one is needed, it is one of its type')
  })
  await t.test('to a request that names two hosts is 400, whatever it asks', async (t) => {
    for (const path of ['/health/live', '/api/users/me', '/login', '/nowhere']) {
      const twice = `GET ${path} HTTP/1.1\r\nHost: one.test\r\nHost: two.test\r\nConnection: close\r\n\r\n`
      t.equal((await askRaw(service.port, twice)).status, 400, path)
    }
    const asterisk = 'GET * HTTP/1.1\r\nHost: one.test\r\nConnection: close\r\n\r\n'
    t.equal((await askRaw(service.port, asterisk)).status, 400, 'the asterisk is for OPTIONS alone')
  })
  await t.test('to bearer tokens names their fault, and to nothing else (RFC 6750 §3.1)', async (t) => {
    const ask = async (headers: Record<string, string>, path = '/api/users/me') => {
      const answer = await service.call(path, { headers, method: path.includes('admin') ? 'POST' : 'GET' })
      return [answer.status, answer.json().code, answer.headers['www-authenticate']]
    }
    const realm = 'Bearer realm="gatehouse"'
    t.same(await ask({}), [401, 'unauthorized', realm])
    for (const authorization of ['Basic eDp5', 'Digest x', 'DPoPx y', 'Bearerx y']) {
      t.same(await ask({ authorization }), [401, 'unauthorized', realm], authorization)
    }
    t.match(await ask({ authorization: 'DPoP x.y.z' }), [
      401,
      'invalid_access_token',
      /^DPoP .*error="invalid_token", algs=/,
    ])
    t.same(await ask(bearer('x.y.z')), [401, 'invalid_access_token', `${realm}, error="invalid_token"`])
    for (const authorization of ['Bearer', 'Bearer a b', 'Bearer a,b', 'bearer é']) {
      const told = await ask({ authorization: Buffer.from(authorization).toString('latin1') })
      t.same(told, [400, 'invalid_request', `${realm}, error="invalid_request"`], authorization)
    }
    const { accessToken, cookie } = await service.signIn(await service.createUser())
    const admin = '/api/admin/access/explain'
    t.same(await ask(bearer(accessToken), admin), [403, 'forbidden', `${realm}, error="insufficient_scope"`])
    t.same(await ask({ cookie }, admin), [403, 'forbidden', undefined], 'a cookie has no scope')
    const denied = await service.call('/forward-auth', {
      headers: { ...asks({ path: '/admin/x' }), ...bearer(accessToken) },
    })
    t.match(denied, { status: 403, headers: { 'www-authenticate': `${realm}, error="insufficient_scope"` } })
    const foreign = await service.call('/forward-auth', {
      headers: { ...asks({ path: '/' }), authorization: 'Digest x' },
    })
    t.match(foreign, { status: 401, headers: { 'www-authenticate': realm } })
  })
  await t.test('to a name that is wrong points to it, escaped (RFC 6901)', async (t) => {
    const json = { email: 'ada@example.test', password: 'x', 'a/b~c': 1 }
    const answer = await service.call('/api/auth/login', { method: 'POST', json })
    t.match(answer.json().errors, [{ path: '/body/a~1b~0c' }])
  })
  await t.test('to a malformed address is a 400 of the table, with nothing internal', async (t) => {
    for (const path of ['/%zz', '/%c0%af', '/api/%']) {
      const answer = await service.call(path)
      t.equal(answer.status, 400, path)
      t.equal(answer.headers['content-type'], 'application/problem+json')
      t.match(answer.json(), { status: 400, code: 'invalid_request' })
      t.notMatch(answer.body, /FST_|stack|\/src\//)
    }
  })
  await t.test('to a body that is wrong says where, and never 500', async (t) => {
    const send = (body: string | Buffer, type = 'application/json') =>
      service.call('/api/auth/login', { method: 'POST', headers: { 'content-type': type }, body })
    const valid = { email: 'ada@example.test', password: 'guess' }
    const cases: [answer: Answer, status: number, code: string, path?: string][] = [
      [await send('{"email":'), 400, 'invalid_json'],
      [await send(''), 400, 'invalid_json'],
      [await send('null'), 400, 'invalid_request', '/body'],
      [await send('[]'), 400, 'invalid_request', '/body'],
      [await send('{}'), 400, 'invalid_request', '/body/email'],
      [await send(JSON.stringify({ ...valid, email: 12 })), 400, 'invalid_request', '/body/email'],
      [await send(JSON.stringify({ ...valid, email: [valid.email] })), 400, 'invalid_request', '/body/email'],
      [await send(JSON.stringify({ ...valid, password: null })), 400, 'invalid_request', '/body/password'],
      [await send(JSON.stringify({ ...valid, admin: true })), 400, 'invalid_request', '/body/admin'],
      [await send('{"email":"a@b.test","password":"x","__proto__":{"x":1}}'), 400, 'invalid_json'],
      [await send(Buffer.from('{"email":"\xff"}', 'latin1')), 400, 'invalid_encoding'],
      [await send(JSON.stringify({ ...valid, password: 'x'.repeat(65_536) })), 413, 'body_too_large'],
      [await send('<login/>', 'application/xml'), 415, 'unsupported_media_type'],
      [await send('{}', 'application/json garbage'), 415, 'unsupported_media_type'],
      [await send('x', 'multipart/form-data; boundary=x'), 415, 'unsupported_media_type'],
    ]
    for (const [answer, status, code, path] of cases) {
      t.match([answer.status, answer.json().code], [status, code], answer.body)
      t.equal(answer.headers['content-type'], 'application/problem+json')
      t.equal(answer.headers['cache-control'], 'no-store')
      if (path !== undefined) t.match(answer.json().errors, [{ path, message: String }])
    }
  })
  await t.test('to broken HTTP is an error, and the service lives on', async (t) => {
    t.match(await sendRaw(service.port, 'GET / HTTP/1.1\r\n\r\n'), /^HTTP\/1\.1 400 /, 'no Host')
    t.match(await sendRaw(service.port, 'NONSENSE\r\n\r\n'), /^HTTP\/1\.1 400 /)
    const withHeader = (size: number) =>
      `GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX: ${'x'.repeat(size)}\r\n\r\n`
    t.match(await sendRaw(service.port, withHeader(serviceHeaderBytes)), /^HTTP\/1\.1 431 /)
    t.match(await sendRaw(service.port, withHeader(requestHeaderBytes)), /^HTTP\/1\.1 200 /, 'what proxies let through')
    const smuggled =
      'POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'
    t.match(await sendRaw(service.port, smuggled), /^HTTP\/1\.1 400 /, 'two lengths')
    t.equal((await service.call('/health/live')).status, 200)
  })
  await t.test('is all that clients get who break off, fall silent or ask for another protocol', async (t) => {
    const { port } = service
    const login = `POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n`
    const [path, host] = ['/forward-auth', 'Host: x\r\nX-Forwarded-Host: app.example.test']
    const beginnings = [
      '',
      'GET /health/li',
      'GET /health/live HTTP/1.1\r\nHost: x\r\n',
      `${login}Content-Length: 50\r\n\r\n{"email":`,
      `${login}Content-Length: 50\r\nExpect: 100-continue\r\n\r\n`,
      `${login}Transfer-Encoding: chunked\r\n\r\n5\r\n{"em`,
      `${login}Transfer-Encoding: chunked\r\n\r\nnonsense\r\n`,
      `${login}Content-Length: 2\r\n\r\n{}${login}Content-Length: 9\r\n\r\n`,
      `GET ${path} HTTP/1.1\r\n${host}\r\n\r\n`.repeat(20),
      'GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
      'CONNECT app.example.test:443 HTTP/1.1\r\nHost: app.example.test:443\r\n\r\n',
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
    ]
    const before = service.logged().length
    const ways = ['reset', 'destroy', 'half-close'] as const
    const broken = beginnings.flatMap((beginning) => ways.map((way) => breakOff(port, beginning, way)))
    await Promise.all(broken)
    t.equal((await service.call('/health/live')).status, 200)
    t.notMatch(service.logged().slice(before), /internal_error|"level":60/)
  })
  await t.test('to who waits for 100 Continue comes without it, where the body is not read', async (t) => {
    const login = Buffer.from(JSON.stringify({ email: user.email, password: user.password }))
    const json = ['Host: x', 'Content-Type: application/json']
    const question = asks({ path: '/public/x' })
    const asked = Object.entries({ ...question, host: 'x' }).map(([name, value]) => `${name}: ${value}`)
    const cases: [line: string, headers: string[], body: Buffer, status: number, isRead: boolean][] = [
      ['POST /api/auth/login', json, login, 200, true],
      ['POST /api/auth/login', json, Buffer.from('{}'), 400, true],
      ['POST /api/auth/login', json, Buffer.alloc(65_537), 413, false],
      // Read to see whether it is empty, which no other word says.
      ['POST /api/auth/login', ['Host: x', 'Content-Type: application/xml'], login, 415, true],
      ['PATCH /api/users/me', json, Buffer.from('{"name":"Ada"}'), 401, false],
      ['POST /nowhere', json, login, 404, false],
      ['POST /forward-auth', ['Host: x'], login, 400, false],
      ['POST /forward-auth/traefik', asked, login, 200, false],
      ['PUT /forward-auth/envoy/public/x', ['Host: app.example.test', 'X-Forwarded-Proto: http'], login, 200, false],
      ['PUT /forward-auth/envoy/reports', ['Host: app.example.test', 'X-Forwarded-Proto: http'], login, 401, false],
    ]
    for (const [line, headers, body, status, isRead] of cases) {
      const answer = await sendExpecting(service.port, [`${line} HTTP/1.1`, ...headers], body)
      t.same([answer.status, answer.asked], [status, isRead], line)
      // Bytes of a body that was sent all the same must not be taken for the next request.
      if (!isRead) t.match(answer.head, /^connection: close$/im, line)
    }
  })
  await t.test(
    'to a content type without a body comes at once: nothing waits for a body that never comes',
    async (t) => {
      for (const path of ['/api/auth/login', '/oauth/token', '/login', '/nowhere', '/health/live', '/forward-auth']) {
        const head = `POST ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: `
        for (const type of ['application/json', 'application/x-www-form-urlencoded', 'text/plain']) {
          t.match(await sendRaw(service.port, `${head}${type}\r\n\r\n`), /^HTTP\/1\.1 4\d\d /, `${path} ${type}`)
        }
      }
    },
  )
  await t.test('allows browsers of listed origins alone, with credentials, and never any', async (t) => {
    const preflight = (from: string) =>
      service.call('/api/users/me', {
        method: 'OPTIONS',
        headers: { origin: from, 'access-control-request-method': 'PATCH', 'access-control-request-headers': 'x' },
      })
    const allowed = await preflight(origin)
    t.equal(allowed.status, 204)
    t.match(allowed.headers, { 'access-control-allow-origin': origin, 'access-control-allow-credentials': 'true' })
    t.match(allowed.headers['access-control-allow-methods'], 'PATCH')
    t.match(allowed.headers['vary'], /origin/i)
    const asked = await service.call('/api/users/me', { headers: { origin, ...bearer(accessToken) } })
    t.equal(asked.headers['access-control-allow-origin'], origin)
    for (const other of ['https://evil.test', 'null', `${origin}.evil.test`, 'http://app.example.test']) {
      t.notOk('access-control-allow-origin' in (await preflight(other)).headers, other)
      const answer = await service.call('/api/users/me', { headers: { origin: other, ...bearer(accessToken) } })
      t.notOk('access-control-allow-origin' in answer.headers, other)
    }
    const change = { method: 'PATCH', headers: { origin, cookie }, json: { name: 'Ada' } }
    t.equal((await service.call('/api/users/me', change)).status, 200)
  })
})

void test('a fault of ours tells nobody what it was about', async (t) => {
  const secret = 'what-no-client-may-read'
  const thrown: Record<string, Error> = {
    'an error': new Error(secret, { cause: new Error(secret) }),
    'one with a code': Object.assign(new Error(secret), { code: secret, detail: secret, hint: secret }),
    'one that knows a status of its own': Object.assign(new Error(secret), { statusCode: 500, name: secret }),
  }
  let fault: Error | undefined
  /** A store whose look-ups throw what no store should, while there is a fault. */
  const breaking = <Store extends object>(store: Store): Store =>
    new Proxy(store, {
      get(all, name, itself) {
        const one: unknown = Reflect.get(all, name, itself)
        if (typeof one !== 'function' || !String(name).startsWith('find')) return one
        return (...given: unknown[]): unknown => {
          if (fault !== undefined) return Promise.reject(fault)
          return Reflect.apply(one, all, given)
        }
      },
    })
  const [embedded] = backends
  const service = await startService(t, {
    backend: {
      name: 'embedded',
      async open(clock) {
        const opened = await embedded!.open(clock)
        const { users, sessions, clients } = opened.stores
        const broken = { users: breaking(users), sessions: breaking(sessions), clients: breaking(clients) }
        return { ...opened, stores: { ...opened.stores, ...broken } }
      },
    },
  })
  const { email, password } = await service.createUser()
  const { client_id, client_secret } = await service.operate('POST', '/clients', newClient)
  const page = await service.call('/login')
  const csrf_token = /name="csrf_token" value="([^"]+)"/.exec(page.body)![1]!
  const csrf = { cookie: `gatehouse_csrf=${page.cookies['gatehouse_csrf']}` }
  const nobodys = { cookie: `gatehouse=${'x'.repeat(43)}` }
  const client = { client_id, client_secret }
  const post = (path: string, call: Call) => () => service.call(path, { method: 'POST', ...call })
  const problem = {
    type: 'about:blank',
    title: 'Internal Server Error',
    status: 500,
    code: 'internal_error',
    detail: 'Something went wrong on our side.',
  }
  const oauth = { error: 'server_error', error_description: 'Something went wrong on our side.' }
  const doors: Record<string, [ask: () => Promise<Answer>, told: object | RegExp]> = {
    'the JSON API': [post('/api/auth/login', { json: { email, password } }), problem],
    'a guarded route': [() => service.call('/api/users/me', { headers: nobodys }), problem],
    'forward-auth': [() => service.call('/forward-auth', { headers: { ...asks({ path: '/' }), ...nobodys } }), problem],
    'the token endpoint': [post('/oauth/token', { form: { grant_type: 'client_credentials', ...client } }), oauth],
    'a page': [post('/login', { form: { csrf_token, email, password }, headers: csrf }), /<h1>This did not work</],
    'a page for who is signed in': [() => service.call('/', { headers: nobodys }), /<h1>This did not work</],
  }
  for (const [what, error] of Object.entries(thrown)) {
    fault = error
    for (const [door, [ask, told]] of Object.entries(doors)) {
      const answer = await ask()
      const { status, body, headers } = answer
      t.equal(status, 500, `${door}, ${what}`)
      t.equal(headers['cache-control'], 'no-store', door)
      t.notMatch(body + JSON.stringify(headers), secret, `${door}, ${what}`)
      if (told instanceof RegExp) t.match(body, told, door)
      else t.same({ ...answer.json(), request_id: undefined }, { ...told, request_id: undefined }, door)
    }
    const control = await service.gatehouse.control.inject({ method: 'GET', url: `/users/${email}` })
    t.equal(control.statusCode, 500)
    t.notMatch(control.body, secret)
    t.match(service.logged(), secret, 'whoever runs the service reads it in the log')
    fault = undefined
  }
})

void test('the general limit', async (t) => {
  const limits = { requests_per_minute: 20, secret_tests_per_minute: 5 }
  const service = await startService(t, { yaml: { limits, proxies: { trusted: ['127.0.0.1/32'] } } })
  const from = (address: string, path = '/login') => service.call(path, { headers: { 'x-forwarded-for': address } })

  await t.test('is one over all paths of an address, and says when it ends', async (t) => {
    const first = await from('192.0.2.1')
    t.match(first.headers, { 'ratelimit-limit': '20', 'ratelimit-remaining': '19', 'ratelimit-reset': '60' })
    for (let i = 0; i < 19; i++) t.not((await from('192.0.2.1', i % 2 ? '/' : '/openapi.json')).status, 429)
    const refused = await from('192.0.2.1', '/openapi.json')
    t.equal(refused.status, 429)
    t.match(refused.json(), { code: 'too_many_requests', status: 429 })
    t.match(refused.headers, {
      'retry-after': '60',
      'ratelimit-limit': '20',
      'ratelimit-remaining': '0',
      'ratelimit-reset': '60',
      'x-request-id': String,
    })
    t.equal((await from('192.0.2.2')).status, 200, 'another address is not affected')
    service.clock.advance(60)
    t.equal((await from('192.0.2.1')).status, 200)
  })
  await t.test('also counts what the guard refuses, so that guessing costs the guesser', async (t) => {
    const guess = (i: number) => ({ 'x-forwarded-for': '192.0.2.3', cookie: `gatehouse=guess-${i}` })
    for (let i = 0; i < 20; i++) t.equal((await service.call('/api/users/me', { headers: guess(i) })).status, 401)
    const refused = await service.call('/api/users/me', { headers: guess(20) })
    t.equal(refused.status, 429)
  })
  await t.test('counts all addresses of one IPv6 household together', async (t) => {
    for (let i = 0; i < 20; i++) await from(`2001:db8:1:2::${i.toString(16)}`)
    t.equal((await from('2001:db8:1:2:ffff::1')).status, 429)
    t.equal((await from('2001:db8:1:3::1')).status, 200)
  })
  await t.test('takes the address from a trusted proxy alone', async (t) => {
    const direct = await startService(t, { yaml: { limits, proxies: { trusted: ['192.0.2.200/32'] } } })
    let last = 0
    for (let i = 0; i < 21; i++) {
      last = (await direct.call('/login', { headers: { 'x-forwarded-for': `198.51.100.${i}` } })).status
    }
    t.equal(last, 429)
  })
  await t.test('spares what machines ask in short intervals', async (t) => {
    for (let i = 0; i < 30; i++) await from('192.0.2.9')
    for (const path of ['/health/live', '/health/ready', '/.well-known/jwks.json', '/assets/pico.min.css']) {
      t.equal((await from('192.0.2.9', path)).status, 200, path)
    }
  })
})

void test('a browser keeps a style sheet for good under the version that pages name, and asks anew under any other', async (t) => {
  const { call } = await startService(t)
  const page = await call('/login')
  const urls = [...page.body.matchAll(/<link rel="stylesheet" href="\.(\/[^"]+)"/g)].map((match) => match[1]!)
  t.match(urls, [/^\/assets\/pico\.min\.css\?v=[\w-]{12}$/, /^\/assets\/gatehouse\.css\?v=[\w-]{12}$/])
  for (const url of urls) {
    const kept = await call(url)
    t.equal(kept.status, 200)
    t.equal(kept.headers['content-type'], 'text/css; charset=utf-8')
    t.equal(kept.headers['cache-control'], 'public, max-age=31536000, immutable')
    const etag = String(kept.headers['etag'])
    const [path, version] = url.split('?v=')
    const hash = createHash('sha256').update(kept.body).digest('hex')
    t.equal(version, hash.slice(0, 12), 'the version follows from the text')
    // Of a page of another release, of a proxy's configuration that another release printed, of somebody who plays.
    for (const other of [`${path}`, `${path}?v=`, `${path}?v=abcdefghijkl`, `${url}&v=abcdefghijkl`]) {
      const passing = await call(other)
      t.equal(passing.body, kept.body, 'the present text')
      t.equal(passing.headers['cache-control'], 'public, no-cache', other)
    }
    const again = await call(url, { headers: { 'if-none-match': etag } })
    t.equal(again.status, 304)
    t.equal(again.headers['cache-control'], kept.headers['cache-control'])
  }
})
