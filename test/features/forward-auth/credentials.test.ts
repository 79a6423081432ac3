/** Which of the credentials in a request decide, and which are the application's own. */
import { randomBytes } from 'node:crypto'
import { test } from 'tap'
import { makeApiKey } from '../../../src/core/api-key.ts'
import { backends } from '../../support/backends.ts'
import { encode } from '../../support/forgery.ts'
import { register } from '../../support/oauth.ts'
import { asks, bearer, type Service, startService } from '../../support/service.ts'

type Headers = Record<string, string | string[]>

const rules = [{ paths: ['/public/**'], allow: 'anyone' }, { allow: 'signed-in' }]
const only = (...credentials: string[]) => ({ credentials, rules })
const hosts = {
  'app.example.test': {
    rules: [{ paths: ['/admin/**'], allow: { roles: ['admin'] } }, { paths: ['/shut/**'], allow: 'nobody' }, ...rules],
  },
  'person.example.test': only('session'),
  'program.example.test': only('bearer', 'api-key'),
  'basic.example.test': only('basic', 'session'),
  'strong.example.test': { credentials: ['bearer'], rules: [{ allow: { level: 'aal2' } }] },
  'strong-person.example.test': { credentials: ['session'], rules: [{ allow: { level: 'aal2' } }] },
}

const basic = (name: string, secret: string) => `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`
const jwt = (claims: unknown, signature = 'AAAA') =>
  `${encode({ alg: 'ES256', typ: 'JWT' })}.${encode(claims)}.${signature}`

/** The same question in the words of each proxy. */
const dialects: Record<string, (path: string, host: string) => [path: string, headers: Headers]> = {
  traefik: (path, host) => ['/forward-auth/traefik', asks({ path, host })],
  caddy: (path, host) => ['/forward-auth/caddy', asks({ path, host })],
  haproxy: (path, host) => ['/forward-auth/haproxy', asks({ path, host })],
  nginx: (path, host) => [
    '/forward-auth/nginx',
    { 'x-original-method': 'GET', 'x-original-url': `http://${host}${path}` },
  ],
  envoy: (path, host) => [`/forward-auth/envoy${path}`, { host, 'x-forwarded-proto': 'http' }],
}

/** Of the application: by their form none of ours. */
const foreign: Record<string, Headers> = {
  'a bearer token that the application issued': bearer('issued-by-the-application'),
  'an API key of the application': { 'x-api-key': '0123456789abcdef0123456789abcdef' },
  'a bearer token in lower case': { authorization: 'bearer issued-by-the-application' },
  'an opaque token of 8 kB': bearer(randomBytes(4_096).toString('hex')),
  'a JWT of another issuer': bearer(jwt({ iss: 'https://other.example.test', sub: 'x' })),
  'a JWT without an issuer': bearer(jwt({ sub: 'x' })),
  'a JWT of an issuer that begins like ours': bearer(jwt({ iss: 'http://auth.example.test.other' })),
  'a JWT that is no object': bearer(jwt(null)),
  'three parts that are no JWT': bearer('a.b.c'),
  'Bearer alone': { authorization: 'Bearer' },
  Digest: { authorization: 'Digest username="ada", realm="x", nonce="y", response="z"' },
  Negotiate: { authorization: 'Negotiate YIIabc==' },
  'AWS4-HMAC-SHA256': { authorization: 'AWS4-HMAC-SHA256 Credential=a/b/c, SignedHeaders=host, Signature=d' },
  Token: { authorization: 'Token token="abc"' },
  'a token without a scheme': { authorization: 'abcdef' },
  'Basic of the application': { authorization: basic('ada', 'of-the-application') },
  'several Authorization headers': { authorization: ['Bearer one', basic('x', 'y'), 'Digest z'] },
  'several API keys of the application': { 'x-api-key': ['one', 'two'] },
  'a token and a key': { ...bearer('one'), 'x-api-key': 'two' },
  'an empty key': { 'x-api-key': '' },
}

function asker(service: Service) {
  return (headers: Headers, { host = 'app.example.test', path = '/x', dialect = 'traefik' } = {}) => {
    const [url, question] = dialects[dialect]!(path, host)
    return service.call(url, { headers: { ...question, ...headers } })
  }
}

for (const backend of backends) {
  void test(`credentials on ${backend.name} stores`, async (t) => {
    const service = await startService(t, { backend, yaml: { hosts } })
    const ask = asker(service)
    const status = async (...about: Parameters<typeof ask>) => (await ask(...about)).status
    const ada = await service.createUser()
    const { accessToken, cookie } = await service.signIn(ada)
    const ended = await service.signIn(ada)
    await service.call('/api/auth/logout', { method: 'POST', headers: { cookie: ended.cookie } })
    const { client_id: id, client_secret: secret } = await register(service)

    await t.test('what by its form is the application’s own decides nothing beside a session', async (t) => {
      for (const [what, headers] of Object.entries(foreign)) {
        for (const dialect of Object.keys(dialects)) {
          const answer = await ask({ ...headers, cookie }, { dialect })
          t.match([answer.status, answer.headers['x-auth-subject']], [200, ada.id], `${what}, ${dialect}`)
          for (const name of ['authorization', 'x-api-key']) t.notOk(name in answer.headers, `${what}: ${name}`)
        }
      }
    })
    await t.test('alone it is answered like an invalid one, and beside an ended session', async (t) => {
      for (const [what, headers] of Object.entries(foreign)) {
        for (const dialect of Object.keys(dialects)) {
          t.equal(await status(headers, { dialect }), 401, `${what}, ${dialect}`)
          t.equal(await status({ ...headers, cookie: ended.cookie }, { dialect }), 401, `${what}, ended, ${dialect}`)
        }
        t.equal(await status(headers, { path: '/public/x' }), 200, `${what} where anyone passes`)
        t.equal((await ask(headers)).json().code, 'invalid_access_token', what)
      }
      for (const headers of [{}, { cookie: ended.cookie }]) {
        t.equal((await ask(headers)).json().code, 'unauthorized', 'nothing, or a session that has ended, is no token')
      }
    })
    await t.test('a path that nobody may pass is shut to whoever asks', async (t) => {
      const root = await service.signIn(await service.createUser({ roles: ['admin'] }))
      const answers = [{}, { cookie: root.cookie }, bearer(root.accessToken)].map((one) =>
        ask(one, { path: '/shut/x' }),
      )
      for (const answer of await Promise.all(answers)) {
        t.match([answer.status, answer.json().code], [403, 'forbidden'])
      }
      t.match((await answers[2]!).headers['www-authenticate'], /error="insufficient_scope"/)
    })
    await t.test('one of ours that is invalid decides, whatever else is shown', async (t) => {
      const [head, payload] = accessToken.split('.')
      const ours: Record<string, Headers> = {
        'badly signed': bearer(jwt({ iss: service.issuer })),
        'without a signature': bearer(`${head}.${payload}.`),
        'cut off': bearer(`${head}.${payload}`),
        'with another header': bearer(`${encode({ alg: 'none' })}.${payload}.`),
        'longer than any': bearer(jwt({ iss: service.issuer, more: 'x'.repeat(5_000) })),
        'of an ended session': bearer(ended.accessToken),
        'in lower case': { authorization: `bearer ${ended.accessToken}` },
        'after two spaces': { authorization: `Bearer  ${ended.accessToken}` },
        'a key that nobody has, as a bearer token': bearer(makeApiKey()),
        'a mistyped key': { 'x-api-key': 'ghk_x' },
        'a key that nobody has': { 'x-api-key': makeApiKey() },
        'a key after one of the application': { 'x-api-key': ['one', makeApiKey()] },
        'a key after a token of the application': { ...bearer('one'), 'x-api-key': makeApiKey() },
        'after one of the application': { authorization: ['Bearer one', `Bearer ${ended.accessToken}`] },
        'joined to one of the application': bearer(`one, Bearer ${ended.accessToken}`),
      }
      for (const [what, headers] of Object.entries(ours)) {
        for (const dialect of Object.keys(dialects)) {
          t.equal(await status({ ...headers, cookie }, { dialect }), 401, `${what}, ${dialect}`)
        }
      }
    })
    await t.test(
      'of tokens that were joined so many are looked at as proxies join, and more are an invalid one',
      async (t) => {
        const joined = (count: number) => bearer(Array.from({ length: count }, () => 'a.b').join(', '))
        t.equal(await status({ ...joined(16), cookie }), 200)
        t.equal(await status({ ...joined(17), cookie }), 401)
        t.equal(await status({ ...joined(3_000), cookie }), 401)
        t.equal(
          await status({ ...joined(3_000), cookie }, { host: 'person.example.test' }),
          200,
          'where no bearer token counts',
        )
      },
    )
    await t.test('of several Authorization headers the first of ours decides', async (t) => {
      const [own, invalid] = [`Bearer ${accessToken}`, `Bearer ${ended.accessToken}`]
      const lists: [authorization: string[], status: number][] = [
        [['Digest x', own], 200],
        [['Bearer one', own], 200],
        [[own, 'Bearer one'], 200],
        [['Bearer one', 'Digest a="b", c="d"', own, 'Bearer two'], 200],
        [[own, own], 200],
        [[own, invalid], 200],
        [[invalid, own], 401],
        [['Bearer one', invalid, own], 401],
      ]
      for (const [authorization, expected] of lists) {
        for (const dialect of Object.keys(dialects)) {
          const shown = authorization
            .join(' | ')
            .replaceAll(accessToken, 'own')
            .replaceAll(ended.accessToken, 'invalid')
          t.equal(await status({ authorization }, { dialect }), expected, `${shown}, ${dialect}`)
        }
      }
    })
    await t.test('a host takes those that it names, and no others', async (t) => {
      const program = bearer(accessToken)
      const asClient = { authorization: basic(id, secret) }
      const wrong = { authorization: basic(id, 'wrong') }
      const table: [host: string, headers: Headers, status: number][] = [
        ['person', { cookie }, 200],
        ['person', program, 401],
        ['person', { ...bearer(ended.accessToken), 'x-api-key': makeApiKey(), cookie }, 200],
        ['program', program, 200],
        ['program', { cookie }, 401],
        ['program', { ...bearer(ended.accessToken), cookie }, 401],
        ['basic', asClient, 200],
        ['basic', { ...wrong, cookie }, 401],
        ['basic', { ...bearer(ended.accessToken), cookie }, 200],
        ['basic', program, 401],
        ['app', asClient, 401],
        ['app', { ...wrong, cookie }, 200],
      ]
      for (const [host, headers, expected] of table) {
        const about = `${host}: ${Object.keys(headers).join()}`
        t.equal(await status(headers, { host: `${host}.example.test` }), expected, about)
      }
    })
    await t.test('`proxies.basic` adds Basic where a host names nothing', async (t) => {
      const other = await startService(t, { backend, yaml: { hosts, proxies: { basic: true } } })
      const client = await register(other)
      const signedIn = await other.signIn(await other.createUser())
      const own = { authorization: basic(client.client_id, client.client_secret) }
      const wrong = { authorization: basic(client.client_id, 'wrong'), cookie: signedIn.cookie }
      t.equal((await asker(other)(own)).status, 200)
      t.equal((await asker(other)(wrong)).status, 401)
      t.equal((await asker(other)(own, { host: 'program.example.test' })).status, 401)
      t.equal((await asker(other)(wrong, { host: 'person.example.test' })).status, 200)
    })
    await t.test('where no session counts, nobody is led to sign in again and again', async (t) => {
      const looking = { accept: 'text/html', cookie }
      for (const [host, headers] of [
        ['program.example.test', looking],
        ['strong.example.test', { ...looking, ...bearer(accessToken) }],
      ] as const) {
        for (const dialect of Object.keys(dialects)) {
          const answer = await ask(headers, { host, dialect })
          t.match([answer.status, answer.headers['location']], [401, undefined], `${host}, ${dialect}`)
        }
      }
      for (const [host, headers] of [
        ['app.example.test', bearer('one')],
        ['person.example.test', {}],
        ['strong-person.example.test', { cookie }],
      ] as const) {
        t.equal(await status({ ...headers, accept: 'text/html' }, { host }), 302, `${host}: where it does they are`)
      }
    })
    await t.test('a session that may not is no fault of the application’s token', async (t) => {
      const denied = await ask({ ...bearer('one'), cookie }, { path: '/admin/x' })
      t.match([denied.status, denied.headers['www-authenticate']], [403, undefined])
      const token = await ask(bearer(accessToken), { path: '/admin/x' })
      t.match(
        [token.status, token.headers['www-authenticate']],
        [403, /error="insufficient_scope"/],
        'but of one of ours',
      )
    })
  })
}
