/** An issuer with a path: on the host of an application that is protected, and on one of its own. */
import { normalize } from 'node:path/posix'
import type { Test } from 'tap'
import { backends } from '../../support/backends.ts'
import { startProxy } from '../../support/proxies.ts'
import { sendRaw } from '../../support/raw.ts'
import { freePort } from '../../support/servers.ts'
import { type Answer, ask, bearer, type Call, newClient, startService } from '../../support/service.ts'
import { type Arrived, startUpstream, valuesOf } from '../../support/upstream.ts'
import type { Traits } from './scene.ts'
import { hostile } from './targets.ts'

const rules = [
  { paths: ['/public/**'], allow: 'anyone' },
  { paths: ['/admin/**'], allow: { roles: ['admin'] } },
  { allow: 'signed-in' },
]

/** Service, proxy and application. */
async function setScene(t: Test, { name, release, form }: Traits, shared: boolean) {
  const port = await freePort()
  const { port: upstreamPort, arrived } = await startUpstream(t)
  const at = (name: string) => `${name}:${port}`
  const [app, other] = [at(shared ? 'both.example.test' : 'app.example.test'), at('other.example.test')]
  const authority = shared ? app : at('both.example.test')
  const issuer = `http://${authority}/auth`
  // Slashes within a segment are let through by the proxy, so that the service has to tell them apart.
  const hosts = {
    [app]: { encoded: ['slash'], rules },
    [other]: { rules: [{ allow: 'signed-in' }] },
    // Covers the issuer's own host, which it must not take.
    [at('*.example.test')]: { rules: [{ allow: 'anyone' }] },
  }
  const service = await startService(t, {
    backend: backends.at(-1)!,
    yaml: { hosts },
    environment: { GATEHOUSE_ISSUER: issuer, GATEHOUSE_COOKIE_DOMAIN: 'example.test' },
  })
  await startProxy(t, name, {
    ...(form && { form }),
    release,
    port,
    servicePort: service.port,
    upstreamPort,
    hosts,
    issuer,
  })
  const call = (path: string, { headers, ...rest }: Call = {}, host = authority) =>
    ask(port, path, { ...rest, headers: { host, ...headers } })
  const raw = (target: string, lines: readonly string[] = [], host = authority) =>
    sendRaw(port, [`GET ${target} HTTP/1.1`, `Host: ${host}`, ...lines, 'Connection: close', '', ''].join('\r\n'))
  const during = async (action: () => Promise<unknown>): Promise<Arrived[]> => {
    const before = arrived.length
    await action()
    return arrived.slice(before)
  }
  return { name, form, app, other, authority, issuer, service, call, raw, during }
}
type Scene = Awaited<ReturnType<typeof setScene>>

const cookiesOf = (...answers: Answer[]) =>
  Object.entries(Object.assign({}, ...answers.map(({ cookies }) => cookies)) as Record<string, string>)
    .map((pair) => pair.join('='))
    .join('; ')
const setCookie = (answer: Answer, name: string) =>
  [answer.headers['set-cookie'] ?? []].flat().find((line) => line.startsWith(`${name}=`))

/** From the application to the sign-in page, through its form, and back; then what scripts of the page and programs do. */
async function waysOf(t: Test, { app, other, authority, issuer, service, call, during }: Scene): Promise<void> {
  const ada = await service.createUser({ roles: ['editor'] })
  const page = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }

  for (const host of new Set([app, other])) {
    await t.test(`a person is led from ${host} to the form and back`, async (t) => {
      const wanted = `http://${host}/board?x=1&y=%26`
      const led = await call('/board?x=1&y=%26', { headers: page }, host)
      t.equal(led.status, 302)
      t.equal(led.headers['location'], `${issuer}/login?return_to=${encodeURIComponent(wanted)}`)
      const { pathname, search } = new URL(String(led.headers['location']))
      const form = await call(pathname + search, { headers: page })
      t.match([form.status, form.headers['content-type']], [200, /^text\/html/])
      const sheets = [...form.body.matchAll(/<link rel="stylesheet" href="([^"]+)"/g)].map(([, href]) => href!)
      t.ok(sheets.length > 0)
      for (const href of sheets) {
        const sheet = await call(new URL(href, issuer + '/login').pathname)
        t.match([sheet.status, sheet.headers['content-type']], [200, /^text\/css/], href)
      }
      const csrf_token = /name="csrf_token" value="([^"]+)"/.exec(form.body)?.[1] ?? ''
      const [, action = ''] = /<form[^>]* action="([^"]+)"/.exec(form.body) ?? []
      const target = new URL(action, new URL(pathname + search, issuer))
      const typed = { csrf_token, email: ada.email, password: ada.password, return_to: wanted }
      const headers = { origin: `http://${authority}`, 'sec-fetch-site': 'same-origin', cookie: cookiesOf(form) }
      const signedIn = await call(target.pathname + target.search, { method: 'POST', headers, form: typed })
      t.match([signedIn.status, signedIn.headers['location']], [303, wanted])
      t.match(setCookie(signedIn, 'gatehouse'), '; Domain=example.test; Path=/;')

      const cookie = `gatehouse=${signedIn.cookies['gatehouse']}`
      const [request] = await during(async () => {
        t.equal((await call('/board?x=1&y=%26', { headers: { ...page, cookie } }, host)).status, 200)
      })
      t.equal(request?.url, '/board?x=1&y=%26')
      t.same(valuesOf(request!, 'X-Auth-Email'), [ada.email])
    })
  }

  await t.test('a script signs in and refreshes by cookies of that path', async (t) => {
    const own = { origin: `http://${authority}`, 'sec-fetch-site': 'same-origin' }
    const json = { email: ada.email, password: ada.password }
    const signedIn = await call('/auth/api/auth/login', { method: 'POST', headers: own, json })
    t.match(setCookie(signedIn, 'gatehouse_refresh'), '; Path=/auth;')
    const kept = { ...own, cookie: cookiesOf(signedIn) }
    const refreshed = await call('/auth/api/auth/refresh', { method: 'POST', headers: kept })
    t.equal(refreshed.status, 200, refreshed.body)
    t.match(setCookie(refreshed, 'gatehouse_refresh'), '; Path=/auth;')
    const me = await call('/auth/api/users/me', { headers: bearer(refreshed.json().access_token) })
    t.match(me.json(), { email: ada.email })
  })

  await t.test('who may not pass is shown a page whose style is let in', async (t) => {
    const token = await tokenOf(call, ada)
    const refused = await call('/admin/x', { headers: { ...page, ...bearer(token) } }, app)
    t.equal(refused.status, 403)
    t.match(refused.body, `href="${issuer}/"`)
    const [, sheet = ''] = /<link rel="stylesheet" href="([^"]+)"/.exec(refused.body) ?? []
    const policy = String(refused.headers['content-security-policy'])
    const [, source] = /style-src ([^;]+)/.exec(policy) ?? []
    t.equal(source, new URL(sheet).origin, 'the origin, since a source with a path lets in that path alone')
    t.equal((await call(new URL(sheet).pathname)).status, 200)
  })

  await t.test('clients find it by both spellings, verify by its keys, and get tokens', async (t) => {
    const [inserted, appended] = await Promise.all(
      ['/.well-known/oauth-authorization-server/auth', '/auth/.well-known/oauth-authorization-server'].map((path) =>
        call(path),
      ),
    )
    t.match([inserted!.status, inserted!.json().issuer], [200, issuer])
    t.equal(appended!.body, inserted!.body)
    const { jwks_uri, token_endpoint } = inserted!.json()
    t.ok((await call(new URL(jwks_uri).pathname)).json().keys.length > 0)
    const client = await service.operate('POST', '/clients', newClient)
    const form = { grant_type: 'client_credentials', client_id: client.client_id, client_secret: client.client_secret }
    const granted = await call(new URL(token_endpoint).pathname, { method: 'POST', form })
    t.equal(granted.status, 200)
  })
}

async function tokenOf(call: Scene['call'], { email, password }: { email: string; password: string }): Promise<string> {
  const json = { email, password, token_delivery: 'body' }
  return (await call('/auth/api/auth/login', { method: 'POST', json })).json().access_token
}

/** Spellings of the service's path, and ways out of it, that lead to where somebody would have to be signed in. */
const ways = [
  ...['/auth/../board', '/auth/./../board', '/auth/..', '/auth/../', '/auth/x/../../board', '/auth/../../board'],
  ...[
    '/auth/%2e%2e/board',
    '/auth/.%2e/board',
    '/auth/..%2fboard',
    '/auth%2f..%2fboard',
    '/auth%2f..',
    '/auth%2Fboard',
  ],
  ...[
    '/auth/..;/board',
    '/auth;/../board',
    '/auth;x=1/board',
    '/auth/..\\board',
    '/auth\\..\\board',
    '/auth%5c..%5cboard',
  ],
  ...['/auth/%252e%252e/board', '/auth%252f..%252fboard', '//auth/../board', '//auth', '//auth/', '//auth//board'],
  ...['/auth//../board', '/./auth/../board', '/AUTH', '/AUTH/', '/AUTH/board', '/Auth/login', '/auth%00/board'],
  ...[
    '/%61uth',
    '/%61uth/board',
    '/auth%20/board',
    '/auth ',
    '/authx',
    '/auth.',
    '/auth.html',
    '/authority/x',
    '/auth-x',
  ],
  ...['/board/../auth/../board', '/x/../auth', '/auth/%00/../board', '/auth/\x01', '/auth/caf\xe9/../../board'],
  ...['/auth#/../board', '/auth?/../board#', '/auth%3f/board', '/auth%23/board', '/auth/%ef%bc%8e%ef%bc%8e/board'],
  ...['/.well-known/oauth-authorization-server', '/.well-known/oauth-authorization-server/', '/.well-known/other/auth'],
  ...['/.well-known/oauth-authorization-server/auth/', '/.well-known/oauth-authorization-server/auth/../../../board'],
  ...['/.well-known/oauth-authorization-server/authx', '/Xwell-known/oauth-authorization-server/auth', '/auth*', '*'],
  ...['/.well-known/oauth-authorization-server%2fauth', '/.WELL-KNOWN/oauth-authorization-server/auth'],
  ...hostile.map((path) => path.replaceAll('public', 'auth')),
]

/** Where only machines beside the service ask. */
const operatorRoutes = [
  ...['/forward-auth', '/forward-auth/nginx', '/forward-auth/envoy/public/x', '/metrics', '/health/ready'],
  ...['/auth/forward-auth', '/auth/metrics', '/auth/../metrics', '/auth/../forward-auth/nginx', '/auth/%2e%2e/metrics'],
  ...['/auth/..%2fmetrics', '/auth%2f..%2fmetrics', '/auth/..;/metrics', '//auth/../metrics', '/auth/x/../../metrics'],
  ...['/forward-auth/../auth/login', '/forward-auth/envoy/../../auth/login', '/forward-auth/nginx?/auth/login'],
  ...['/forward-auth/envoy/%2e%2e/%2e%2e/auth/', '/metrics/../auth/login', '/metrics?x=/auth/', '/%6detrics'],
  ...['/metrics%2f..%2fauth/', '/metrics;/../auth/', '/forward-auth%2f../auth/login', '/%66orward-auth/../auth/login'],
]

/** The path that Traefik makes of another one before it chooses a route. */
const cleaned = (path: string) => normalize(path.replaceAll('%2e', '.').replaceAll('%66', 'f'))

async function bounds(t: Test, scene: Scene, shared: boolean): Promise<void> {
  const { name, form, app, authority, raw, call, during, service } = scene
  const ada = await service.createUser()
  // The Gateway API has no word for 404: a route without a target is 500.
  const isRefusal = (status: number) => (status >= 400 && status < 500) || (form === 'gateway' && status === 500)
  const adaLine = `Authorization: Bearer ${await tokenOf(call, ada)}`

  await t.test('no spelling of its path reaches an application unasked', async (t) => {
    for (const path of ways) {
      const reached = await during(async () => {
        const { status } = await raw(path)
        t.ok(isRefusal(status) || (status >= 200 && status < 400), `${JSON.stringify(path.slice(0, 60))}: ${status}`)
      })
      t.same(reached, [], path.slice(0, 60))
    }
    // What does reach it with a proof, was asked about.
    for (const path of shared ? ways : []) {
      const reached = await during(() => raw(path, [adaLine]))
      for (const request of reached) t.same(valuesOf(request, 'X-Auth-Email'), [ada.email], path.slice(0, 60))
    }
  })

  await t.test('what only machines ask is no way to be reached', async (t) => {
    const lines = [
      ...[`X-Original-URL: http://${app}/public/x`, 'X-Original-Method: GET', 'X-Forwarded-Method: GET'],
      ...[`X-Forwarded-Host: ${app}`, 'X-Forwarded-Uri: /public/x', 'X-Forwarded-Proto: http'],
    ]
    for (const path of operatorRoutes) {
      const reached = await during(async () => {
        const { status, head, body } = await raw(path, lines)
        // What is written anew and then leads to a page of the service, is answered as that page.
        const anew = name === 'traefik' ? cleaned(path) : path
        if (anew !== path && anew.startsWith('/auth/')) t.equal(status, (await raw(anew)).status, `${path}: ${anew}`)
        else t.ok(isRefusal(status), `${path}: ${status}`)
        // Where there is no application, nothing is asked.
        const decided = shared ? /x-gatehouse-decision: allow|x-auth-/ : /x-gatehouse-decision|x-auth-/
        t.notMatch(head.toLowerCase(), decided, path)
        t.notMatch(body, /gatehouse_signatures|"status":"ok"/, path)
      })
      t.same(reached, [], path)
    }
  })

  await t.test('the rest of its host is an application or nothing', async (t) => {
    const [open] = await during(async () => {
      const { status } = await raw('/public/x')
      if (shared) t.equal(status, 200)
      else t.ok(isRefusal(status), String(status))
    })
    t.equal(open?.url, shared ? '/public/x' : undefined)
    for (const path of shared ? ['/AUTH/board', '/authx', '/auth.html', '/auth-x', '/.well-known/other/auth'] : []) {
      const [request] = await during(async () => t.equal((await raw(path, [adaLine])).status, 200, path))
      t.match([request?.url, valuesOf(request!, 'X-Auth-Email')], [path, [ada.email]])
    }
    t.match((await raw('/auth')).head, /^location: \/auth\/$/im)
    t.match((await raw('/auth/')).head, /^location: \/auth\/login$/im)
    t.equal((await raw('/auth/nothing')).status, 404)
    const { status } = await raw('/auth/login', [], app)
    t.equal(status, shared ? 200 : 401, 'another host has a path of that name for itself')
    const whole = await raw(`http://${authority}/auth/login`)
    t.equal(whole.status, name === 'haproxy' ? 400 : 200, 'a whole URL')
  })
}

/** `shared`: the service lives on the application's host. */
export async function basePathTests(t: Test, traits: Traits, shared: boolean): Promise<void> {
  const scene = await setScene(t, traits, shared)
  await waysOf(t, scene)
  await bounds(t, scene, shared)
}
