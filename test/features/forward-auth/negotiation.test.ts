/** Who is led to the sign-in page, who gets a status, and which pages may read it. */
import { test } from 'tap'
import { asks, bearer, startService } from '../../support/service.ts'

const browserAccept = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8'

type Row = [who: string, method: string, headers: Record<string, string>]
const navigate = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }

const people: Row[] = [
  ['a navigation by its fetch metadata', 'GET', navigate],
  ['a navigation that takes anything', 'GET', { ...navigate, accept: '*/*' }],
  ['a navigation from another site', 'GET', { ...navigate, 'sec-fetch-site': 'cross-site' }],
  ['HEAD of a page', 'HEAD', { accept: browserAccept }],
  ['a browser without fetch metadata', 'GET', { accept: browserAccept }],
  ['HTML and JSON alike', 'GET', { accept: 'application/json, text/html' }],
  ['HTML in capital letters', 'GET', { accept: 'TEXT/HTML' }],
  ['HTML with another parameter', 'GET', { accept: 'text/html;level=1;q=0.4, image/png;q=0.3' }],
  ['XHTML', 'GET', { accept: 'application/xhtml+xml' }],
]

const form = { accept: browserAccept, 'content-type': 'application/x-www-form-urlencoded' }

/** What must not be sent again. */
const senders: Row[] = [
  ['a form', 'POST', navigate],
  ['a form with files', 'POST', { ...navigate, 'content-type': 'multipart/form-data; boundary=x' }],
  ['a form from another site', 'POST', { ...navigate, 'sec-fetch-site': 'cross-site' }],
  ['a navigation of a method to come', 'PUT', navigate],
  ['a navigation that takes away', 'DELETE', navigate],
  ['a navigation that changes', 'PATCH', navigate],
  ['a form of an old browser', 'POST', form],
  ['a form of text', 'POST', { ...form, 'content-type': 'Text/Plain;charset=utf-8' }],
]

const programs: Row[] = [
  ['PUT', 'PUT', { accept: 'text/html' }],
  ['DELETE', 'DELETE', { accept: 'text/html' }],
  ['a POST of nothing, which no form is', 'POST', { accept: browserAccept }],
  ['PUT of what forms send', 'PUT', form],
  ['JSON that likes a page', 'POST', { ...form, 'content-type': 'application/json' }],
  ['a type that begins like a form’s', 'POST', { ...form, 'content-type': 'text/plainer' }],
  ['curl that sends a form', 'POST', { ...form, accept: '*/*' }],
  ['fetch of a form', 'POST', { ...form, 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }],
  ['a form by XMLHttpRequest', 'POST', { ...form, 'x-requested-with': 'XMLHttpRequest' }],
  ['a beacon', 'POST', { ...form, 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'empty' }],
  ['a form in a frame', 'POST', { ...form, ...navigate, 'sec-fetch-dest': 'iframe' }],
  ['a navigation by OPTIONS', 'OPTIONS', navigate],
  ['a navigation by TRACE', 'TRACE', navigate],
  ['curl', 'GET', { accept: '*/*' }],
  ['no Accept', 'GET', {}],
  ['an empty Accept', 'GET', { accept: '' }],
  ['text of any kind', 'GET', { accept: 'text/*' }],
  ['fetch', 'GET', { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', accept: 'text/html' }],
  ['an image', 'GET', { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image', accept: 'image/*' }],
  ['a stylesheet of an old browser', 'GET', { accept: 'text/css,*/*;q=0.1' }],
  ['a frame, which the sign-in page would refuse', 'GET', { ...navigate, 'sec-fetch-dest': 'iframe' }],
  ['an embedded object', 'GET', { ...navigate, 'sec-fetch-dest': 'embed' }],
  ['a prefetched page', 'GET', { ...navigate, 'sec-purpose': 'prefetch;prerender' }],
  ['a prefetched page of an old browser', 'GET', { purpose: 'prefetch', accept: browserAccept }],
  ['XMLHttpRequest', 'GET', { 'x-requested-with': 'XMLHttpRequest', accept: browserAccept }],
  ['JSON liked better', 'GET', { accept: 'application/json, text/html;q=0.9' }],
  ['HTML refused', 'GET', { accept: 'text/html;q=0, */*' }],
  ['HTML refused in full', 'GET', { accept: 'text/html;q=0.000' }],
  ['a quality that is none', 'GET', { accept: 'text/html;q=best' }],
  ['a quality above one', 'GET', { accept: 'text/html;q=7' }],
  ['a type that only contains HTML', 'GET', { accept: 'text/html5, application/text/html' }],
  ['gRPC', 'POST', { 'content-type': 'application/grpc+proto', accept: 'text/html' }],
  ['gRPC-Web by GET', 'GET', { 'content-type': 'application/grpc-web', accept: 'text/html' }],
  ['a WebSocket by its fetch metadata', 'GET', { 'sec-fetch-mode': 'websocket', accept: browserAccept }],
  ['a WebSocket', 'GET', { upgrade: 'websocket', connection: 'upgrade', ...navigate }],
  ['OPTIONS', 'OPTIONS', { accept: 'text/html' }],
]

void test('negotiation', async (t) => {
  const service = await startService(t, {
    yaml: { cors: { origins: ['https://spa.example.net'] } },
  })
  const signedIn = await service.signIn(await service.createUser())
  const traefik = (method: string, headers: Record<string, string>, path = '/reports?a=1&b=%2F') =>
    service.call('/forward-auth/traefik', { headers: { ...asks({ path, method }), ...headers } })
  const nginx = (method: string, headers: Record<string, string>) =>
    service.call('/forward-auth/nginx', {
      headers: {
        'x-original-method': method,
        'x-original-url': 'http://app.example.test/reports?a=1&b=%2F',
        ...headers,
      },
    })
  const wayBack = `${service.issuer}/login?return_to=${encodeURIComponent('http://app.example.test/reports?a=1&b=%2F')}`

  await t.test(
    'a person looking at a page is led to the sign-in page, and back to where it was with its query',
    async (t) => {
      for (const [who, method, headers] of people) {
        const answer = await traefik(method, headers)
        t.match(answer, { status: 302, headers: { location: wayBack, 'cache-control': 'no-store' } }, who)
        t.match(await nginx(method, headers), { status: 401, headers: { location: wayBack } }, `${who}, nginx`)
      }
    },
  )

  await t.test('what a person has sent is never sent again: the way to the sign-in page is one for GET', async (t) => {
    for (const [who, method, headers] of senders) {
      const answer = await traefik(method, headers)
      const location = `${wayBack}&unsent=yes`
      t.match(answer, { status: 303, headers: { location, 'cache-control': 'no-store' } }, who)
      t.equal(answer.headers['location'], location)
      t.match(await nginx(method, headers), { status: 401, headers: { location } }, `${who}, nginx`)
      const page = await service.call(location.slice(service.issuer.length))
      t.match(page.body, /role="status">Your sign-in had ended, so what you just sent has not arrived\./)
    }
  })

  await t.test('and back to the page that the form was on, when that is one of the same host', async (t) => {
    const back = async (referer: string, method = 'POST', scheme = 'http') => {
      const target = asks({ path: '/orders/42/delete', method, scheme })
      const answer = await service.call('/forward-auth/traefik', { headers: { ...target, ...navigate, referer } })
      t.equal(answer.status, method === 'GET' ? 302 : 303)
      return new URL(String(answer.headers['location'])).searchParams.get('return_to')
    }
    t.equal(await back('http://app.example.test/orders?page=2&q=%26'), 'http://app.example.test/orders?page=2&q=%26')
    t.equal(await back('http://APP.example.test:80/orders'), 'http://app.example.test/orders')
    t.equal(await back('http://app.example.test/'), 'http://app.example.test/')
    const itself = 'http://app.example.test/orders/42/delete'
    for (const referer of [
      'http://evil.test/orders',
      'http://other.example.test/only/x',
      'https://app.example.test/orders',
      'http://app.example.test:8080/orders',
      'http://app.example.test.evil.net/',
      'http://app.example.test@evil.test/',
      'http://app.example.test/../admin',
      'http://app.example.test//evil.test',
      'http://app.example.test',
      'javascript:alert(1)',
      'about:client',
      '/orders',
      '',
    ]) {
      t.equal(await back(referer), itself, referer)
    }
    t.equal(await back('http://app.example.test/orders', 'GET'), itself, 'a page that was asked for is the way back')
  })

  await t.test('a form of somebody who may not is answered by a page', async (t) => {
    const headers = { ...asks({ path: '/admin/x', method: 'POST' }), ...bearer(signedIn.accessToken), ...navigate }
    const answer = await service.call('/forward-auth/traefik', { headers })
    t.match(answer, { status: 403, headers: { 'content-type': /^text\/html/ } })
    t.match(answer.headers, { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' })
    const program = { ...asks({ path: '/admin/x' }), ...bearer(signedIn.accessToken), accept: 'application/json' }
    const told = await service.call('/forward-auth/traefik', { headers: program })
    t.match(told, { status: 403, headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store' } })
  })

  await t.test('everything else gets 401, and no way anywhere', async (t) => {
    for (const [who, method, headers] of programs) {
      for (const answer of [await traefik(method, headers), await nginx(method, headers)]) {
        t.equal(answer.status, 401, who)
        t.equal(answer.headers['location'], undefined, who)
        t.match(answer.headers['www-authenticate'], /^Bearer realm="gatehouse", resource_metadata="[^"]+"$/, who)
        t.equal(answer.headers['cache-control'], 'no-store', who)
      }
    }
  })

  await t.test('the question about a WebSocket is answered by 200 or 401, never by switching', async (t) => {
    const upgrade = { upgrade: 'websocket', connection: 'upgrade', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' }
    t.equal((await traefik('GET', { ...upgrade, ...bearer(signedIn.accessToken) })).status, 200)
    t.equal((await traefik('GET', upgrade)).status, 401)
  })

  await t.test('a page of a known origin can read a denial, another cannot', async (t) => {
    for (const origin of ['https://spa.example.net', 'http://other.example.test', 'http://app.example.test']) {
      for (const [headers, path, status] of [
        [{}, '/reports', 401],
        [bearer(signedIn.accessToken), '/admin/x', 403],
        [{}, '/a/../b', 400],
      ] as const) {
        const denied = await traefik('GET', { origin, ...headers }, path)
        t.match(denied, { status, headers: { vary: 'Origin', 'access-control-allow-origin': origin } }, origin)
        t.equal(denied.headers['access-control-allow-credentials'], 'true')
        t.match(denied.headers['access-control-expose-headers'], /WWW-Authenticate/)
      }
    }
    for (const origin of [
      'https://evil.example.net',
      'https://app.example.test',
      'null',
      'http://app.example.test.evil.net',
    ]) {
      const denied = await traefik('GET', { origin })
      t.match(denied, { status: 401, headers: { vary: 'Origin' } }, origin)
      t.equal(denied.headers['access-control-allow-origin'], undefined, origin)
    }
    const allowed = await traefik('GET', { origin: 'https://spa.example.net', ...bearer(signedIn.accessToken) })
    t.equal(allowed.headers['access-control-allow-origin'], undefined, 'what is allowed, the application shares')
  })
})
