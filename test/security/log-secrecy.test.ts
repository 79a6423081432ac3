/** No secret ever reaches the log: not at its finest level, not in a failure, not as a hash that could be tried. */
import { createHash } from 'node:crypto'
import { connect } from 'node:net'
import { test } from 'tap'
import { makeApiKey } from '../../src/core/api-key.ts'
import { createSecretBox, hashSecret } from '../../src/core/secrets.ts'
import { createMemoryCounters } from '../../src/stores/memory/counters.ts'
import { combineStores } from '../../src/stores/open.ts'
import { openPostgres } from '../../src/stores/sql/open.ts'
import { auditRows } from '../support/audit.ts'
import type { Backend } from '../support/backends.ts'
import { testSecret } from '../support/secrets.ts'
import { findProgram, startPostgres } from '../support/servers.ts'
import { asks, bearer, type Call, type Service, startService, newClient } from '../support/service.ts'

const secret = testSecret()

/** The ways in which a text could stand in a log line. */
function formsOf(text: string): string[] {
  const digest = (encoding: 'hex' | 'base64' | 'base64url') => createHash('sha256').update(text).digest(encoding)
  return [
    text,
    encodeURIComponent(text),
    JSON.stringify(text).slice(1, -1),
    Buffer.from(text).toString('base64').replace(/=+$/, '').slice(0, -1),
    Buffer.from(text).toString('hex'),
    // A Buffer as JSON shows it.
    [...Buffer.from(text)].join(','),
    digest('hex'),
    digest('base64'),
    digest('base64url'),
  ]
}

/** Which of the named secrets the log shows, or the `trail`, in whatever form. */
function shown(service: Service, secrets: Record<string, string>, trail = ''): string[] {
  const log = service.logged() + trail
  return Object.entries(secrets)
    .filter(([, text]) => formsOf(text).some((form) => log.includes(form)))
    .map(([name]) => name)
}

/** A person and a program, and every secret of theirs: known from the start, or collected on the way. */
async function makeCast(service: Service) {
  const user = await service.createUser()
  const client = await service.operate('POST', '/clients', { ...newClient, name: 'Program' })
  const made = await service.operate('POST', '/api-keys', { client: client.client_id, name: 'Key', scopes: [] })
  const [signingKey] = await service.stores.signingKeys.list()
  const privateKey = createSecretBox([secret], 'signing keys').open(signingKey!.sealedPrivateKey, signingKey!.kid)
  const secrets: Record<string, string> = {
    password: user.password,
    'password hash': (await service.stores.users.findById(user.id))!.passwordHash!,
    'wrong password': 'wrong-password-7f3a91',
    'new password': 'seven quiet otters juggle lanterns',
    'client secret': client.client_secret,
    'wrong client secret': 'wrong-client-secret-5b21',
    GATEHOUSE_SECRET: secret.toString('base64'),
    'private key': privateKey.split('\n')[1]!,
    'sealed private key': signingKey!.sealedPrivateKey,
    'foreign token': 'foreign-token-c0ffee',
    'token in a query': 'query-token-badcafe',
    'garbage cookie': 'garbage-cookie-d00d',
    'API key': made.key,
    'API key of nobody': makeApiKey(),
  }
  /** Keeps whatever secrets an answer handed out. */
  function collect(step: string, answer: { body: string; cookies: Record<string, string>; headers: object }): void {
    for (const [name, value] of Object.entries(answer.cookies)) if (value) secrets[`${step}: cookie ${name}`] = value
    const told = answer.body.startsWith('{') ? (JSON.parse(answer.body) as Record<string, unknown>) : {}
    for (const name of ['access_token', 'refresh_token']) {
      if (typeof told[name] === 'string') secrets[`${step}: ${name}`] = told[name]
    }
    const assertion = (answer.headers as Record<string, string>)['x-auth-assertion']
    if (assertion) secrets[`${step}: assertion`] = assertion
    const csrf = /name="csrf_token" value="([^"]+)"/.exec(answer.body)?.[1]
    if (csrf) secrets[`${step}: csrf token`] = csrf
    for (const [name, value] of Object.entries(secrets)) {
      if (/token|assertion/.test(name) && value.split('.').length === 3)
        secrets[`${name}, signature`] = value.split('.')[2]!
    }
  }
  return { user, client, secrets, collect }
}
type Cast = Awaited<ReturnType<typeof makeCast>>

/** Every kind of call that carries a secret, right and wrong. */
function calls(
  cast: Cast,
  held: { access: string; refresh: string; cookie: string; csrf: string; csrfCookie: string; mailed: string },
) {
  const { user, client, secrets } = cast
  const post = (path: string, call: Call): [string, Call] => [path, { method: 'POST', ...call }]
  const ask = (headers: Record<string, string>): [string, Call] => [
    '/forward-auth/traefik',
    { headers: { ...asks({ path: `/reports?token=${secrets['token in a query']}` }), ...headers } },
  ]
  const basic = (password: string) => `Basic ${Buffer.from(`${client.client_id}:${password}`).toString('base64')}`
  const own = { client_id: client.client_id, client_secret: client.client_secret }
  const login = { email: user.email, password: user.password }
  const wrong = { email: user.email, password: secrets['wrong password']! }
  const cookies = { cookie: `${held.csrfCookie}; ${held.cookie}` }
  const json = { 'content-type': 'application/json' }
  const list: [string, Call][] = [
    post('/api/auth/register', { json: { name: 'New', email: 'new@example.test', password: secrets['new password'] } }),
    post('/api/auth/register', { json: { name: 'New', email: user.email, password: secrets['new password'] } }),
    post('/api/auth/register', { json: { name: 'New', email: 'bad', password: secrets['new password'] } }),
    [`/verify-email?token=${held.mailed}`, {}],
    post('/api/auth/verify-email', { json: { token: held.mailed, password: user.password.slice(0, 8) } }),
    post('/api/auth/verify-email', { json: { token: held.mailed, password: secrets['new password'] } }),
    post('/api/auth/verify-email', { json: { token: held.mailed } }),
    [`/verify-email?token=${held.mailed}`, {}],
    post('/verify-email', {
      form: { csrf_token: held.csrf, token: held.mailed, password: secrets['new password']! },
      headers: { cookie: held.csrfCookie },
    }),
    post('/api/auth/login', { json: login }),
    post('/api/auth/login', { json: { ...login, token_delivery: 'body' } }),
    post('/api/auth/login', { json: wrong }),
    post('/api/auth/login', { json: { ...login, surprise: user.password } }),
    post('/api/auth/login', { json: { ...login, [user.password]: 'x' } }),
    post('/api/auth/login', { body: `{"email":"${user.email}","password":"${user.password}"`, headers: json }),
    post('/api/auth/login', { body: user.password, headers: { 'content-type': user.password } }),
    post('/login', { form: { ...login, csrf_token: held.csrf }, headers: { cookie: held.csrfCookie } }),
    post('/login', { form: { ...wrong, csrf_token: held.csrf }, headers: { cookie: held.csrfCookie } }),
    post('/login', { form: { ...login, csrf_token: secrets['foreign token']! }, headers: { cookie: held.csrfCookie } }),
    ['/', { headers: cookies }],
    ['/api/users/me', { headers: cookies }],
    ['/api/users/me', { headers: bearer(held.access) }],
    ['/api/users/me', { headers: bearer(secrets['foreign token']!) }],
    ['/api/users/me', { method: 'PATCH', json: { name: 'Ada' }, headers: { ...cookies, origin: 'http://evil.test' } }],
    ['/api/users/me', { method: 'PATCH', json: { name: 'Ada' }, headers: bearer(held.access) }],
    ask(bearer(held.access)),
    ask({ cookie: held.cookie }),
    ask(bearer(`${held.access}x`)),
    ask(bearer(secrets['foreign token']!)),
    ask({ cookie: `gatehouse=${secrets['garbage cookie']}` }),
    ask({ ...bearer(held.access), 'x-forwarded-uri': `/../${secrets['token in a query']}` }),
    post('/api/auth/refresh', { json: { refresh_token: held.refresh } }),
    post('/api/auth/refresh', { json: { refresh_token: secrets['foreign token'] } }),
    post('/api/auth/refresh', { headers: { cookie: `gatehouse_refresh=${secrets['garbage cookie']}` } }),
    post('/oauth/token', { form: { ...own, grant_type: 'client_credentials' } }),
    post('/oauth/token', {
      form: { grant_type: 'client_credentials' },
      headers: { authorization: basic(client.client_secret) },
    }),
    post('/oauth/token', {
      form: { grant_type: 'client_credentials' },
      headers: { authorization: basic(secrets['wrong client secret']!) },
    }),
    post('/oauth/token', { form: { ...own, grant_type: secrets['foreign token']! } }),
    post('/oauth/introspect', { form: { ...own, token: held.access } }),
    post('/oauth/introspect', { form: { ...own, token: held.refresh } }),
    post('/oauth/introspect', { form: { ...own, token: secrets['foreign token']! } }),
    ask({ 'x-api-key': secrets['API key']! }),
    ask(bearer(secrets['API key of nobody']!)),
    post('/oauth/introspect', { form: { ...own, token: secrets['API key']! } }),
    post('/oauth/revoke', { form: { ...own, token: secrets['API key']! } }),
    post('/oauth/revoke', { form: { ...own, token: held.access } }),
    post('/oauth/revoke', { form: { client_id: 'gatehouse', token: held.refresh } }),
    [`/nowhere?token=${secrets['token in a query']}`, { headers: bearer(held.access) }],
    [`/login?return_to=/x%3Ftoken=${secrets['token in a query']}`, { headers: cookies }],
    [`/api/users/me?access_token=${held.access}`, {}],
    [`/%zz?token=${secrets['token in a query']}`, {}],
    post('/api/auth/logout', { headers: { ...cookies, ...bearer(held.access) } }),
  ]
  return list
}

async function prepare(service: Service) {
  const cast = await makeCast(service)
  const { accessToken: access, refreshToken: refresh, cookie } = await service.signIn(cast.user)
  const page = await service.call('/login')
  cast.collect('sign-in page', page)
  const registration = { name: 'Mailed', email: 'mailed@example.test', password: cast.secrets['new password'] }
  await service.call('/api/auth/register', { method: 'POST', json: registration })
  const mailed = /verify-email\?token=([\w-]{22})\s/.exec((await service.mails()).join('\n'))![1]!
  const csrf = cast.secrets['sign-in page: csrf token']!
  Object.assign(cast.secrets, { access, refresh, 'mail token': mailed, 'session cookie': cookie.split('=')[1]! })
  const held = { access, refresh, cookie, csrf, csrfCookie: `gatehouse_csrf=${page.cookies['gatehouse_csrf']}`, mailed }
  return { cast, held }
}

void test('a full run leaves no secret in the log', async (t) => {
  const service = await startService(t)
  const { cast, held } = await prepare(service)
  const statuses: number[] = []
  for (const [path, call] of calls(cast, held)) {
    const answer = await service.call(path, call)
    statuses.push(answer.status)
    cast.collect(`${call.method ?? 'GET'} ${path.split('?')[0]}`, answer)
  }
  await t.test('the run did what it is for, and the log tells of it', async (t) => {
    t.ok(
      [200, 202, 204, 303, 400, 401, 403, 404, 415].every((status) => statuses.includes(status)),
      statuses.join(),
    )
    t.notOk(statuses.includes(500), statuses.join())
    const log = service.logged()
    for (const event of [
      'sign_in.succeeded',
      'sign_in.failed',
      'forward_auth.denied',
      'mail.written',
      '"path":"/oauth/token"',
    ]) {
      t.ok(log.includes(event), event)
    }
    t.ok(Object.keys(cast.secrets).length > 30, Object.keys(cast.secrets).join(', '))
  })
  await t.test('no secret, in no form', async (t) => t.same(shown(service, cast.secrets), []))
  await t.test('nor does the audit trail hold one', async (t) => {
    const rows = await auditRows(service)
    const events = new Set<string>(rows.map(({ event }) => event))
    for (const event of ['sign_in.failed', 'refresh.rotated', 'session.revoked', 'client_auth.failed']) {
      t.ok(events.has(event), event)
    }
    t.same(shown(service, cast.secrets, JSON.stringify(rows)), [])
  })
  await t.test('a request that is not even HTTP leaves nothing of itself', async (t) => {
    const before = service.logged().length
    const lines = [
      'GET / HTTP/1.1',
      'Host: x',
      `Authorization: Bearer ${cast.secrets['foreign token']}`,
      'Broken Header: x',
      '',
      '',
    ]
    const answer = await new Promise<string>((done, fail) => {
      let text = ''
      const socket = connect(service.port, '127.0.0.1', () => socket.write(lines.join('\r\n')))
      socket
        .on('data', (chunk: Buffer) => (text += chunk.toString()))
        .on('error', fail)
        .on('close', () => done(text))
    })
    t.match(answer, /^HTTP\/1\.1 400 /)
    t.same(shown(service, cast.secrets), [], service.logged().slice(before, before + 200))
  })
})

if (findProgram('postgres') !== undefined) {
  void test('nor does a run whose database is gone', async (t) => {
    const server = await startPostgres()
    if (server === undefined) throw new Error('PostgreSQL did not start')
    let stopped: Promise<void> | undefined
    const stop = () => (stopped ??= server.stop())
    const ownPostgres: Backend = {
      name: 'clustered',
      async open(clock) {
        const stores = combineStores(await openPostgres(server.url, clock), createMemoryCounters(clock))
        return { stores, close: () => stores.close().catch(() => {}) }
      },
    }
    t.teardown(stop)
    const service = await startService(t, { backend: ownPostgres })
    const { cast, held } = await prepare(service)
    await stop()
    const statuses: number[] = []
    for (const [path, call] of calls(cast, held)) {
      const answer = await service.call(path, call)
      statuses.push(answer.status)
      cast.collect(path, answer)
    }
    await t.test('what needs the database answers 503, and the log says so', async (t) => {
      t.ok(statuses.filter((status) => status === 503).length > 15, statuses.join())
      t.notOk(statuses.includes(500), statuses.join())
      t.match(service.logged(), /"code":"unavailable"/)
    })
    await t.test('no secret, in no form', async (t) => t.same(shown(service, cast.secrets), []))
    await t.test('no parameter of a failed statement', async (t) => {
      t.notMatch(service.logged(), /params|\$argon2/)
      t.notMatch(service.logged(), hashSecret(held.refresh))
      t.notMatch(service.logged(), 'new@example.test')
    })
  })
}

void test('no counter is kept under a name that tells an address, of a person or of a network', async (t) => {
  const names: string[] = []
  const service = await startService(t)
  const { increment } = service.stores.counters
  Object.assign(service.stores.counters, {
    increment(key: string, windowSeconds: number) {
      names.push(key)
      return increment(key, windowSeconds)
    },
  })
  const [email, ip] = ['ada@example.test', '198.51.100.77']
  const headers = { 'x-forwarded-for': ip }
  for (const path of ['/api/auth/forgot-password', '/api/auth/resend-verification']) {
    t.equal((await service.call(path, { method: 'POST', headers, json: { email } })).status, 202)
  }
  const { accessToken } = await service.signIn(await service.createUser())
  const own = { headers: { ...bearer(accessToken), ...headers } }
  t.equal((await service.call('/api/users/me/export', own)).status, 200)
  t.ok(names.length >= 8)
  t.same(
    names.filter((name) => /@|\d+\.\d+\.\d+|export|requests/.test(name)),
    [],
  )
})
