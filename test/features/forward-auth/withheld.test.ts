/** What of a request's credentials an application gets where its host says `forward: never`. */
import * as fc from 'fast-check'
import { test } from 'tap'
import { makeApiKey } from '../../../src/core/api-key.ts'
import { backends } from '../../support/backends.ts'
import { encode } from '../../support/forgery.ts'
import { register } from '../../support/oauth.ts'
import { type Answer, asks, bearer, type Service, startService } from '../../support/service.ts'

type Headers = Record<string, string | string[]>
interface Credentials {
  cookie?: string
  authorization?: string | string[]
  'x-api-key'?: string | string[]
}

const rules = [
  { paths: ['/public/**'], allow: 'anyone' },
  { paths: ['/cors/**'], methods: ['PUT'], preflight: true, allow: 'signed-in' },
  { paths: ['/admin/**'], allow: { roles: ['admin'] } },
  { allow: 'signed-in' },
]
const hosts = {
  'app.example.test': { forward: 'never', rules },
  'person.example.test': { forward: 'never', credentials: ['session'], rules },
  'program.example.test': { forward: 'never', credentials: ['bearer'], rules },
  'basic.example.test': { forward: 'never', credentials: ['basic', 'session'], rules },
  'told.example.test': { forward: 'never', authorization: 'assertion', rules },
  '*.tenant.example.test': { forward: 'never', rules },
  'open.example.test': { rules },
}

/** The same question in the words of each proxy. */
const dialects: Record<string, (path: string, host: string, method: string) => [path: string, headers: Headers]> = {
  traefik: (path, host, method) => ['/forward-auth/traefik', asks({ path, host, method })],
  caddy: (path, host, method) => ['/forward-auth/caddy', asks({ path, host, method })],
  haproxy: (path, host, method) => ['/forward-auth/haproxy', asks({ path, host, method })],
  nginx: (path, host, method) => [
    '/forward-auth/nginx',
    { 'x-original-method': method, 'x-original-url': `http://${host}${path}` },
  ],
  envoy: (path, host) => [`/forward-auth/envoy${path}`, { host, 'x-forwarded-proto': 'http' }],
}

const names = ['cookie', 'authorization', 'x-api-key'] as const

/** What a proxy that is set up as printed sends to the application, by what it does with an answer. */
function forwarded(dialect: string, shown: Credentials, { headers }: Answer): Credentials {
  const removed = String(headers['x-envoy-auth-headers-to-remove'] ?? '')
    .toLowerCase()
    .split(',')
  return Object.fromEntries(
    names.flatMap((name) => {
      const told = headers[name]
      // Envoy removes last, and leaves alone what is not answered; the others take the answer's, and send no empty one.
      const kept = dialect === 'envoy' ? (removed.includes(name) ? '' : (told ?? shown[name] ?? '')) : (told ?? '')
      return kept === '' ? [] : [[name, [kept].flat().join(', ')]]
    }),
  )
}

function asker(service: Service) {
  return async (dialect: string, shown: Credentials, { host = 'app', path = '/x', method = 'GET', more = {} } = {}) => {
    const [url, question] = dialects[dialect]!(path, `${host}.example.test`, method)
    const asked = dialect === 'envoy' ? { method: method as 'GET' } : {}
    return service.call(url, { ...asked, headers: { ...question, ...shown, ...more } })
  }
}

for (const backend of backends) {
  void test(`\`forward: never\` on ${backend.name} stores`, async (t) => {
    const service = await startService(t, { backend, yaml: { hosts } })
    const ask = asker(service)
    const { cookie, accessToken } = await service.signIn(await service.createUser())
    const { client_id: id, client_secret: secret } = await register(service)
    const asClient = `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`
    const own = `Bearer ${accessToken}`
    const badlySigned = `Bearer ${encode({ alg: 'ES256' })}.${encode({ iss: service.issuer })}.AAAA`
    const key = makeApiKey()
    const foreign = { authorization: 'Basic YWRhOnNlY3JldA==', 'x-api-key': 'app' }

    const withSession: [shown: Credentials, left: Credentials][] = [
      [{ cookie }, {}],
      [{ cookie: `a=b; ${cookie}; c="d; e"` }, { cookie: 'a=b; c="d; e"' }],
      [{ cookie: `${cookie};a=b` }, { cookie: 'a=b' }],
      [{ cookie: `a=b ;; =; ${cookie}` }, { cookie: 'a=b ;; =' }],
      [{ cookie: `a=b; ${cookie}; gatehouse=other; gatehouse=` }, { cookie: 'a=b' }],
      [{ cookie: `gatehouse_refresh=a;gatehouse_device=b;  gatehouse_csrf=c; gatehouse_language=de; ${cookie}` }, {}],
      [
        { cookie: `xgatehouse=a; gatehouse2=b; Gatehouse=c; d=gatehouse=e; gatehouse; ${cookie}` },
        { cookie: 'xgatehouse=a; gatehouse2=b; Gatehouse=c; d=gatehouse=e; gatehouse' },
      ],
      [{ cookie: `${cookie}; a=caf\xe9\t!` }, { cookie: 'a=caf\xe9\t!' }],
      [{ cookie, ...foreign }, { ...foreign }],
      [{ cookie, authorization: 'Bearer of-the-application' }, { authorization: 'Bearer of-the-application' }],
      [{ cookie, authorization: 'DPoP of-the-application' }, { authorization: 'DPoP of-the-application' }],
      [{ cookie, authorization: ['Digest a="b, c"', 'Token d'] }, { authorization: 'Digest a="b, c", Token d' }],
    ]

    await t.test('the session cookie goes, and everything else stays byte for byte', async (t) => {
      for (const dialect of Object.keys(dialects)) {
        for (const host of ['app', 'person', 'shop.tenant']) {
          for (const [shown, left] of withSession) {
            const answer = await ask(dialect, shown, { host })
            t.equal(answer.status, 200)
            t.same(forwarded(dialect, shown, answer), left, `${dialect}, ${host}: ${JSON.stringify(shown)}`)
          }
        }
      }
    })

    await t.test('a token and a key go where they count, whether or not they decide', async (t) => {
      const rest = { cookie: 'a=b' }
      const all = { cookie: `a=b; ${cookie}`, authorization: own, 'x-api-key': key }
      const cases: [host: string, path: string, shown: Credentials, left: Credentials][] = [
        ['app', '/x', all, rest],
        ['app', '/x', { ...all, authorization: own.replace('Bearer', 'bearer') }, rest],
        ['app', '/x', { authorization: ['Digest x', own] }, { authorization: 'Digest x' }],
        ['app', '/public/x', all, rest],
        ['app', '/public/x', { ...all, authorization: badlySigned }, rest],
        ['app', '/public/x', { authorization: `Bearer ${key}` }, {}],
        ['app', '/public/x', { authorization: `Digest x, Bearer ${key}`, 'x-api-key': `app, ${key}` }, {}],
        ['app', '/public/x', { 'x-api-key': ['app', key] }, { 'x-api-key': 'app' }],
        ['app', '/public/x', { authorization: asClient }, { authorization: asClient }],
        ['person', '/x', all, { ...rest, authorization: own, 'x-api-key': key }],
        ['program', '/x', all, { ...rest, 'x-api-key': key }],
        ['basic', '/x', { ...all, authorization: asClient }, { ...rest, 'x-api-key': key }],
        ['basic', '/public/x', foreign, { 'x-api-key': 'app' }],
        ['basic', '/x', all, { ...rest, authorization: own, 'x-api-key': key }],
        ['app', '/public/x', {}, {}],
      ]
      for (const dialect of Object.keys(dialects)) {
        for (const [host, path, shown, left] of cases) {
          const answer = await ask(dialect, shown, { host, path })
          t.equal(answer.status, 200)
          const about = `${dialect}, ${host}${path}: ${Object.keys(shown).join()}`
          t.same(forwarded(dialect, shown, answer), left, about)
        }
        const told = await ask(dialect, all, { host: 'told' })
        const { authorization, ...others } = forwarded(dialect, all, told)
        t.same(others, rest)
        t.match(authorization, /^Bearer [^,]+$/, 'one assertion')
        t.not(authorization, own)
      }
    })

    await t.test('so it is for preflights', async (t) => {
      const more = { origin: 'https://spa.example.test', 'access-control-request-method': 'PUT' }
      for (const dialect of Object.keys(dialects)) {
        const shown = { cookie: `a=b; ${cookie}` }
        const answer = await ask(dialect, shown, { path: '/cors/x', method: 'OPTIONS', more })
        t.equal(answer.status, 200)
        t.same(forwarded(dialect, shown, answer), { cookie: 'a=b' })
      }
    })

    await t.test(
      'a proxy that copies finds each of the headers, but Traefik, which would pass on an empty one',
      async (t) => {
        const present = async (dialect: string, host: string) => {
          const { headers } = await ask(dialect, {}, { host, path: '/public/x' })
          return names.filter((name) => name in headers)
        }
        for (const dialect of ['caddy', 'haproxy', 'nginx']) t.same(await present(dialect, 'app'), names)
        t.same(await present('traefik', 'app'), [])
        for (const dialect of Object.keys(dialects)) {
          t.same(await present(dialect, 'open'), [], 'elsewhere none is answered')
        }
      },
    )

    await t.test('an answer that denies holds none of them', async (t) => {
      for (const dialect of Object.keys(dialects)) {
        for (const [path, shown] of [
          ['/admin/x', { cookie: `a=b; ${cookie}` }],
          ['/x', { cookie: 'a=b', authorization: own.slice(0, -9), 'x-api-key': key }],
        ] as const) {
          const { status, headers } = await ask(dialect, shown, { path })
          t.ok(status === 401 || status === 403)
          t.same(
            names.filter((name) => name in headers),
            [],
          )
        }
      }
    })

    await t.test('whatever else a browser has', async (t) => {
      const value = fc.string({ unit: fc.constantFrom(...'ab=, "%'), maxLength: 12 })
      const pair = fc
        .tuple(fc.constantFrom('a', 'gatehous', 'gatehouse_', 'gatehouse2', 'b'), value)
        .map((two) => two.join('='))
      const mine = fc.constantFrom(cookie, 'gatehouse=x y', 'gatehouse_refresh=1', 'gatehouse_csrf=2')
      const cookies = fc.array(fc.oneof(pair, mine), { maxLength: 8 })
      await fc.assert(
        fc.asyncProperty(cookies, async (list) => {
          const answer = await ask('caddy', { cookie: list.join('; ') }, { path: '/public/x' })
          const left = list.filter((one) => !/^gatehouse(_refresh|_csrf)?=/.test(one))
          // A parser of headers drops what stands around them.
          t.equal(answer.headers['cookie'], left.join('; ').trim(), list.join('; '))
        }),
        { numRuns: 200 },
      )
    })
  })
}

void test('`forward: never` knows the cookies by the names that they have', async (t) => {
  for (const [environment, sessions, prefixed] of [
    [{ GATEHOUSE_ISSUER: 'https://auth.example.test' }, 'gatehouse', '__Host-gatehouse'],
    [
      { GATEHOUSE_ISSUER: 'https://auth.example.test', GATEHOUSE_COOKIE_DOMAIN: 'example.test' },
      'staging.2',
      '__Secure-staging.2',
    ],
  ] as const) {
    const service = await startService(t, { environment, yaml: { hosts, sessions: { cookie_name: sessions } } })
    const cookie = `a=b; ${prefixed}=x; __Host-${sessions}_refresh=y; ${sessions}=c; staging-2=d; __Host-other=e`
    const answer = await asker(service)('caddy', { cookie }, { path: '/public/x' })
    t.equal(answer.headers['cookie'], `a=b; ${sessions}=c; staging-2=d; __Host-other=e`)
  }
})

void test('a session’s several lines of cookies arrive as one', async (t) => {
  const service = await startService(t, { yaml: { hosts } })
  const answer = await asker(service)(
    'caddy',
    { cookie: ['a=b', 'gatehouse=x', 'c=d'] as never, ...bearer('x') },
    { path: '/public/x' },
  )
  t.match(answer.headers, { cookie: 'a=b; c=d', authorization: 'Bearer x' })
})
