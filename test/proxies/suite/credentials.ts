/** Credentials of the application's own arrive as they were sent; those of ours do not, where the host says so. */
import type { Test } from 'tap'
import { makeApiKey } from '../../../src/core/api-key.ts'
import { createProver } from '../../support/dpop.ts'
import { startProxy } from '../../support/proxies.ts'
import { sendRaw } from '../../support/raw.ts'
import { freePort } from '../../support/servers.ts'
import { register } from '../../support/oauth.ts'
import { startService } from '../../support/service.ts'
import { type Arrived, startUpstream, valuesOf } from '../../support/upstream.ts'
import { authHost, handshake, type Traits } from './scene.ts'

const rules = [
  { paths: ['/public/**'], allow: 'anyone' },
  { paths: ['/cors/**'], methods: ['PUT'], preflight: true, allow: 'signed-in' },
  { allow: 'signed-in' },
]
const settings = {
  'app.example.test': { rules },
  'person.example.test': { credentials: ['session'], rules },
  'kept.example.test': { forward: 'never', rules },
  'kept-person.example.test': { credentials: ['session'], forward: 'never', rules },
  'kept-program.example.test': { credentials: ['bearer'], forward: 'never', rules },
  'kept-basic.example.test': { credentials: ['basic', 'session'], forward: 'never', rules },
  'kept-told.example.test': { authorization: 'assertion', forward: 'never', rules },
}

/** None of ours, by their form. */
const basic = 'Basic YWRhOnNlY3JldA=='
const ofApplications: Record<string, string[]> = {
  Authorization: [
    ...[basic, 'Bearer issued-by-the-application', 'bearer  x', 'Token token="a", b=\'c\''],
    ...['Digest username="ada", realm="a;b", uri="/x?y=z", response="{http.request.uri}"', 'AWS4-HMAC-SHA256 a=b/c, d'],
  ],
  'X-API-Key': ['0123456789abcdef0123456789abcdef', 'a b, "c"; d=$host %[src] {http.request.host}', 'caf\xe9'],
  Cookie: [
    'theme=dark',
    'a="b c, d"; A=1; a=2;b=3 ; c; =d; e==f=',
    'x={http.request.uri}; y=$host; z=%[src]; n=caf\xe9; m=%20;',
    `large=${'0123456789abcdef'.repeat(448)}`,
  ],
}

export async function credentialTests(t: Test, traits: Traits): Promise<void> {
  const [port, upstream] = [await freePort(), await startUpstream(t)]
  const hosts = Object.fromEntries(Object.entries(settings).map(([host, own]) => [`${host}:${port}`, own]))
  const issuer = `http://${authHost}:${port}`
  const service = await startService(t, { yaml: { hosts }, environment: { GATEHOUSE_ISSUER: issuer } })
  await startProxy(t, traits.name, {
    ...{ release: traits.release, port, servicePort: service.port, upstreamPort: upstream.port, hosts, issuer },
  })
  const { cookie, accessToken } = await service.signIn(await service.createUser())
  const client = await register(service)
  const asClient = `Basic ${Buffer.from(`${client.client_id}:${client.client_secret}`).toString('base64')}`

  /** What of the credentials in these lines arrives at the application of a host. */
  async function arriving(host: string, lines: string[], path = '/x', method = 'GET') {
    const before = upstream.arrived.length
    const head = [`${method} ${path} HTTP/1.1`, `Host: ${host}.example.test:${port}`, ...lines]
    const { status } = await sendRaw(port, [...head, 'Connection: close', '', ''].join('\r\n'))
    const [request] = upstream.arrived.slice(before)
    return { status, ...credentialsOf(request) }
  }

  await t.test(
    'a token that is bound to a key passes with a proof for the URL that the client asks, once',
    async (t) => {
      const prover = await createProver(service.clock)
      const form = { grant_type: 'client_credentials', ...client }
      const dpop = await prover.prove({ url: `${issuer}/oauth/token` })
      const { access_token: token } = (
        await service.call('/oauth/token', { method: 'POST', form, headers: { dpop } })
      ).json()
      for (const host of ['app', 'kept']) {
        const url = `http://${host}.example.test:${port}/a/b`
        const proof = await prover.prove({ method: 'PUT', url, token })
        const lines = [`Authorization: DPoP ${token}`, `DPoP: ${proof}`]
        const passed = await arriving(host, lines, '/a/b?x=1', 'PUT')
        t.equal(passed.status, 200, host)
        t.same(passed.Authorization, host === 'kept' ? [] : [`DPoP ${token}`], host)
        t.equal((await arriving(host, lines, '/a/b?x=1', 'PUT')).status, 401, `${host}: a replay`)
        const elsewhere = await prover.prove({ method: 'PUT', url, token })
        const moved = [`Authorization: DPoP ${token}`, `DPoP: ${elsewhere}`]
        t.equal((await arriving(host, moved, '/a/c', 'PUT')).status, 401, `${host}: another path`)
        t.equal((await arriving(host, [`Authorization: Bearer ${token}`])).status, 401, `${host}: as Bearer`)
      }
      const head = [`GET /x HTTP/1.1`, `Host: app.example.test:${port}`, `Authorization: DPoP ${token}`, 'DPoP: x']
      const { head: denied } = await sendRaw(port, [...head, 'Connection: close', '', ''].join('\r\n'))
      t.match(denied, /^www-authenticate: DPoP .*error="invalid_dpop_proof", algs="/im)
    },
  )

  await t.test('what is the application’s own arrives byte for byte, whatever the host', async (t) => {
    for (const host of ['app', 'person', 'kept', 'kept-person', 'kept-told']) {
      for (const [name, values] of Object.entries(ofApplications)) {
        // The assertion stands in its place.
        if (host === 'kept-told' && name === 'Authorization') continue
        for (const value of values) {
          const [shown, others] =
            name === 'Cookie' ? [`${value.replace(/;$/, '')}; ${cookie}`, []] : [value, [`Cookie: ${cookie}`]]
          const arrived = await arriving(host, [`${name}: ${shown}`, ...others])
          const expected = host.startsWith('kept') ? shown.replace(`; ${cookie}`, '') : shown
          t.equal(arrived.status, 200)
          t.same(arrived[name as 'Cookie'], [expected], `${host}: ${value.slice(0, 60)}`)
        }
      }
    }
  })

  const bearer = `Authorization: Bearer ${accessToken}`
  const key = makeApiKey()
  const session = `Cookie: theme=dark; ${cookie}; lang=en`
  const left = ['theme=dark; lang=en']

  await t.test('without a word about it all of ours is passed on too', async (t) => {
    t.same(await arriving('app', [session, 'X-API-Key: app']), {
      status: 200,
      Cookie: [session.slice(8)],
      Authorization: [],
      'X-API-Key': ['app'],
    })
    t.same(await arriving('person', [session, bearer, `X-API-Key: ${key}`]), {
      status: 200,
      Cookie: [session.slice(8)],
      Authorization: [bearer.slice(15)],
      'X-API-Key': [key],
    })
  })

  await t.test('with `forward: never` what counts is kept from the application, and all else is not', async (t) => {
    const all = [session, bearer, `X-API-Key: ${key}`]
    const foreign = [`Authorization: ${basic}`, 'X-API-Key: app']
    const none = { Cookie: [], Authorization: [], 'X-API-Key': [] }
    const cases: [host: string, lines: string[], arrived: object, path?: string][] = [
      ['kept', [`Cookie: ${cookie}`], none],
      ['kept', [`Cookie: ${cookie};a=b; ${cookie}; gatehouse=other`], { ...none, Cookie: ['a=b'] }],
      [
        'kept',
        ['Cookie: a=b; gatehouse_refresh=x; gatehouse_device=y; gatehouse_csrf=z; gatehouse2=c', bearer],
        { ...none, Cookie: ['a=b; gatehouse2=c'] },
      ],
      ['kept', all, { ...none, Cookie: left }],
      ['kept', [session, ...foreign], { Cookie: left, Authorization: [basic], 'X-API-Key': ['app'] }],
      ['kept', [bearer, 'X-API-Key: app'], { ...none, 'X-API-Key': ['app'] }],
      ['kept', [bearer.toLowerCase().slice(0, 22) + accessToken], none],
      ['kept', all, { ...none, Cookie: left }, '/public/x'],
      ['kept', [session, `Authorization: Digest x, Bearer ${key}`], { ...none, Cookie: left }, '/public/x'],
      ['kept', [session, ...foreign], { Cookie: left, Authorization: [basic], 'X-API-Key': ['app'] }, '/public/x'],
      ['kept', [], none, '/public/x'],
      ['kept-person', all, { Cookie: left, Authorization: [bearer.slice(15)], 'X-API-Key': [key] }],
      ['kept-program', all, { ...none, Cookie: left, 'X-API-Key': [key] }],
      ['kept-basic', [`Authorization: ${asClient}`, 'X-API-Key: app'], { ...none, 'X-API-Key': ['app'] }],
      ['kept-basic', [`Authorization: ${asClient}`], none, '/public/x'],
      ['kept-basic', [session, bearer], { ...none, Cookie: left, Authorization: [bearer.slice(15)] }],
    ]
    for (const [host, lines, expected, path = '/x'] of cases) {
      const about = `${host}${path}: ${lines.map((line) => line.slice(0, 30)).join(' | ')}`
      t.same(await arriving(host, lines, path), { status: 200, ...expected }, about)
    }
    const told = await arriving('kept-told', all)
    t.match(told, { status: 200, Cookie: left, 'X-API-Key': [] })
    t.match(told.Authorization, [/^Bearer eyJ/])
    t.notMatch(told.Authorization, accessToken)
  })

  await t.test('nor does it arrive in one of several lines', async (t) => {
    const several: [lines: string[], left: object][] = [
      [['cookie: a=b', `COOKIE: ${cookie}`, 'Cookie: c=d'], { Cookie: ['a=b; c=d'] }],
      [[`X-API-Key: ${key}`, 'X-API-Key: app'], { 'X-API-Key': ['app'] }],
      [['Authorization: Digest x', bearer], { Authorization: ['Digest x'] }],
    ]
    for (const [lines, left] of several) {
      const arrived = await arriving('kept', lines, '/public/x')
      const text = JSON.stringify(arrived)
      for (const secret of [cookie, key, accessToken]) t.notMatch(text, secret)
      // nginx refuses several of these, and Envoy makes one line of them.
      const isOneOnly = 'Authorization' in left
      if (traits.name === 'nginx' && isOneOnly) t.equal(arrived.status, 400)
      else if (traits.name === 'envoy' && isOneOnly) t.match(arrived, { status: 200, Authorization: [] })
      else t.match(arrived, { status: 200, ...left })
    }
    t.match(await arriving('kept', several[0]![0]), { status: 200, ...several[0]![1] }, 'and the session in it counts')
  })

  await t.test('so it is for preflights and WebSockets', async (t) => {
    const preflight = ['Origin: https://spa.example.test', 'Access-Control-Request-Method: PUT', session]
    t.match(await arriving('kept', preflight, '/cors/x', 'OPTIONS'), { status: 200, Cookie: left })
    const before = upstream.arrived.length
    const head = ['GET /x HTTP/1.1', `Host: kept.example.test:${port}`, session, ...handshake, 'Connection: Upgrade']
    t.equal((await sendRaw(port, [...head, '', ''].join('\r\n'))).status, 101)
    t.same(valuesOf(upstream.arrived[before]!, 'Cookie'), left)
  })
}

function credentialsOf(request: Arrived = { method: '', url: '', headers: [], body: '' }) {
  // Several lines say what one line says in which they are joined.
  const joined = (name: string, separator: string) => {
    const values = valuesOf(request, name)
    return values.length > 1 ? [values.join(separator)] : values
  }
  return {
    Cookie: joined('Cookie', '; '),
    Authorization: valuesOf(request, 'Authorization'),
    'X-API-Key': valuesOf(request, 'X-API-Key'),
  }
}
