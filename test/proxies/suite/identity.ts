/** Who it is reaches the application, and nothing that only looks like it. */
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'
import type { Test } from 'tap'
import { clientClaims } from '../../../src/features/forward-auth/claimed-headers.ts'
import { identityHeaderNames, knownIdentityNames } from '../../../src/features/forward-auth/header-presets.ts'
import { bearer } from '../../support/service.ts'
import { valuesOf } from '../../support/upstream.ts'
import { appHost, customHost, handshake, identityOf, networkHost, type Scene } from './scene.ts'

export async function identityTests(t: Test, scene: Scene): Promise<void> {
  const { traits, port, service, ada, bob, adaIn, asAda, asBob, bobLine, call, raw, during } = scene

  await t.test('token and cookie both bring the verified identity to the application', async (t) => {
    const jwks = createLocalJWKSet((await service.call('/.well-known/jwks.json')).json<JSONWebKeySet>())
    for (const headers of [asAda, { cookie: `theme=dark; ${adaIn.cookie}` }]) {
      const [request] = await during(async () => t.equal((await call('/admin/users?page=2', { headers })).status, 200))
      t.match(request, { method: 'GET', url: '/admin/users?page=2' })
      const value = (name: string) => valuesOf(request!, name).join(' AND ')
      const assertion = value('X-Auth-Assertion')
      const { payload } = await jwtVerify(assertion, jwks, {
        issuer: service.issuer,
        audience: `http://${appHost}:${port}`,
        typ: 'identity-assertion+jwt',
        currentDate: new Date(service.clock.now()),
      })
      t.equal(payload.exp! - payload.iat!, 60)
      t.match(payload, { sub: ada.id, email: ada.email, roles: ['admin', 'editor'], acr: 'aal1' })
      // A user of the service's own pages has no scopes.
      t.strictSame(Object.fromEntries(identityHeaderNames.map((name) => [name, value(name)])), {
        'X-Auth-Subject': ada.id,
        'X-Auth-Kind': 'user',
        'X-Auth-Email': ada.email,
        'X-Auth-Name': 'Ada%2C Countess of Lovelace',
        'X-Auth-Roles': 'admin,editor',
        'X-Auth-Scopes': '',
        'X-Auth-Client': 'gatehouse',
        'X-Auth-Session': payload['sid'],
        'X-Auth-Level': 'aal1',
        'X-Auth-Assertion': assertion,
        'X-Auth-Shortened': '',
      })
    }
  })

  await t.test('a client’s token brings the client, with its scopes', async (t) => {
    const { client_id, client_secret } = await service.operate('POST', '/clients', {
      ...{ name: 'Reports', grants: ['client_credentials'], scopes: ['reports:read'] },
      ...{ redirect_uris: [], audiences: [], public: false },
    })
    const form = { grant_type: 'client_credentials', client_id, client_secret }
    const token = (await service.call('/oauth/token', { method: 'POST', form })).json().access_token
    const [request] = await during(() => call('/reports', { headers: bearer(token) }))
    t.same(valuesOf(request!, 'X-Auth-Kind'), ['client'])
    t.same(valuesOf(request!, 'X-Auth-Client'), [client_id])
    t.same(valuesOf(request!, 'X-Auth-Scopes'), ['reports:read'])
  })

  await t.test('a host that wants an address for a user name gets it, and never the client’s own', async (t) => {
    const spoofed = { 'remote-user': 'spoofed', 'remote-email': 'spoofed', remote_user: 'spoofed', 'x-auth-email': 'x' }
    const headers = { host: `${networkHost}:${port}`, ...spoofed, ...asAda }
    const [request] = await during(async () => t.equal((await call('/x', { headers })).status, 200))
    const told = ['Remote-User', 'Remote-Email', 'Remote-Groups', 'X-Auth-Email'].map((name) =>
      valuesOf(request!, name),
    )
    t.same(told.map(String), [ada.email, ada.email, 'admin,editor', ''])
  })

  await t.test('a host of a wildcard gets its own headers, and the assertion as Authorization', async (t) => {
    const host = `${customHost}:${port}`
    const headers = { host, cookie: adaIn.cookie, 'x-user-id': 'spoofed', x_user_id: 'spoofed' }
    const [request] = await during(async () => t.equal((await call('/x', { headers })).status, 200))
    t.same(identityOf(request!), ['x-user-id: ' + ada.id, 'x-user-roles: admin,editor'])
    const [given = ''] = valuesOf(request!, 'Authorization')
    const claims = JSON.parse(Buffer.from(given.split('.')[1] ?? '', 'base64url').toString())
    t.match(claims, { aud: `http://${host}`, sub: ada.id })
    const [open] = await during(() => call('/public/x', { headers: { ...headers, ...asBob } }))
    t.same([...identityOf(open!), ...valuesOf(open!, 'Authorization').filter(Boolean)], [])
    const deeper = { host: `a.${customHost}:${port}`, ...asAda }
    t.same(
      await during(async () => {
        const { status } = await call('/x', { headers: deeper })
        t.ok(status >= 400 && status < 500, `two labels: ${status}`)
      }),
      [],
    )
  })

  await t.test('no spelling of an identity header that a client sends reaches the application', async (t) => {
    const spellings = identityHeaderNames.flatMap((name) => [
      ...[name, name, name.toUpperCase(), name.toLowerCase()],
      ...[name.replaceAll('-', '_'), name.toUpperCase().replaceAll('-', '_'), name.replace(/-(?=[^-]*$)/, '_')],
      ...[name.replaceAll('-', '.')],
    ])
    // One name stands for all: proxies bound the number of headers.
    spellings.push(...Array.from("!#$%&'+^|~", (character) => `X${character}Auth${character}Subject`))
    const lines = spellings.map((name) => `${name}: spoofed`)
    const [open] = await during(async () => t.equal((await raw('/public/x', lines)).status, 200))
    t.same(identityOf(open!), [], 'where nobody signed in, none is left')
    const [clean] = await during(() => raw('/reports', [bobLine]))
    const [spoofed] = await during(async () => t.equal((await raw('/reports', [...lines, bobLine])).status, 200))
    t.same(identityOf(spoofed!), identityOf(clean!), 'where somebody did, only what was verified')
    t.ok(identityOf(clean!).includes(`x-auth-subject: ${bob.id}`))

    for (const line of [
      'X-Auth-Subject : spoofed',
      'X-Other: a\r\n X-Auth-Subject: spoofed',
      ' X-Auth-Subject: spoofed',
      'X-Auth-Subject\t: spoofed',
    ]) {
      const passed = await during(() => raw('/public/x', [line]))
      t.same(passed.flatMap(identityOf), [], line)
    }
  })

  await t.test('nor does a name by which other programs tell who it is', async (t) => {
    const lines = knownIdentityNames.map((name) => `${name}: spoofed`)
    const [open] = await during(async () => t.equal((await raw('/public/x', lines)).status, 200))
    const arrived = (request: typeof open) => request!.headers.filter(([, value]) => value.includes('spoofed'))
    t.same(arrived(open), [])
    const [known] = await during(async () => t.equal((await raw('/reports', [...lines, bobLine])).status, 200))
    t.same(arrived(known), [])
  })

  await t.test('nor does one that comes as a trailer', async (t) => {
    for (const declared of [['Trailer: X-Auth-Subject'], []]) {
      const trailers = { method: 'POST', body: '1\r\na\r\n0\r\nX-Auth-Subject: spoofed\r\n\r\n' }
      const passed = await during(() => raw('/public/x', ['Transfer-Encoding: chunked', ...declared], trailers))
      t.same(passed.flatMap(identityOf), [])
      t.same(
        passed.map(({ body }) => body),
        traits.refusesChunks ? [] : [Buffer.from('a').toString('base64')],
      )
    }
  })

  await t.test('a Connection header that names other headers removes none of them', async (t) => {
    const mine = [
      'X-Original-URL',
      'X-Original-Method',
      'X-Forwarded-Uri',
      'X-Forwarded-For',
      'Cookie',
      'Authorization',
    ]
    const hops: [names: string, mine: boolean][] = [
      [[...identityHeaderNames, ...mine].join(', '), true],
      ['X-Auth-Subject', false],
      ['close, X-Auth-Subject', false],
    ]
    for (const [hop, namesCredential] of hops) {
      const lines = [`Connection: ${hop}`, 'Connection: X-Auth-Roles']
      const expected = namesCredential ? traits.namesCredential : 200
      const [request] = await during(async () => t.equal((await raw('/reports', [...lines, bobLine])).status, expected))
      if (expected === 200) t.same(valuesOf(request!, 'X-Auth-Subject'), [bob.id])
      else t.equal(request, undefined)
      const through = await during(async () => {
        const denied = expected === 200 ? 403 : expected
        t.equal((await raw('/admin/x', [...lines, bobLine])).status, denied)
        t.equal((await raw('/admin/x', lines)).status, expected === 400 ? 400 : 401)
      })
      t.same(through, [])
    }
    // An upgrade that is real, and names more than itself.
    const upgrade = [...handshake, 'Connection: Upgrade, X-Auth-Subject, Cookie']
    const denial = traits.namesCredential === 401 ? 401 : 403
    t.equal((await raw('/admin/x', [...upgrade, `Cookie: ${scene.bobIn.cookie}`])).status, denial)
  })

  await t.test('what a client says about its own request changes no decision, and is not passed on', async (t) => {
    const claims: Record<string, string> = {
      ...Object.fromEntries(clientClaims.map((name) => [name.toLowerCase(), 'spoofed'])),
      'x-original-url': `http://${appHost}:${port}/public/x`,
      'x-original-uri': '/public/x',
      'x-original-method': 'HEAD',
      'x-rewrite-url': '/public/x',
      'x-forwarded-uri': '/public/x',
      'x-forwarded-method': 'HEAD',
      'x-forwarded-host': `${appHost}:${port}`,
      'x-forwarded-proto': 'https',
      'x-forwarded-for': '198.51.100.1',
      'x-forwarded-prefix': '/public',
      'x-http-method-override': 'HEAD',
      'x-edge-secret': 'guessed',
      'x-real-ip': '198.51.100.1',
      forwarded: 'for=198.51.100.1;host=evil.example;proto=https',
    }
    // In two parts: proxies bound the number of headers.
    const names = Object.keys(claims)
    const doubled = [names.slice(0, names.length / 2), names.slice(names.length / 2)].map((part) =>
      Object.fromEntries(part.map((name) => [name, [claims[name]!, claims[name]!]])),
    )
    for (const headers of [claims, ...doubled, { x_original_url: '/public/x' }]) {
      const denied = await during(async () => {
        t.equal((await call('/admin/x', { headers: { ...headers, ...asBob } })).status, 403)
        t.equal((await call('/read-only/x', { method: 'POST', headers: { ...headers, ...asBob } })).status, 403)
        t.equal((await call('/reports', { headers })).status, 401)
      })
      t.same(denied, [])
    }
    const arrived = new Set<string>()
    for (const headers of doubled) {
      const [request] = await during(() => call('/reports', { headers: { ...headers, ...asBob } }))
      for (const name of names) for (const value of valuesOf(request!, name)) arrived.add(`${name}: ${value}`)
    }
    // Traefik tells these two itself, and Envoy the address that it saw.
    const own = /^(x-forwarded-port: \d+|x-forwarded-server: (?!spoofed).*|x-envoy-external-address: 127\.0\.0\.1)$/
    const left = [...arrived].filter((line) => !own.test(line))
    t.same(left.toSorted(), [
      'x-forwarded-for: 127.0.0.1',
      `x-forwarded-host: ${appHost}:${port}`,
      'x-forwarded-proto: http',
      'x-real-ip: 127.0.0.1',
    ])
  })
}
