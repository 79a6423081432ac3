/** The recipes of docs/applications.md, run as they stand there: the real programs behind real proxies. */
import { type Test, test } from 'tap'
import { type ApplicationName, applications, holdersPassword, hostsOf } from './support/applications.ts'
import { hasServers } from './support/backends.ts'
import { hasProxy, type ProxyName, startProxy } from './support/proxies.ts'
import { sendRaw } from './support/raw.ts'
import { freePort, scratchFolder } from './support/servers.ts'
import { type Answer, ask, type Call, type Service, startService, type TestUser } from './support/service.ts'
import { hasApplication } from './applications/install.ts'

interface Scene {
  service: Service
  /** Who has an account in the application from the start, and two others. */
  ada: TestUser
  bob: TestUser
  mallory: TestUser
  /** Asks the proxy for a page of a host. */
  call(host: string, path: string, call?: Call): Promise<Answer>
  /** The same past the proxy, from an address of this machine. */
  direct(host: string, path: string, lines: readonly string[], from?: string): Promise<{ status: number; body: string }>
  signIn(user: TestUser): Promise<string>
  signOut(cookie: string): Promise<void>
}

async function setScene(t: Test, name: ApplicationName, proxy: ProxyName): Promise<Scene> {
  const port = await freePort()
  const hosts = Object.fromEntries(Object.entries(hostsOf(name)).map(([host, rules]) => [`${host}:${port}`, rules]))
  const issuer = `http://auth.example.com:${port}`
  const environment = { GATEHOUSE_ISSUER: issuer, GATEHOUSE_COOKIE_DOMAIN: 'example.com' }
  const service = await startService(t, { yaml: { hosts }, environment })
  const ada = await service.createUser({ email: 'ada.lovelace@example.com' })
  const bob = await service.createUser()
  const mallory = await service.createUser({ name: ada.email })
  const { ports } = await applications[name](t, {
    ...{ folder: scratchFolder(t), origin: (host) => `http://${host}:${port}`, holder: ada.email },
  })
  await startProxy(t, proxy, {
    ...{ port, hosts, issuer, servicePort: service.port, upstreamPort: await freePort() },
    options: Object.entries(ports).flatMap(([host, at]) => ['--upstream', `${host}=http://127.0.0.1:${at}`]),
  })
  return {
    ...{ service, ada, bob, mallory },
    call: (host, path, { headers, ...more } = {}) =>
      ask(port, path, { ...more, headers: { host: `${host}:${port}`, ...headers } }),
    direct: (host, path, lines, from) =>
      sendRaw(
        ports[host]!,
        [`GET ${path} HTTP/1.1`, `Host: ${host}:${port}`, ...lines, 'Connection: close', '', ''].join('\r\n'),
        from,
      ),
    signIn: async (user) => (await service.signIn(user)).cookie,
    async signOut(cookie) {
      const headers = { cookie, origin: service.issuer, 'sec-fetch-site': 'same-origin' }
      await service.call('/api/auth/logout', { method: 'POST', headers })
    },
  }
}

/** Every spelling by which a client may say that it is somebody. */
const claims = (name: string) => ({
  ...{ 'remote-user': name, remote_user: name, 'remote-email': name, 'x-remote-user': name, 'x-auth-email': name },
})

const cookieOf = (answer: Answer, name: string) => `${name}=${answer.cookies[name]}`

async function miniflux(t: Test, scene: Scene) {
  const { ada, bob, mallory, signIn, signOut, direct } = scene
  const host = 'reader.example.com'
  const call = (path: string, headers: Call['headers'] = {}, more: Call = {}) =>
    scene.call(host, path, { ...more, headers })
  /** Opens the first page as a browser does; the session of the application that this begins. */
  async function open(headers: Call['headers']) {
    const answer = await call('/', headers)
    return cookieOf(answer, 'MinifluxSessionID')
  }
  const page = async (path: string, cookie: string) => (await call(path, { cookie })).body
  /** Whom the page about keys names. */
  const nameIn = async (cookie: string) => /<strong>(\S+@\S+)<\/strong>/.exec(await page('/keys', cookie))?.[1]
  async function send(path: string, cookie: string, form: Record<string, string> = {}) {
    const csrf = /name="csrf" value="([^"]+)"/.exec(await page('/settings', cookie))?.[1] ?? ''
    await call(path, { cookie }, { method: 'POST', form: { csrf, ...form } })
  }

  await t.test('whoever is signed in is known by the address, and nobody by what a client says', async (t) => {
    for (const user of [ada, bob, mallory]) {
      const cookie = await signIn(user)
      const own = await open({ cookie, ...claims('ada.lovelace@example.com') })
      t.equal(await nameIn(`${cookie}; ${own}`), user.email)
    }
    t.equal((await call('/', claims(ada.email))).status, 401)
    t.equal((await call('/settings', claims(ada.email))).status, 401)
  })
  await t.test('the account that the recipe names administers it, others do not', async (t) => {
    for (const [user, status] of [
      [ada, 200],
      [bob, 403],
    ] as const) {
      const cookie = await signIn(user)
      t.equal((await call('/users', { cookie: `${cookie}; ${await open({ cookie })}` })).status, status, user.email)
    }
  })
  await t.test('programs come in by a key of the application, and by nothing else', async (t) => {
    const session = await signIn(ada)
    const cookie = `${session}; ${await open({ cookie: session })}`
    await send('/keys/save', cookie, { description: 'phone' })
    const key = /<td>([\w=-]{40,})<\/td>/.exec(await page('/keys', cookie))?.[1] ?? ''
    const me = await call('/v1/me', { 'x-auth-token': key })
    t.match([me.status, me.json().username], [200, ada.email])
    t.equal((await call('/v1/me', claims(ada.email))).status, 401)
    t.match((await call('/v1/me', claims(ada.email))).json(), { error_message: 'access unauthorized' }, 'its own words')
    t.equal((await call('/v1/me', { cookie })).status, 401, 'nor does a session count there')
    t.equal((await call('/manifest.json')).status, 200)
    t.equal((await call('/share/unknown')).status, 404)
  })
  await t.test('past the proxy the header counts from the trusted network alone', async (t) => {
    const lines = [`Remote-User: ${ada.email}`]
    const isLetIn = async (from: string) => (await direct(host, '/', lines, from)).status === 302
    t.equal(await isLetIn('127.0.0.1'), true)
    t.equal(await isLetIn('127.0.0.2'), false)
  })
  await t.test(
    'signing out shuts it, but its own session stays for whoever signs in next in that browser',
    async (t) => {
      const cookie = await signIn(ada)
      const own = await open({ cookie })
      await signOut(cookie)
      t.equal((await call('/settings', { cookie: `${cookie}; ${own}` })).status, 401)
      const bobs = await signIn(bob)
      t.equal(await nameIn(`${bobs}; ${own}`), ada.email, 'as the guide warns')
      t.equal(await nameIn(`${bobs}; ${await open({ cookie: bobs })}`), bob.email, 'once its cookie is gone')
    },
  )
}

async function radicale(t: Test, scene: Scene) {
  const { ada, bob, mallory, call, signIn, signOut, direct } = scene
  const [people, programs] = ['calendar.example.com', 'dav.example.com']
  const principal = '<propfind xmlns="DAV:"><prop><current-user-principal/></prop></propfind>'
  /** Who the application takes it for; the status where it lets nobody in. */
  async function who(host: string, headers: Record<string, string>) {
    const { status, body } = await call(host, '/', { method: 'PROPFIND', headers, body: principal })
    const href = /<current-user-principal>\s*<href>\/([^<]*)\/<\/href>/.exec(body)?.[1]
    return href === undefined ? status : decodeURIComponent(href)
  }
  const basic = (user: string, password: string) => ({
    authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
  })

  await t.test('whoever is signed in is known by the address, and nobody by what a client says', async (t) => {
    for (const user of [ada, bob, mallory]) {
      t.equal(await who(people, { cookie: await signIn(user), ...claims(ada.email) }), user.email)
    }
    t.equal(await who(people, claims(ada.email)), 401)
    t.equal((await call(people, '/.web/', { headers: { cookie: await signIn(ada) } })).status, 200)
  })
  await t.test('nobody reaches the collections of another person', async (t) => {
    const path = (user: TestUser) => `/${user.email}/`
    const headers = { cookie: await signIn(ada) }
    const find = async (user: TestUser) =>
      (await call(people, path(user), { method: 'PROPFIND', headers, body: principal })).status
    t.equal(await find(ada), 207)
    t.equal(await find(bob), 403)
    const prefixed = { method: 'PROPFIND', headers: { ...headers, 'x-script-name': '/elsewhere' }, body: principal }
    const { status } = await call(people, `/elsewhere${path(ada)}`, prefixed)
    t.equal(status, 403, 'a prefix that a client names takes nothing from the path that was judged')
  })
  await t.test('programs come in by a password of the application, to the same collections', async (t) => {
    t.equal(await who(programs, basic(ada.email, holdersPassword)), ada.email)
    t.equal(await who(programs, basic(ada.email, 'another')), 401)
    t.not(await who(programs, claims(ada.email)), ada.email)
    const event = ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:x', 'END:VCALENDAR', ''].join('\r\n')
    const put = { method: 'PUT', headers: { ...basic(ada.email, holdersPassword), 'content-type': 'text/calendar' } }
    t.equal((await call(programs, `/${ada.email}/work/`, { ...put, body: event })).status, 201)
    const seen = await call(people, `/${ada.email}/work/`, { headers: { cookie: await signIn(ada) } })
    t.match([seen.status, seen.body], [200, /BEGIN:VCALENDAR/])
  })
  await t.test('it keeps no session: who signs in next is the next one', async (t) => {
    const cookie = await signIn(ada)
    t.equal(await who(people, { cookie }), ada.email)
    await signOut(cookie)
    t.equal(await who(people, { cookie }), 401)
    t.equal(await who(people, { cookie: await signIn(bob) }), bob.email)
  })
  await t.test('past the proxy anybody is believed, so that nobody may come there', async (t) => {
    const { status } = await direct(people, `/${ada.email}/work/`, [`Remote-User: ${ada.email}`], '127.0.0.2')
    t.equal(status, 200, 'as the guide warns')
  })
}

async function django(t: Test, scene: Scene) {
  const { ada, bob, mallory, signIn, signOut } = scene
  const call = (path: string, headers: Call['headers'] = {}, more: Call = {}) =>
    scene.call('shop.example.com', path, { ...more, headers })

  await t.test('whoever is signed in is known by the address, and nobody by what a client says', async (t) => {
    for (const user of [ada, bob, mallory]) {
      const answer = await call('/', { cookie: await signIn(user), ...claims(ada.email) })
      t.match([answer.status, answer.json().user], [200, user.email])
    }
    t.equal((await call('/', claims(ada.email))).status, 401)
  })
  await t.test('a webhook arrives with its signature, and as nobody', async (t) => {
    const headers = { ...claims(ada.email), cookie: await signIn(ada), 'x-signature': 'v1=abc' }
    const answer = await call('/hooks/payment', headers, { method: 'POST', json: {} })
    t.match([answer.status, answer.json()], [200, { user: '', signature: 'v1=abc' }])
    t.equal((await call('/hooks/payment')).status, 401, 'by no other method')
  })
  await t.test('who signs in next finds nothing of the one before', async (t) => {
    const cookie = await signIn(ada)
    const own = cookieOf(await call('/?keep=secret', { cookie }), 'sessionid')
    t.same((await call('/', { cookie: `${cookie}; ${own}` })).json(), { user: ada.email, kept: 'secret' })
    await signOut(cookie)
    t.equal((await call('/', { cookie: `${cookie}; ${own}` })).status, 401)
    const bobs = await signIn(bob)
    t.same((await call('/', { cookie: `${bobs}; ${own}` })).json(), { user: bob.email, kept: '' })
  })
}

const recipes: Record<ApplicationName, (t: Test, scene: Scene) => Promise<void>> = {
  Miniflux: miniflux,
  Radicale: radicale,
  Django: django,
}
const provisionOf: Record<ApplicationName, string> = {
  ...{ Miniflux: 'Miniflux', Radicale: 'Radicale and Django', Django: 'Radicale and Django' },
}

for (const proxy of ['nginx', 'caddy'] as const) {
  for (const [name, check] of Object.entries(recipes) as [ApplicationName, (typeof recipes)[ApplicationName]][]) {
    if (!hasProxy(proxy) || !hasApplication(provisionOf[name]) || (name === 'Miniflux' && !hasServers)) continue
    void test(`${name} behind ${proxy}, by the recipe of the guide`, async (t) => {
      await check(t, await setScene(t, name, proxy))
    })
  }
}
