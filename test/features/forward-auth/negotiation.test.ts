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

const programs: Row[] = [
  ['a form', 'POST', navigate],
  ['a form of an old browser', 'POST', { accept: browserAccept }],
  ['PUT', 'PUT', { accept: 'text/html' }],
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

  await t.test('everything else gets 401, and no way anywhere', async (t) => {
    for (const [who, method, headers] of programs) {
      for (const answer of [await traefik(method, headers), await nginx(method, headers)]) {
        t.equal(answer.status, 401, who)
        t.equal(answer.headers['location'], undefined, who)
        t.equal(answer.headers['www-authenticate'], 'Bearer realm="gatehouse"', who)
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
