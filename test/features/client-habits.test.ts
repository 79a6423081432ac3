/** What clients send out of habit, and mean nothing by, changes no answer. */
import { test } from 'tap'
import { sendRaw } from '../support/raw.ts'
import { asks, bearer, newClient, startService } from '../support/service.ts'

const origin = 'https://app.example.test'
/** What clients call a body that they do not send: `fetch` an empty text, `curl -d ''` an empty form. */
const typesOfNothing = [
  ...['application/json', 'application/json; charset=utf-8', 'Application/JSON;charset=UTF8'],
  ...['application/x-www-form-urlencoded', 'text/plain;charset=UTF-8', 'application/octet-stream'],
]

interface Operation {
  requestBody?: { required?: boolean; content: Record<string, object> }
}

void test('habits of clients', async (t) => {
  const service = await startService(t, { yaml: { cors: { origins: [origin] }, proxies: { basic: true } } })
  const ada = await service.createUser({ roles: ['admin'] })
  const logIn = async () => (await service.signIn(ada)).accessToken

  await t.test('a type without a body, on every route that needs none', async (t) => {
    const { paths } = (await service.call('/openapi.json')).json() as {
      paths: Record<string, Record<string, Operation>>
    }
    const bodiless = Object.entries(paths)
      .filter(([path]) => !path.startsWith('/forward-auth'))
      .flatMap(([path, item]) =>
        Object.entries(item)
          .filter(
            ([method, { requestBody }]) =>
              ['post', 'put', 'patch', 'delete'].includes(method) && !requestBody?.required,
          )
          .map(([method]) => ({
            method: method.toUpperCase(),
            path: path.replaceAll(/\{\w+\}/g, '01890000-0000-7000-8000-000000000000'),
          })),
      )
    const named = new Set(bodiless.map(({ method, path }) => `${method} ${path}`))
    for (const route of ['POST /api/auth/refresh', 'POST /api/auth/logout']) t.ok(named.has(route), route)
    t.ok(bodiless.some(({ method }) => method === 'DELETE'))
    const ask = async ({ method, path }: { method: string; path: string }, type: string, framing: string, body = '') =>
      (
        await sendRaw(
          service.port,
          `${method} ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${await logIn()}\r\n${type}${framing}Connection: close\r\n\r\n${body}`,
        )
      ).status
    for (const route of bodiless) {
      const plain = await ask(route, '', 'Content-Length: 0\r\n')
      for (const type of typesOfNothing) {
        const typed = `Content-Type: ${type}\r\n`
        t.equal(await ask(route, typed, 'Content-Length: 0\r\n'), plain, `${route.method} ${route.path}: ${type}`)
        t.equal(await ask(route, typed, ''), plain, 'without a length')
        t.equal(await ask(route, typed, 'Transfer-Encoding: chunked\r\n', '0\r\n\r\n'), plain, 'in chunks')
      }
      t.notOk([400, 415].includes(plain), `${route.method} ${route.path}: ${plain}`)
    }
    const { cookies } = await service.call('/api/auth/login', {
      method: 'POST',
      json: { email: ada.email, password: ada.password },
    })
    const cookie = Object.entries(cookies)
      .map((pair) => pair.join('='))
      .join('; ')
    const headers = { cookie, 'content-type': 'application/json' }
    t.equal((await service.call('/api/auth/refresh', { method: 'POST', headers })).status, 200, 'a refresh by cookie')
    t.equal((await service.call('/api/auth/logout', { method: 'POST', headers })).status, 204)
    const needed = await service.call('/api/auth/login', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
    })
    t.match([needed.status, needed.json().code], [400, 'invalid_json'], 'where one is needed, it is missing')
  })

  await t.test('and on those of the operator', async (t) => {
    await service.operate('PUT', '/roles/some', { permissions: [] })
    const client = await service.operate('POST', '/clients', newClient)
    for (const [method, url, status] of [
      ['PUT', `/users/${ada.id}/roles/some`, 200],
      ['DELETE', `/users/${ada.id}/roles/some`, 200],
      ['POST', `/users/${ada.id}/unlock`, 200],
      ['POST', '/keys/rewrap', 200],
      ['POST', `/clients/${client.client_id}/secret`, 200],
      ['DELETE', '/api-keys/unknown', 404],
      ['DELETE', '/roles/unknown', 404],
      ['DELETE', '/clients/unknown', 404],
    ] as const) {
      for (const type of typesOfNothing) {
        const answer = await service.gatehouse.control.inject({ method, url, headers: { 'content-type': type } })
        t.equal(answer.statusCode, status, `${method} ${url}: ${type}`)
      }
    }
  })

  await t.test('a media type in any case and with any charset of UTF-8', async (t) => {
    const body = JSON.stringify({ email: ada.email, password: ada.password })
    for (const type of [
      'application/json; charset=UTF-8',
      'application/json;charset=utf8',
      'APPLICATION/JSON',
      'application/json ; charset="utf-8"',
    ]) {
      const answer = await service.call('/api/auth/login', { method: 'POST', headers: { 'content-type': type }, body })
      t.equal(answer.status, 200, type)
    }
    const client = await service.operate('POST', '/clients', newClient)
    const form = `grant_type=client_credentials&client_id=${client.client_id}&client_secret=${client.client_secret}`
    for (const type of ['application/x-www-form-urlencoded; charset=UTF-8', 'Application/X-WWW-Form-Urlencoded']) {
      const answer = await service.call('/oauth/token', {
        method: 'POST',
        headers: { 'content-type': type },
        body: form,
      })
      t.equal(answer.status, 200, type)
    }
  })

  await t.test('authentication schemes in any case', async (t) => {
    const client = await service.operate('POST', '/clients', newClient)
    const basic = Buffer.from(`${client.client_id}:${client.client_secret}`).toString('base64')
    const token = await logIn()
    for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
      const headers = { authorization: `${scheme} ${token}` }
      t.equal((await service.call('/api/users/me', { headers })).status, 200, scheme)
      t.equal(
        (await service.call('/forward-auth', { headers: { ...asks({ path: '/x' }), ...headers } })).status,
        200,
        scheme,
      )
    }
    for (const scheme of ['Basic', 'basic', 'BASIC']) {
      const headers = { authorization: `${scheme} ${basic}` }
      const issued = await service.call('/oauth/token', {
        method: 'POST',
        headers,
        form: { grant_type: 'client_credentials' },
      })
      t.equal(issued.status, 200, scheme)
      const introspected = await service.call('/oauth/introspect', { method: 'POST', headers, form: { token } })
      t.equal(introspected.status, 200, scheme)
      const question = { ...asks({ path: '/x', host: 'app.example.test' }), ...headers }
      t.equal((await service.call('/forward-auth', { headers: question })).status, 200, scheme)
    }
  })

  await t.test('scripts of allowed origins read limits, challenges and ids of every answer, errors too', async (t) => {
    const token = await logIn()
    const asked = [
      ['GET', '/api/users/me', 401],
      ['GET', '/nowhere', 404],
      ['DELETE', '/api/auth/login', 405],
      ['POST', '/api/auth/login', 400],
      ['POST', '/oauth/token', 400],
      ['GET', '/oauth/token', 405],
      ['POST', '/oauth/revoke', 401],
      ['GET', '/forward-auth', 401],
    ] as const
    const isReadable = (headers: Record<string, unknown>, what: string) => {
      t.equal(headers['access-control-allow-origin'], origin, what)
      const exposed = String(headers['access-control-expose-headers']).toLowerCase().split(/, */)
      for (const name of [
        'retry-after',
        'ratelimit-limit',
        'ratelimit-remaining',
        'ratelimit-reset',
        'www-authenticate',
        'x-request-id',
      ])
        t.ok(exposed.includes(name), `${what}: ${name}`)
    }
    for (const [method, path, status] of asked) {
      const headers = { origin, ...(path === '/forward-auth' && asks({ path: '/x' })) }
      const answer = await service.call(path, { method, headers })
      t.equal(answer.status, status, path)
      isReadable(answer.headers, `${method} ${path}`)
      const other = await service.call(path, { method, headers: { ...headers, origin: 'https://evil.test' } })
      t.notOk('access-control-allow-origin' in other.headers, path)
    }
    isReadable((await service.call('/api/users/me', { headers: { origin, ...bearer(token) } })).headers, 'a 200')
  })
})

void test('a limit is readable where it is met', async (t) => {
  const yaml = { cors: { origins: [origin] }, limits: { secret_tests_per_minute: 1 } }
  const service = await startService(t, { yaml })
  const headers = { origin, 'x-forwarded-for': '203.0.113.9' }
  const guess = () =>
    service.call('/api/auth/login', { method: 'POST', headers, json: { email: 'a@example.test', password: 'x' } })
  await guess()
  const limited = await guess()
  t.equal(limited.status, 429)
  t.match(limited.headers, { 'access-control-allow-origin': origin, 'retry-after': /^\d+$/, 'ratelimit-limit': '1' })
  t.match(limited.headers['access-control-expose-headers'], /Retry-After.*RateLimit-Reset/)
})
