/** An issuer with a path: everything that people, browsers and clients see lies below it, and nothing reaches beside it. */
import { test } from 'tap'
import { type Answer, asks, bearer, newClient, startService } from '../support/service.ts'

const issuer = 'https://example.com/auth'
const cookiesOf = ({ cookies }: Answer) =>
  Object.entries(cookies)
    .map((pair) => pair.join('='))
    .join('; ')
const setCookie = (answer: Answer, name: string) =>
  [answer.headers['set-cookie'] ?? []].flat().find((line) => line.startsWith(`${name}=`)) ?? ''
const tokenOf = (page: string) => /name="csrf_token" value="([^"]+)"/.exec(page)?.[1] ?? ''
const own = { origin: 'https://example.com', 'sec-fetch-site': 'same-origin' }

void test('the service below a path of a host', async (t) => {
  const hosts = {
    'example.com': { rules: [{ paths: ['/open/**'], allow: 'anyone' }, { allow: 'signed-in' }] },
    'app.example.com': { rules: [{ allow: 'signed-in' }] },
  }
  const service = await startService(t, { environment: { GATEHOUSE_ISSUER: `${issuer}/` }, yaml: { hosts } })
  const { call } = service
  const ada = await service.createUser()
  const logIn = (json: object = {}) =>
    call('/auth/api/auth/login', { method: 'POST', json: { email: ada.email, password: ada.password, ...json } })

  await t.test('answers there and nowhere else, but to the machines next to it', async (t) => {
    const status = async (path: string, method = 'GET') => (await call(path, { method })).status
    for (const path of [
      '/auth/login',
      '/auth/docs',
      '/auth/openapi.json',
      '/auth/.well-known/jwks.json',
      '/health/ready',
    ])
      t.match(await status(path), /^(200|302)$/, path)
    for (const path of [
      '/',
      '/login',
      '/docs/',
      '/openapi.json',
      '/.well-known/jwks.json',
      '/api/users/me',
      '/authx/login',
    ])
      t.equal(await status(path), 404, path)
    for (const path of ['/auth/health/ready', '/auth/metrics', '/auth/forward-auth', '/auth/forward-auth/traefik'])
      t.equal(await status(path), 404, path)
    t.equal(await status('/oauth/token', 'POST'), 404)
    t.equal(await status('/auth/oauth/token', 'POST'), 400)
    const wrongMethod = await call('/auth/oauth/token')
    t.match([wrongMethod.status, wrongMethod.json()], [405, { error: 'invalid_request' }], 'in the words of OAuth')
    t.match((await call('/auth')).headers, { location: '/auth/' })
    t.match((await call('/auth/')).headers, { location: '/auth/login' })
  })

  await t.test('every page, form, link and style sheet leads below it', async (t) => {
    const signedIn = await logIn()
    const register = { name: 'Eve', email: 'eve@example.test', password: 'a horse, a battery and a staple' }
    await call('/auth/api/auth/register', { method: 'POST', json: register })
    const link = /https:\/\/example\.com\/auth\/verify-email\?token=[\w.-]+/.exec(
      (await service.mails()).at(-1)!.replaceAll('=\r\n', '').replaceAll('=3D', '='),
    )
    t.ok(link, 'the mail leads there')
    const verify = new URL(link![0])
    const headers = { cookie: cookiesOf(signedIn) }
    const pages = [
      ['/auth/login', {}],
      ['/auth/login?return_to=https%3A%2F%2Fapp.example.com%2Fx', headers],
      ['/auth/login?acr_values=aal2', headers],
      ['/auth/', headers],
      ['/auth/logout', headers],
      ['/auth/logout', {}],
      ['/auth/step-up', headers],
      ['/auth/verify-email?token=unknown', {}],
      [verify.pathname + verify.search, {}],
    ] as const
    for (const [path, headers] of pages) {
      const { body } = await call(path, { headers })
      const named = [...body.matchAll(/ (?:href|src|action)="([^"]*)"/g)].map(([, url]) => url!)
      t.ok(named.length >= 3, path)
      const followed = named
        .filter((url) => !url.startsWith('data:') && !url.startsWith('#'))
        .map((url) => ({ url, address: new URL(url, `https://example.com${path}`) }))
        .filter(({ address }) => address.origin === 'https://example.com')
      t.ok(followed.length > 0, `${path} leads somewhere`)
      for (const { url, address } of followed) {
        const { pathname, search } = address
        t.ok(pathname.startsWith('/auth/'), `${path}: ${url}`)
        t.not((await call(pathname + search, { headers })).status, 404, `${path}: ${url}`)
      }
    }
    const form = await call('/auth/login')
    const typed = { csrf_token: tokenOf(form.body), email: ada.email, password: ada.password }
    const send = (return_to?: string) =>
      call('/auth/login', {
        method: 'POST',
        headers: { ...own, cookie: cookiesOf(form) },
        form: { ...typed, ...(return_to !== undefined && { return_to }) },
      })
    for (const [wanted, leadsTo] of [
      [undefined, '/auth/'],
      ['/auth/step-up', '/auth/step-up'],
      ['https://example.com/auth/step-up', '/auth/step-up'],
      ['https://example.com/board?x=1', 'https://example.com/board?x=1'],
      ['/board', 'https://example.com/board'],
      ['https://app.example.com/x', 'https://app.example.com/x'],
      ['https://evil.example/auth/', '/auth/'],
      ['//evil.example/auth/', '/auth/'],
    ] as const) {
      const answer = await send(wanted)
      t.match([answer.status, answer.headers['location']], [303, leadsTo], wanted ?? 'nothing')
    }
    const stepUp = await call('/auth/step-up')
    t.equal(stepUp.headers['location'], '/auth/login?return_to=%2Fauth%2F')
    const out = await call('/auth/logout', { headers })
    const left = await call('/auth/logout', {
      method: 'POST',
      headers: { ...own, cookie: `${cookiesOf(signedIn)}; ${cookiesOf(out)}` },
      form: { csrf_token: tokenOf(out.body) },
    })
    t.match([left.status, left.headers['location']], [303, '/auth/signed-out'])
  })

  await t.test('its own refresh cookie stays there, and counts only in the browser that got it', async (t) => {
    const answer = await logIn()
    t.match(setCookie(answer, '__Host-gatehouse'), '; Path=/;')
    t.match(setCookie(answer, '__Host-gatehouse_device'), '; Path=/;')
    t.match(setCookie(answer, '__Secure-gatehouse_refresh'), /; Path=\/auth;.*HttpOnly; Secure; SameSite=Strict/)
    const of = (from: Answer, ...names: string[]) => names.map((name) => `${name}=${from.cookies[name]}`).join('; ')
    const refresh = (cookie: string) => call('/auth/api/auth/refresh', { method: 'POST', headers: { ...own, cookie } })
    const [device, token] = ['__Host-gatehouse_device', '__Secure-gatehouse_refresh']
    const other = await logIn()
    for (const [what, cookie] of [
      ['alone', of(answer, token)],
      ['in another browser', `${of(answer, token)}; ${of(other, device)}`],
      ['the bare token', `${token}=${answer.cookies[token]!.split('.')[0]}; ${of(answer, device)}`],
    ] as const) {
      const refused = await refresh(cookie)
      t.match([refused.status, refused.json().code], [401, 'invalid_refresh_token'], what)
    }
    const next = await refresh(of(answer, token, device))
    t.equal(next.status, 200)
    t.match(setCookie(next, token), '; Path=/auth;')
    t.equal((await refresh(`${of(next, token)}; ${of(answer, device)}`)).status, 200, 'and again')
    const planted = await refresh(`${of(other, token)}; ${of(next, token)}; ${of(answer, device)}`)
    t.equal(planted.status, 200, 'one that a neighbour has planted does not stand in the way')
    const gone = await call('/auth/api/auth/logout', { method: 'POST', headers: { ...own, cookie: cookiesOf(other) } })
    t.match(setCookie(gone, token), /^__Secure-gatehouse_refresh=;.*Path=\/auth/)
    const inBody = await logIn({ token_delivery: 'body' })
    const { refresh_token } = inBody.json()
    t.equal((await call('/auth/api/auth/refresh', { method: 'POST', json: { refresh_token } })).status, 200)
  })

  await t.test('is found by RFC 8414 in both spellings, and tokens name it', async (t) => {
    const [inserted, appended] = await Promise.all(
      ['/.well-known/oauth-authorization-server/auth', '/auth/.well-known/oauth-authorization-server'].map((path) =>
        call(path),
      ),
    )
    t.equal(inserted!.body, appended!.body)
    t.match(inserted!.json(), {
      issuer,
      token_endpoint: `${issuer}/oauth/token`,
      jwks_uri: `${issuer}/.well-known/jwks.json`,
      introspection_endpoint: `${issuer}/oauth/introspect`,
      revocation_endpoint: `${issuer}/oauth/revoke`,
      service_documentation: `${issuer}/docs`,
    })
    t.equal((await call('/.well-known/oauth-authorization-server')).status, 404, 'which is another issuer’s')
    for (const url of Object.values(inserted!.json()).filter((value) => String(value).startsWith('https:'))) {
      const { pathname } = new URL(String(url))
      if (String(url) !== issuer)
        t.not((await call(pathname, { method: pathname.includes('oauth') ? 'POST' : 'GET' })).status, 404, pathname)
    }
    const client = await service.operate('POST', '/clients', newClient)
    const form = { grant_type: 'client_credentials', client_id: client.client_id, client_secret: client.client_secret }
    const { access_token } = (await call('/auth/oauth/token', { method: 'POST', form })).json()
    t.match(JSON.parse(Buffer.from(access_token.split('.')[1], 'base64url').toString()), { iss: issuer, aud: issuer })
    const { accessToken } = { accessToken: (await logIn({ token_delivery: 'body' })).json().access_token }
    t.equal((await call('/auth/api/users/me', { headers: bearer(accessToken) })).status, 200)
  })

  await t.test('leads there from applications, on its own host too, and shares denials with its origin', async (t) => {
    const question = (host: string, path: string, headers: Record<string, string> = {}) =>
      call('/forward-auth', { headers: { ...asks({ path, host, scheme: 'https' }), ...headers } })
    const page = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
    for (const host of ['app.example.com', 'example.com']) {
      const led = await question(host, '/board', page)
      const wanted = encodeURIComponent(`https://${host}/board`)
      t.match([led.status, led.headers['location']], [302, `${issuer}/login?return_to=${wanted}`])
    }
    t.equal((await question('example.com', '/open/x')).status, 200)
    const cookie = cookiesOf(await logIn())
    t.equal((await question('example.com', '/board', { cookie })).status, 200)
    const script = await question('app.example.com', '/x', { origin: 'https://example.com' })
    t.equal(script.headers['access-control-allow-origin'], 'https://example.com')
  })

  await t.test('is described by paths that are whole', async (t) => {
    const document = (await call('/auth/openapi.json')).json()
    t.same(document.servers, [{ url: 'https://example.com' }])
    const paths = Object.keys(document.paths)
    const beside = paths.filter((path) => !path.startsWith('/auth/'))
    t.ok(
      beside.length > 0 &&
        beside.every((path) =>
          /^\/(forward-auth|health|metrics|\.well-known\/(oauth-protected-resource|(oauth-authorization-server|openid-configuration)\/auth))/.test(
            path,
          ),
        ),
      String(beside),
    )
    const docs = await call('/auth/docs/')
    t.equal(docs.status, 200)
    const assets = [...docs.body.matchAll(/(?:href|src)="(\.\/[^"]+|\/[^"]+)"/g)]
    t.ok(assets.length > 0, 'its page has assets')
    for (const [, asset] of assets) {
      const { pathname } = new URL(asset!, 'https://example.com/auth/docs/')
      t.match([pathname, (await call(pathname)).status], [/^\/auth\//, 200])
    }
  })
})
