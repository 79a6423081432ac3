/** Broken, hostile and oversized input at every route that reads JSON or a page's form: a clear 4xx, nothing created, never a 500. */
import { gzipSync } from 'node:zlib'
import { type Test, test } from 'tap'
import { backends } from '../support/backends.ts'
import { type Answer, bearer, type Call, newClient, startService } from '../support/service.ts'

const json = (text: string | Buffer): Call => ({ body: text, headers: { 'content-type': 'application/json' } })
const password = 'a horse, a battery and a staple'

/** Each JSON route with a body that it would accept. */
const jsonRoutes: Record<string, { method: string; body: Record<string, unknown>; optional?: string[] }> = {
  '/api/auth/register': { method: 'POST', body: { name: 'Eve', email: 'eve@example.test', password } },
  '/api/auth/verify-email': { method: 'POST', body: { token: 'unknown' } },
  '/api/auth/login': {
    method: 'POST',
    body: { email: 'eve@example.test', password, token_delivery: 'body' },
    optional: ['token_delivery'],
  },
  '/api/auth/refresh': { method: 'POST', body: { refresh_token: 'unknown' }, optional: ['refresh_token'] },
  '/api/auth/step-up': { method: 'POST', body: { password } },
  '/api/users/me': { method: 'PATCH', body: { name: 'Eve' }, optional: ['name'] },
}
const signedInRoutes = new Set(['/api/auth/step-up', '/api/users/me'])
const pageForms = ['/login', '/logout', '/verify-email', '/step-up']

for (const backend of backends) {
  void test(`bad input on ${backend.name} stores`, async (t) => {
    const service = await startService(t, { backend })
    const ada = await service.createUser()
    const { accessToken, cookie } = await service.signIn(ada)
    const put = (path: string, call: Call) =>
      service.call(path, {
        method: jsonRoutes[path]?.method ?? 'POST',
        ...call,
        headers: { ...(signedInRoutes.has(path) && bearer(accessToken)), ...call.headers },
      })

    /** A refusal in the JSON API's words. */
    function isProblem(t: Test, answer: Answer, status: number, code: string, what: string): void {
      const { 'content-type': type, 'cache-control': cached } = answer.headers
      const told = type === 'application/problem+json' ? answer.json() : {}
      t.same(
        { status: answer.status, type, code: told.code, told: told.status, named: Boolean(told.request_id), cached },
        { status, type: 'application/problem+json', code, told: status, named: true, cached: 'no-store' },
        what,
      )
    }
    function names(t: Test, answer: Answer, path: string, what: string): void {
      isProblem(t, answer, 400, 'invalid_request', what)
      const errors: { path: string; message: string }[] = answer.json().errors ?? []
      t.ok(
        errors.some((error) => error.path === path && error.message !== ''),
        `${what} names ${path}: ${JSON.stringify(errors)}`,
      )
    }

    for (const [path, { body, optional = [] }] of Object.entries(jsonRoutes)) {
      const [first = ''] = Object.keys(body)

      await t.test(`${path}: what is no JSON is invalid_json`, async (t) => {
        for (const text of ['{"name":', '{]', "{'name':'x'}", 'NaN', 'undefined', '{"a":1}{', '[1,]', '\u0000', '']) {
          // Nothing at all is a body to no route but this one, which may take its token from a cookie.
          if (path === '/api/auth/refresh' && text === '') continue
          isProblem(t, await put(path, json(text)), 400, 'invalid_json', JSON.stringify(text))
        }
        const nested = json('['.repeat(30_000))
        isProblem(t, await put(path, nested), 400, 'invalid_json', 'thirty thousand brackets')
      })
      await t.test(`${path}: JSON that would reach a prototype is refused`, async (t) => {
        for (const poison of ['"__proto__":{"x":1}', '"constructor":{"prototype":{"x":1}}', '"\\u005f_proto__":{}']) {
          const text = `{${poison},${JSON.stringify(body).slice(1)}`
          const answer = await put(path, json(text))
          t.equal(answer.status, 400, poison)
          t.match(answer.json().code, /^invalid_(json|request)$/)
        }
        t.notOk('x' in {})
      })
      await t.test(`${path}: a body that is no object is refused at its root`, async (t) => {
        for (const text of ['null', '[]', '"text"', '5', 'true', '[{}]']) {
          // A refresh may come without a body, by cookie.
          if (path === '/api/auth/refresh' && text === 'null') continue
          names(t, await put(path, json(text)), '/body', text)
        }
      })
      await t.test(`${path}: a field of another type, of none, or unknown is named`, async (t) => {
        for (const field of Object.keys(body)) {
          for (const value of [12, null, true, ['x'], {}, 0.5, [], { toString: 'x' }]) {
            const what = `${field}: ${JSON.stringify(value)}`
            names(t, await put(path, { json: { ...body, [field]: value } }), `/body/${field}`, what)
          }
          if (optional.includes(field)) continue
          const { [field]: _, ...rest } = body
          names(t, await put(path, { json: rest }), `/body/${field}`, `without ${field}`)
        }
        for (const field of ['surprise', 'id', 'roles', 'email_verified', 'status', '', 'Name']) {
          names(t, await put(path, { json: { ...body, [field]: 'x' } }), `/body/${field}`, `unknown ${field}`)
        }
      })
      await t.test(`${path}: a field that is sent twice is named, in whatever spelling`, async (t) => {
        const rest = JSON.stringify(body).slice(1)
        const escaped = [...first].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')
        for (const name of [first, escaped]) {
          names(t, await put(path, json(`{ "${name}" : "first", ${rest}`)), `/body/${first}`, name)
        }
        const nested = `{"surprise":[{},{"a":["}:\\"",{"b":1}],"x/y":{"b":1,"c":{"b":2},"b":3}}],${rest}`
        names(t, await put(path, json(nested)), '/body/surprise/1/x~1y/b', 'far inside')
        const once = `{"surprise":[{"a":1},{"a":1}],"more":{"a":"a","b":{"a":["a","a"]}},${rest}`
        names(t, await put(path, json(once)), '/body/surprise', 'the same name in different objects is no repetition')
      })
      await t.test(`${path}: bytes that are no UTF-8 are invalid_encoding`, async (t) => {
        for (const bytes of [[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xc3]]) {
          const text = Buffer.concat([Buffer.from(`{"${first}":"`), Buffer.from(bytes), Buffer.from('"}')])
          isProblem(t, await put(path, json(text)), 400, 'invalid_encoding', Buffer.from(bytes).toString('hex'))
        }
        const utf16 = Buffer.from(JSON.stringify(body), 'utf16le')
        t.equal((await put(path, json(utf16))).status, 400, 'UTF-16')
      })
      await t.test(`${path}: a compressed body is unsupported, and the answer says so`, async (t) => {
        for (const coding of ['gzip', 'BR', 'identity, gzip']) {
          const headers = { 'content-type': 'application/json', 'content-encoding': coding }
          const answer = await put(path, { body: gzipSync(JSON.stringify(body)), headers })
          isProblem(t, answer, 415, 'unsupported_media_type', coding)
          t.match(answer.json().detail, 'without Content-Encoding')
        }
        const headers = { 'content-type': 'application/json', 'content-encoding': 'Identity' }
        names(t, await put(path, { body: '[]', headers }), '/body', 'as it is')
      })
      await t.test(`${path}: a megabyte is too much`, async (t) => {
        const text = JSON.stringify({ ...body, [first]: 'x'.repeat(1024 * 1024) })
        isProblem(t, await put(path, json(text)), 413, 'body_too_large', 'one field')
      })
      await t.test(`${path}: another content type is unsupported, however it begins`, async (t) => {
        const text = JSON.stringify(body)
        for (const type of [
          'application/json garbage',
          'application/jsonx',
          'application/json-patch+json',
          'application/json, text/plain',
          'text/plain',
          'text/json',
          'multipart/form-data; boundary=x',
          'garbage',
          '; charset=utf-8',
        ]) {
          const answer = await put(path, { body: text, headers: { 'content-type': type } })
          isProblem(t, answer, 415, 'unsupported_media_type', type)
        }
      })
      await t.test(`${path}: a form, which any page can send anywhere, is not read as JSON`, async (t) => {
        const answer = await put(path, { form: body as Record<string, string> })
        isProblem(t, answer, 415, 'unsupported_media_type', 'a form')
      })
      await t.test(`${path}: no body at all is a clear refusal`, async (t) => {
        const answer = await put(path, {})
        t.equal(answer.status, path === '/api/auth/refresh' ? 401 : 400)
        t.match(answer.json().code, /^invalid_(request|refresh_token)$/)
      })
    }

    await t.test('text that no person types is refused in names and addresses, and named', async (t) => {
      const controls = ['\u0000', 'a\u0000b', 'a\nb', 'a\r\nBcc: x@example.test', '\u001b[2J', 'a\u007f']
      const broken = ['\ud800', 'a\udfffb', '\udc00\ud800']
      for (const text of [...controls, ...broken]) {
        const what = JSON.stringify(text)
        const registration = jsonRoutes['/api/auth/register']!.body
        names(t, await put('/api/auth/register', { json: { ...registration, name: text } }), '/body/name', what)
        names(t, await put('/api/users/me', { json: { name: text } }), '/body/name', what)
        for (const email of [`${text}@example.test`, `a@${text}.test`, `a@example.test${text}`]) {
          names(t, await put('/api/auth/register', { json: { ...registration, email } }), '/body/email', email)
          names(t, await put('/api/auth/login', { json: { email, password } }), '/body/email', email)
        }
      }
      for (const email of [
        '',
        'a b',
        '@',
        'a@',
        'a@b',
        'a b@example.test',
        `${'a'.repeat(250)}@example.test`,
        'ⓐ@example.test',
      ]) {
        names(t, await put('/api/auth/login', { json: { email, password } }), '/body/email', email)
      }
      const unseen = [' ', '\u00a0', '\u200b', '\u3164', '\u{e0041}', 'a\ufffd', 'a\ufffe', '\u{10ffff}a']
      for (const name of ['', 'x'.repeat(201), ...unseen]) {
        names(t, await put('/api/users/me', { json: { name } }), '/body/name', JSON.stringify(name))
        const key = { json: { name, scopes: [] }, headers: bearer(accessToken) }
        names(t, await put('/api/users/me/api-keys', key), '/body/name', JSON.stringify(name))
      }
    })

    await t.test('page forms refuse broken bodies without a fault', async (t) => {
      for (const path of pageForms) {
        for (const form of ['%', 'csrf_token=%ff', 'csrf_token=a&csrf_token=b', '&&&=', '__proto__=x', '']) {
          const answer = await put(path, { form })
          t.ok([400, 403].includes(answer.status), `${path} ${form}: ${answer.status}`)
        }
        t.ok([400, 403].includes((await put(path, {})).status), `${path} without a body`)
        t.equal((await put(path, { form: `x=${'x'.repeat(1024 * 1024)}` })).status, 413, path)
        t.equal((await put(path, { body: 'x', headers: { 'content-type': 'text/plain' } })).status, 415, path)
        const coded = { 'content-type': 'application/x-www-form-urlencoded', 'content-encoding': 'gzip' }
        t.equal((await put(path, { body: gzipSync('x=y'), headers: coded })).status, 415, path)
      }
    })
    await t.test('the sign-in form takes any bytes for an address or password as a wrong one', async (t) => {
      const page = await service.call('/login')
      const csrf_token = /name="csrf_token" value="([^"]+)"/.exec(page.body)![1]!
      const browser = { cookie: `gatehouse_csrf=${page.cookies['gatehouse_csrf']}` }
      for (const text of ['\u0000', 'a\u0000@example.test', '\n', '\u202e', 'x'.repeat(60_000), "' or 1=1 --", '']) {
        const what = JSON.stringify(text.slice(0, 20))
        const byAddress = await put('/login', { form: { csrf_token, email: text, password }, headers: browser })
        t.equal(byAddress.status, 422, `address ${what}`)
        const byPassword = await put('/login', {
          form: { csrf_token, email: ada.email, password: text },
          headers: browser,
        })
        t.match(byPassword.status, /^4(22|29)$/, `password ${what}`)
      }
    })
    await t.test('paths and queries that are no URL are refused as problems', async (t) => {
      for (const path of ['/api/%zz', '/%', '/api/users/%c0%af', '/login%00', '//', '/%2e%2e/x']) {
        const answer = await service.call(path)
        const code = answer.status === 400 ? 'invalid_request' : 'not_found'
        isProblem(t, answer, code === 'not_found' ? 404 : 400, code, path)
      }
      const twice = await service.call('/login?return_to=a&return_to=b')
      t.equal(twice.status, 400)
    })
    await t.test('what is no id names nothing, on every route that takes one', async (t) => {
      const { paths } = (await service.call('/openapi.json')).json<{ paths: Record<string, Record<string, unknown>> }>()
      const unknown = '01932c07-20a5-7e9c-8f5e-2b1d3a4c5e6f'
      const odd = [
        ...['x', '0', '-1', 'null', 'undefined', '*', ';', '%00', `${unknown}%00`, '%20', '%0a', `${unknown}%0a`],
        ...[unknown.slice(1), `${unknown}0`, unknown.replaceAll('-', ''), `{${unknown}}`, `urn:uuid:${unknown}`],
        ...[unknown, unknown.toUpperCase(), '%F0%9F%94%91', "'%20or%201=1%20--", 'x'.repeat(256), 'x'.repeat(5_000)],
      ]
      let tried = 0
      const admin = await service.signIn(await service.createUser({ email: 'root@example.test', roles: ['admin'] }))
      for (const [path, operations] of Object.entries(paths)) {
        // What stands behind /forward-auth/envoy is the target of the question.
        if (!path.includes('{') || path.startsWith('/forward-auth/')) continue

        for (const method of Object.keys(operations).map((name) => name.toUpperCase())) {
          // What changes something is told what; without that nothing is looked for.
          const told = { PATCH: { json: { name: 'Another' } }, POST: { form: { logout_token: 'none' } } }
          const change = !path.startsWith('/api/admin/') && told[method as keyof typeof told]
          for (const id of odd) {
            const url = path.replaceAll(/\{\w+\}/g, id)
            const about = `${method} ${url.slice(0, 100)}`
            tried++
            if (path.startsWith('/oauth/')) {
              // Whoever has no token of a program is not told whether it is there.
              if (id.length > 1_000) continue // There is no such route.
              const { status, body } = await service.call(url, { method, headers: bearer(accessToken) })
              const answer = [status, JSON.parse(body).error ?? JSON.parse(body).code].join()
              t.match(answer, /^(401,invalid_token|400,invalid_request|404,not_found)$/, about)
              continue
            }
            if (!path.startsWith('/api/admin/')) {
              const answer = await service.call(url, { method, headers: bearer(accessToken), ...change })
              isProblem(t, answer, 404, 'not_found', about)
              continue
            }
            // Whoever may not is told so, whatever there is; to administrators a name may also have a wrong form.
            const refused = await service.call(url, { method, headers: bearer(accessToken) })
            t.match([refused.status, refused.json().code].join(), /^(403,forbidden|404,not_found)$/, about)
            const answer = await service.call(url, { method, headers: bearer(admin.accessToken) })
            t.match([answer.status, answer.json().code].join(), /^(404,not_found|400,invalid_request)$/, about)
          }
        }
      }
      t.ok(tried >= odd.length)
      for (const id of odd.filter((id) => id.length < 300)) {
        await t.rejects(service.operate('DELETE', `/api-keys/${id}`), /: 404 /, `an operator, ${id}`)
      }
      for (const query of [
        `cursor=urn:uuid:${unknown}`,
        'since=2016-12-31T23:59:60Z',
        `since=0000-01-01T00:00:00%2B01:00`,
        'user=x%00',
        'user=x&user=y',
        'surprise=1',
      ]) {
        await t.rejects(service.operate('GET', `/audit?${query}`), /: 4\d\d /, query)
      }
    })
    await t.test('an operator is told in words what is wrong, and where', async (t) => {
      const named = { email: 'eve@example.test', name: 'Eve', roles: [] }
      const wrong: (readonly [method: 'GET' | 'POST' | 'PUT', path: string, fault: RegExp, body?: object])[] = [
        ['POST', '/users', /body\/name","message":"must be text that people can read/, { ...named, name: 'a\u001b' }],
        ['POST', '/users', /body\/roles\/0","message":"must be a name of at most 100 /, { ...named, roles: ['ü'] }],
        ['PUT', '/roles/%C3%BC', /params\/name","message":"must be a name of at most 100 /, { permissions: [] }],
        ['GET', '/users/%1b', /params\/user","message":"must be text that people can read/],
        ['GET', '/audit?event=x', /querystring\/event","message":"must be one of administration\.refused, /],
        ...['users', 'invitations', 'api-keys', 'audit', 'mails', 'sessions'].map(
          (list) =>
            [
              'GET',
              `/${list}?cursor=x`,
              /querystring\/cursor","message":"must be the `next_cursor` of a page/,
            ] as const,
        ),
        ['GET', '/roles?cursor=%C3%BC', /querystring\/cursor","message":"must be a name of at most 100 /],
        ['GET', '/clients?cursor=%1b', /querystring\/cursor","message":"must be text that people can read/],
        ['GET', '/users?limit=1001', /querystring\/limit","message":"must be <= 1000/],
        ['GET', '/audit?user=reports-job', /There is no such user/],
        ['GET', '/audit?user=reports%20job', /which must be an email address or a user name/],
        [
          'POST',
          '/access/explain',
          /preflight_for","message":"must be a method such as DELETE/,
          { url: 'http://a.test/', preflight_for: 'x' },
        ],
        ['GET', '/probes/x', /params\/id","message":"has not the form that it needs/],
        ['GET', '/audit?since=x', /querystring\/since","message":"must be a time such as /],
        ['GET', '/api-keys?surprise=1', /querystring\/surprise","message":"there is no such field/],
        ['GET', '/api-keys?user=a&user=b', /querystring\/user","message":"must be string/],
        ['GET', '/api-keys?user=a&client=b', /querystring\/client","message":"must not be named beside a user/],
      ]
      for (const [method, path, fault, body] of wrong) {
        await t.rejects(service.operate(method, path, body), { message: fault }, `${method} ${path}`)
      }
      const hostile = [
        'javascript:alert(1)',
        'data:text/html,x',
        'file:///x',
        '//a.test',
        'https://a.test/ b',
        'https://a.test/\u202e',
      ]
      for (const uri of hostile) {
        const client = { ...newClient, redirect_uris: ['https://a.test/callback', uri] }
        const fault = { message: /redirect_uris","message":"must be absolute/ }
        await t.rejects(service.operate('POST', '/clients', client), fault, uri)
      }
      const uris = ['https://a.test/callback', 'http://127.0.0.1:8080/x?y=z', 'com.example.app:/callback']
      await service.operate('POST', '/clients', { ...newClient, redirect_uris: uris })
      const twice = { ...named, email: 'twice@example.test', roles: ['admin', 'admin'] }
      const { id, roles } = await service.operate('POST', '/users', twice)
      t.same(roles, ['admin'], 'what is named twice is there once')
      await service.operate('PUT', `/users/${id}/status`, { status: 'disabled' })
    })
    await t.test('a header that is a list costs what its length costs, in whichever way it is written', async (t) => {
      const filled = (part: string, end = '') => part.repeat(15_000 / part.length) + end
      const lists = {
        'accept-language': [filled('*,', 'en;q=0,de;q=0'), filled('x-y-z;q=0.1,')],
        accept: [filled('*/*;q=0.1,'), filled('text/html;q=0,'), filled(';')],
        cookie: [filled('gatehouse=a; '), filled(';')],
        'if-none-match': [filled('"a", ')],
      }
      for (const [name, values] of Object.entries(lists)) {
        for (const value of values) {
          const began = performance.now()
          const { status } = await service.call('/login', { headers: { accept: 'text/html', [name]: value } })
          t.equal(status, 200, `${name}: ${value.slice(0, 20)}`)
          // What asks about each part once more for each of them takes minutes.
          t.ok(performance.now() - began < 10_000, `${name} is read in time`)
        }
      }
    })
    await t.test('nothing was created or changed by any of it', async (t) => {
      const told = (await service.mails()).filter((mail) => !mail.includes('Subject: A new sign-in'))
      t.same(told, [])
      const users = await service.list<{ email: string; name: string }>('/users')
      t.same(
        new Set(users.map(({ email, name }) => `${email} ${name}`)),
        new Set(['root@example.test Ada Lovelace', 'twice@example.test Eve', `${ada.email} Ada Lovelace`]),
      )
      t.equal((await service.call('/api/users/me', { headers: { cookie } })).status, 200)
      t.notMatch(service.logged(), /"code":"internal_error"/)
    })
  })
}
