/** Cookies and other sites: tossed cookies, forged requests, CORS, and the attributes that browsers enforce. */
import { test } from 'tap'
import { type Answer, asks, bearer, type Service, startService, type TestUser } from '../support/service.ts'

type Headers = Record<string, string | string[]>

const listed = 'https://spa.example.test'
const yaml = { cors: { origins: [listed] } }

/** What a browser says when another site makes it send a request. */
const foreign: Record<string, Record<string, string>> = {
  'another origin': { origin: 'https://evil.test' },
  'an opaque origin': { origin: 'null' },
  'an opaque origin, cross-site': { origin: 'null', 'sec-fetch-site': 'cross-site' },
  'our host on another scheme': { origin: 'https://auth.example.test' },
  'our host on another port': { origin: 'http://auth.example.test:8080' },
  'a host that begins like ours': { origin: 'http://auth.example.test.evil.net' },
  'a host below a listed one': { origin: 'https://x.spa.example.test' },
  'a sibling host': { origin: 'http://app.example.test' },
  'an origin with a path': { origin: 'http://auth.example.test/' },
  'two origins': { origin: 'http://auth.example.test, https://evil.test' },
  'Sec-Fetch-Site cross-site': { 'sec-fetch-site': 'cross-site' },
  'Sec-Fetch-Site same-site, from a sibling host': { 'sec-fetch-site': 'same-site' },
  'Sec-Fetch-Site same-origin, but another origin': { 'sec-fetch-site': 'same-origin', origin: 'https://evil.test' },
}
const friendly: Record<string, Record<string, string>> = {
  'our own pages': { origin: 'http://auth.example.test', 'sec-fetch-site': 'same-origin' },
  'a listed origin': { origin: listed, 'sec-fetch-site': 'cross-site' },
  'no browser': {},
}

/** Signs in as a browser does: the refresh token arrives as a cookie. */
async function browserOf(service: Service, user: TestUser) {
  const json = { email: user.email, password: user.password }
  const { cookies } = await service.call('/api/auth/login', { method: 'POST', json })
  return Object.entries(cookies)
    .map(([name, value]) => `${name}=${value}`)
    .join('; ')
}

/** Opens the sign-in page: its token, and the cookie that goes with it. */
async function openForm(service: Service, name = 'gatehouse_csrf') {
  return readForm(await service.call('/login'), name)
}
function readForm(page: Answer, name = 'gatehouse_csrf') {
  const token = /name="csrf_token" value="([^"]+)"/.exec(page.body)![1]!
  return { token, cookie: `${name}=${page.cookies[name]}` }
}

const setCookies = (answer: Answer) => [answer.headers['set-cookie'] ?? []].flat()

void test('requests that another site forges', async (t) => {
  const service = await startService(t, { yaml })
  const ada = await service.createUser()
  const cookie = await browserOf(service, ada)
  const isAlive = async () => (await service.call('/api/users/me', { headers: { cookie } })).status === 200
  const isRefused = (answer: Answer) =>
    answer.status === 403 &&
    (String(answer.headers['content-type']).startsWith('text/html') || answer.json().code === 'cross_site_request')
  const { token: csrf_token, cookie: csrfCookie } = await openForm(service)
  const credentials = { email: ada.email, password: ada.password }

  const forged: Record<string, (headers: Headers) => Promise<Answer>> = {
    'PATCH /api/users/me': (headers) =>
      service.call('/api/users/me', { method: 'PATCH', json: { name: 'Mallory' }, headers: { cookie, ...headers } }),
    'POST /api/auth/refresh': (headers) =>
      service.call('/api/auth/refresh', { method: 'POST', headers: { cookie, ...headers } }),
    'POST /api/auth/logout': (headers) =>
      service.call('/api/auth/logout', { method: 'POST', headers: { cookie, ...headers } }),
    'POST /api/auth/logout, the refresh cookie alone': (headers) => {
      const refresh = cookie.split('; ').find((one) => one.startsWith('gatehouse_refresh='))!
      return service.call('/api/auth/logout', { method: 'POST', headers: { cookie: refresh, ...headers } })
    },
    'POST /api/auth/login': (headers) =>
      service.call('/api/auth/login', { method: 'POST', json: credentials, headers }),
    'POST /login': (headers) =>
      service.call('/login', {
        method: 'POST',
        form: { ...credentials, csrf_token },
        headers: { cookie: csrfCookie, ...headers },
      }),
    'POST /logout': (headers) =>
      service.call('/logout', {
        method: 'POST',
        form: { csrf_token },
        headers: { cookie: `${csrfCookie}; ${cookie}`, ...headers },
      }),
    'POST /api/auth/step-up': (headers) => {
      const json = { password: ada.password }
      return service.call('/api/auth/step-up', { method: 'POST', json, headers: { cookie, ...headers } })
    },
    'POST /api/users/me/api-keys': (headers) => {
      const json = { name: 'Job', scopes: [] }
      return service.call('/api/users/me/api-keys', { method: 'POST', json, headers: { cookie, ...headers } })
    },
    'POST /step-up': (headers) =>
      service.call('/step-up', {
        method: 'POST',
        form: { csrf_token, password: ada.password },
        headers: { cookie: `${csrfCookie}; ${cookie}`, ...headers },
      }),
    'POST /verify-email': (headers) =>
      service.call('/verify-email', {
        method: 'POST',
        form: { csrf_token, token: 'x' },
        headers: { cookie: csrfCookie, ...headers },
      }),
  }
  for (const [call, send] of Object.entries(forged)) {
    await t.test(`${call} with the victim’s cookies is refused and does nothing`, async (t) => {
      for (const [name, headers] of Object.entries(foreign)) {
        // What something hides the origin of may be a form of ours; the cookie is what proves it then.
        if (name === 'an opaque origin' && !call.includes('/api/')) continue
        const answer = await send(headers)
        t.ok(isRefused(answer), `${name}: ${answer.status} ${answer.body}`)
        t.same(answer.cookies, {}, name)
      }
      t.ok(await isAlive())
    })
  }
  await t.test('the same calls from our pages, a listed origin, or no browser at all do their work', async (t) => {
    for (const [name, headers] of Object.entries(friendly)) {
      for (const call of ['PATCH /api/users/me', 'POST /api/auth/refresh', 'POST /api/auth/login']) {
        t.equal((await forged[call]!(headers)).status, 200, `${call} from ${name}`)
      }
    }
  })
  await t.test('bearer tokens need no such proof: no browser adds them by itself', async (t) => {
    const { accessToken } = await service.signIn(ada)
    const headers = { ...bearer(accessToken), ...foreign['another origin'] }
    t.equal((await service.call('/api/users/me', { method: 'PATCH', json: { name: 'Ada' }, headers })).status, 200)
  })
  await t.test('a form without the token of this browser signs nobody in (login CSRF)', async (t) => {
    const mallory = await openForm(service)
    const tries: Record<string, [form: Record<string, string>, headers: Headers]> = {
      'no token': [{}, { cookie: csrfCookie }],
      'an empty token': [{ csrf_token: '' }, { cookie: csrfCookie }],
      'a wrong token': [{ csrf_token: 'x'.repeat(43) }, { cookie: csrfCookie }],
      'another browser’s token': [{ csrf_token: mallory.token }, { cookie: csrfCookie }],
      'a token without its cookie': [{ csrf_token }, {}],
      'the cookie’s own value': [{ csrf_token: csrfCookie.split('=')[1]! }, { cookie: csrfCookie }],
      'a cookie tossed before ours': [{ csrf_token: mallory.token }, { cookie: `${mallory.cookie}; ${csrfCookie}` }],
      'a cookie tossed behind ours': [{ csrf_token: mallory.token }, { cookie: `${csrfCookie}; ${mallory.cookie}` }],
    }
    for (const [name, [form, headers]] of Object.entries(tries)) {
      for (const path of ['/login', '/logout', '/verify-email', '/step-up']) {
        const answer = await service.call(path, { method: 'POST', form: { ...credentials, ...form }, headers })
        t.ok(isRefused(answer), `${path} with ${name}: ${answer.status}`)
        t.notOk('gatehouse' in answer.cookies, name)
      }
    }
    const good = await service.call('/login', {
      method: 'POST',
      form: { ...credentials, csrf_token },
      headers: { cookie: csrfCookie },
    })
    t.equal(good.status, 303)
  })
  await t.test('a good token that anybody can get signs nobody in from another site', async (t) => {
    const { token } = await openForm(service)
    const send = (headers: Headers) =>
      service.call('/login', { method: 'POST', form: { ...credentials, csrf_token: token }, headers })
    // Also with a cookie of ours in the browser, and where it says nothing, or no more than that a person did something.
    const unsaid = { 'no word': {}, 'no origin': { origin: 'null' }, 'a person’s doing': { 'sec-fetch-site': 'none' } }
    for (const [name, headers] of Object.entries({ ...foreign, ...unsaid, 'a listed origin': { origin: listed } })) {
      for (const cookies of [{}, { cookie: csrfCookie }, { cookie: `${csrfCookie}; ${cookie}` }]) {
        const answer = await send({ ...headers, ...cookies })
        t.equal(answer.status, 403, name)
        t.notOk('gatehouse' in answer.cookies, name)
        t.match(answer.headers['content-type'], /^text\/html/)
      }
    }
    t.equal((await send({ origin: service.issuer })).status, 303)
  })
  await t.test('a browser that says nothing is asked again, and shows its cookie then', async (t) => {
    const { token } = await openForm(service)
    const post = (csrf_token: string, headers: Headers = {}) =>
      service.call('/login', { method: 'POST', form: { ...credentials, csrf_token }, headers })
    const again = await post(token)
    t.equal(again.status, 403)
    t.match(again.body, ada.email)
    const { token: fresh, cookie } = readForm(again)
    const good = await post(fresh, { cookie })
    t.equal(good.status, 303)
    t.ok('gatehouse' in good.cookies)
  })
  await t.test('a session cookie planted before sign-in is not the one after it', async (t) => {
    const planted = 'gatehouse=planted-by-mallory'
    const answer = await service.call('/api/auth/login', {
      method: 'POST',
      json: credentials,
      headers: { cookie: planted },
    })
    t.match(answer.cookies['gatehouse'], /^[\w-]{43}$/)
    t.equal((await service.call('/api/users/me', { headers: { cookie: planted } })).status, 401)
  })
})

void test('the service under other names than the issuer’s', async (t) => {
  const service = await startService(t, { yaml })
  const ada = await service.createUser()
  const cookie = await browserOf(service, ada)
  const credentials = { email: ada.email, password: ada.password }
  const rename = (headers: Headers) =>
    service.call('/api/users/me', { method: 'PATCH', json: { name: 'Ada' }, headers: { cookie, ...headers } })
  const logIn = (headers: Headers) => service.call('/api/auth/login', { method: 'POST', json: credentials, headers })
  const submit = async (headers: Headers) => {
    const { token } = await openForm(service)
    return service.call('/login', { method: 'POST', form: { ...credentials, csrf_token: token }, headers })
  }
  const sent = async (headers: Headers) => [
    (await rename(headers)).status,
    (await logIn(headers)).status,
    (await submit(headers)).status,
  ]
  const own = { 'sec-fetch-site': 'same-origin' }
  const names: Record<string, Headers> = {
    'an address': { origin: service.url },
    'a name inside the network': { host: 'gatehouse.internal:3000', origin: 'http://gatehouse.internal:3000' },
    'a name whose TLS ends at the proxy': { host: 'login.example.test', origin: 'https://login.example.test' },
    'an IPv6 address': { host: '[::1]:3000', origin: 'http://[::1]:3000' },
    'a name that the proxy tells': { origin: 'https://login.example.test', 'x-forwarded-host': 'login.example.test' },
  }
  for (const [name, headers] of Object.entries(names)) {
    await t.test(`the browser’s word that a page is ours counts under ${name}`, async (t) => {
      t.same(await sent({ ...headers, ...own }), [200, 200, 303])
    })
    await t.test(`without that word nobody’s page counts under ${name}`, async (t) => {
      const words = ['cross-site', 'same-site', 'none', 'same-origin, same-origin', 'Same-Origin', '']
      for (const site of words) {
        t.same(await sent({ ...headers, 'sec-fetch-site': site }), [403, 403, 403], site)
      }
      t.same(await sent(headers), [403, 403, 403], 'no word at all')
    })
  }
  await t.test('the word of a browser counts for no other name than the one that was asked', async (t) => {
    const { host: asked } = new URL(service.url)
    for (const origin of [
      'https://evil.test',
      `http://${asked}.evil.test`,
      `http://evil.test@${asked}`,
      `http://${asked}/`,
      `file://${asked}`,
      `http://${asked}, https://evil.test`,
      'http://',
    ]) {
      t.same(await sent({ origin, ...own }), [403, 403, 403], origin)
    }
  })
})

void test('tossed, broken and oversized cookies', async (t) => {
  const service = await startService(t)
  const ada = await service.createUser()
  const good = (await service.signIn(ada)).cookie
  const mallory = (await service.signIn(await service.createUser())).cookie
  const value = good.slice('gatehouse='.length)

  const bad: Record<string, string | string[]> = {
    'two session cookies': `${good}; ${mallory}`,
    'two session cookies, the other way round': `${mallory}; ${good}`,
    'two Cookie headers': [mallory, good],
    'a fifth behind four that are nobody’s': `${['a', 'b', 'c', 'd'].map((x) => `gatehouse=${x}`).join('; ')}; ${good}`,
    'truncated by one character': good.slice(0, -1),
    'one character longer': `${good}x`,
    'in double quotes': `gatehouse="${value}"`,
    'percent-encoded': `gatehouse=%${value.charCodeAt(0).toString(16)}${value.slice(1)}`,
    'in other case': `GATEHOUSE=${value}`,
    'under a prefix of the name': `gatehous=${value}`,
    'under a longer name': `xgatehouse=${value}`,
    'under the secure name, on http': `__Host-gatehouse=${value}`,
    'with an equals sign more': `gatehouse==${value}`,
    'inside another cookie': `x="; gatehouse=${value}"`,
    garbage: `gatehouse=${Buffer.from('é\u00ff;=,%zz').toString('latin1')}`,
    'broken escapes': 'gatehouse=%zz%; %; =; ;;',
    'separators alone': ';;;;=;=;,',
    'another kind of secret': `gatehouse=${(await service.signIn(ada)).refreshToken}`,
    'an access token': `gatehouse=${(await service.signIn(ada)).accessToken}`,
    'twelve thousand bytes': `gatehouse=${'a'.repeat(12_000)}`,
    'a thousand cookies': Array.from({ length: 1_000 }, (_, index) => `c${index}=x`).join('; '),
    'a thousand session cookies': Array.from({ length: 500 }, () => 'gatehouse=x').join('; '),
    'an SQL fragment': "gatehouse=' or 1=1 --",
  }
  for (const [name, cookie] of Object.entries(bad)) {
    await t.test(`nobody is signed in by it: ${name}`, async (t) => {
      const gate = await service.call('/forward-auth/traefik', { headers: { ...asks({ path: '/reports' }), cookie } })
      t.equal(gate.status, 401)
      t.equal((await service.call('/api/users/me', { headers: { cookie } })).status, 401)
      t.equal((await service.call('/', { headers: { cookie } })).headers['location'], '/login')
      const refresh = await service.call('/api/auth/refresh', {
        method: 'POST',
        headers: { cookie: [cookie].flat().map((one) => one.replaceAll('gatehouse=', 'gatehouse_refresh=')) },
      })
      if (name !== 'another kind of secret') t.equal(refresh.status, 401)
    })
  }
  await t.test('other cookies around it do no harm', async (t) => {
    const cookie = `a=b; ${good}; gatehouse_theme=dark; x="quoted; value"; y=%zz`
    t.equal((await service.call('/api/users/me', { headers: { cookie } })).status, 200)
  })
})

void test('CORS', async (t) => {
  const service = await startService(t, { yaml })
  const cookie = (await service.signIn(await service.createUser())).cookie
  const paths = [
    '/api/users/me',
    '/api/auth/login',
    '/oauth/token',
    '/login',
    '/nowhere',
    '/.well-known/jwks.json',
    '/.well-known/oauth-authorization-server',
    '/health/ready',
    '/openapi.json',
    '/forward-auth/traefik',
  ]
  const asked = (method: string) => ({
    'access-control-request-method': method,
    'access-control-request-headers': 'authorization',
  })

  await t.test('origins that are not listed are allowed nothing, on no path', async (t) => {
    for (const path of paths) {
      for (const origin of [
        'https://evil.test',
        'null',
        `${listed}.evil.test`,
        'https://x.spa.example.test',
        'http://spa.example.test',
      ]) {
        for (const call of [
          { headers: { origin, cookie } },
          { method: 'OPTIONS', headers: { origin, ...asked('POST') } },
        ]) {
          const { headers } = await service.call(path, call)
          const allowed = headers['access-control-allow-origin']
          // Public keys and metadata are for everybody, and never come with credentials.
          t.ok(allowed === undefined || (allowed === '*' && path.startsWith('/.well-known/')), `${path} to ${origin}`)
          t.equal(headers['access-control-allow-credentials'], undefined, `${path} to ${origin}`)
        }
      }
    }
  })
  await t.test('a listed origin is allowed by name, with credentials', async (t) => {
    const answer = await service.call('/api/users/me', { headers: { origin: listed, cookie } })
    t.equal(answer.status, 200)
    t.match(answer.headers, {
      'access-control-allow-origin': listed,
      'access-control-allow-credentials': 'true',
      vary: /\bOrigin\b/i,
    })
    const preflight = await service.call('/api/users/me', {
      method: 'OPTIONS',
      headers: { origin: listed, ...asked('PATCH') },
    })
    t.ok(preflight.status < 300)
    t.match(preflight.headers, {
      'access-control-allow-origin': listed,
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': /PATCH/,
    })
  })
  await t.test('refusals are readable to a listed origin, and to no other', async (t) => {
    for (const [path, call] of [
      ['/api/users/me', {}],
      [
        '/oauth/token',
        { method: 'POST', form: { grant_type: 'client_credentials', client_id: 'a', client_secret: 'b' } },
      ],
      ['/oauth/revoke', { method: 'POST', form: { token: 'a', client_id: 'a', client_secret: 'b' } }],
    ] as const) {
      const refusal = (origin: string) => service.call(path, { ...call, headers: { origin } })
      const readable = { 'access-control-allow-origin': listed, 'access-control-allow-credentials': 'true' }
      t.match(await refusal(listed), { status: 401, headers: { ...readable, vary: /\bOrigin\b/ } }, path)
      t.notOk('access-control-allow-origin' in (await refusal('https://evil.test')).headers, path)
    }
  })
  await t.test('a page of a listed origin may get tokens as a public client', async (t) => {
    const preflight = await service.call('/oauth/token', {
      method: 'OPTIONS',
      headers: { origin: listed, ...asked('POST') },
    })
    t.match(preflight.headers, { 'access-control-allow-origin': listed, 'access-control-allow-methods': /POST/ })
    const { refreshToken } = await service.signIn(await service.createUser())
    const form = { grant_type: 'refresh_token', client_id: 'gatehouse', refresh_token: refreshToken }
    const answer = await service.call('/oauth/token', { method: 'POST', form, headers: { origin: listed } })
    t.match(answer, { status: 200, headers: { 'access-control-allow-origin': listed } })
  })
})

void test('cookie attributes', async (t) => {
  /** Attributes of each cookie that sign-in, the sign-in page and sign-out set, by name. */
  async function attributesOf(environment: Record<string, string>) {
    const service = await startService(t, { environment })
    const { email, password } = await service.createUser()
    const login = await service.call('/api/auth/login', { method: 'POST', json: { email, password } })
    const out = await service.call('/api/auth/logout', { method: 'POST' })
    const read = (answer: Answer) =>
      Object.fromEntries(
        setCookies(answer).map((line) => {
          const [pair = '', ...attributes] = line.split('; ')
          return [pair.split('=')[0]!, attributes.filter((one) => !/^(Expires|Max-Age)=/.test(one)).toSorted()]
        }),
      )
    const set = { ...read(login), ...read(await service.call('/login')) }
    return { set, cleared: read(out), service }
  }
  const session = ['HttpOnly', 'Path=/', 'SameSite=Lax']
  const refresh = ['HttpOnly', 'Path=/', 'SameSite=Strict']

  await t.test('on http: plain names', async (t) => {
    const { set, cleared } = await attributesOf({})
    t.same(set, { gatehouse: session, gatehouse_refresh: refresh, gatehouse_device: refresh, gatehouse_csrf: session })
    t.same(cleared, { gatehouse: session, gatehouse_refresh: refresh })
  })
  await t.test('on https: Secure, and names that browsers guard', async (t) => {
    const { set, cleared, service } = await attributesOf({ GATEHOUSE_ISSUER: 'https://auth.example.test' })
    const [secureSession, secureRefresh] = [
      [...session, 'Secure'],
      [...refresh, 'Secure'],
    ]
    t.same(set, {
      '__Host-gatehouse': secureSession,
      '__Host-gatehouse_refresh': secureRefresh,
      '__Host-gatehouse_device': secureRefresh,
      '__Host-gatehouse_csrf': secureSession,
    })
    t.same(cleared, { '__Host-gatehouse': secureSession, '__Host-gatehouse_refresh': secureRefresh })
    const { cookie } = await service.signIn(await service.createUser())
    t.equal((await service.call('/api/users/me', { headers: { cookie } })).status, 200)
    const plain = cookie.replace('__Host-', '')
    t.equal((await service.call('/api/users/me', { headers: { cookie: plain } })).status, 401, 'the unguarded name')
  })
  await t.test('with a cookie domain: the session alone is shared across its hosts', async (t) => {
    const { set, cleared } = await attributesOf({
      GATEHOUSE_ISSUER: 'https://auth.example.test',
      GATEHOUSE_COOKIE_DOMAIN: 'example.test',
    })
    const shared = ['Domain=example.test', ...session, 'Secure']
    t.same(set, {
      '__Secure-gatehouse': shared,
      '__Host-gatehouse_refresh': [...refresh, 'Secure'],
      '__Host-gatehouse_device': [...refresh, 'Secure'],
      '__Host-gatehouse_csrf': [...session, 'Secure'],
    })
    t.same(cleared['__Secure-gatehouse'], shared, 'cleared where it was set')
  })
})
