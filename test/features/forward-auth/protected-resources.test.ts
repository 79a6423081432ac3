/** What programs are told of a protected host (RFC 9728): by a 401 where the metadata is, and there which server gives tokens. */
import { test } from 'tap'
import { asks, bearer, startService } from '../../support/service.ts'

const wellKnown = '/.well-known/oauth-protected-resource'
const rules = [
  { paths: ['/public/**'], allow: 'anyone' },
  { paths: ['/admin/**'], allow: { roles: ['admin'] } },
  { allow: 'signed-in' },
]
const hosts = {
  'app.example.test': { title: 'Reports', encoded: ['slash'], rules },
  'tools.example.test': { rules },
  'people.example.test': { credentials: ['session'], rules },
}

void test('programs find the authorization server of a protected host', async (t) => {
  const service = await startService(t, { yaml: { hosts } })
  const ask = (host: string, path: string, headers = {}, dialect = '/forward-auth') =>
    service.call(dialect, { headers: { ...asks({ host, path }), ...headers } })
  /** As a proxy leads it here. */
  const read = (host: string, path: string, headers = {}) =>
    service.call(path, { headers: { host, 'x-forwarded-host': host, 'x-forwarded-proto': 'http', ...headers } })
  const named = (challenge: unknown) => /resource_metadata="([^"]+)"/.exec(String(challenge))?.[1]

  await t.test('69: a 401 of forward-auth names the metadata of the resource, in every dialect', async (t) => {
    for (const path of ['/', '/mcp', '/mcp/a%20b/', '/files/x?year=2026']) {
      const answer = await ask('app.example.test', path)
      t.equal(answer.status, 401)
      const url = `http://app.example.test${wellKnown}${path === '/' ? '' : path.split('?')[0]!}`
      t.equal(answer.headers['www-authenticate'], `Bearer realm="gatehouse", resource_metadata="${url}"`)
    }
    const nginx = { 'x-original-method': 'GET', 'x-original-url': 'http://app.example.test/mcp' }
    const byNginx = await service.call('/forward-auth/nginx', { headers: nginx })
    t.equal(named(byNginx.headers['www-authenticate']), `http://app.example.test${wellKnown}/mcp`)
    const headers = { host: 'app.example.test', 'x-forwarded-proto': 'http' }
    const byEnvoy = await service.call('/forward-auth/envoy/mcp', { headers })
    t.equal(named(byEnvoy.headers['www-authenticate']), `http://app.example.test${wellKnown}/mcp`)
    const invalid = await ask('app.example.test', '/mcp', bearer('not-a-token'))
    t.match(invalid.headers['www-authenticate'], /error="invalid_token", resource_metadata="/)
  })

  await t.test('so does a 403 whose reason is the token', async (t) => {
    const { accessToken } = await service.signIn(await service.createUser())
    const answer = await ask('app.example.test', '/admin/x', { ...bearer(accessToken), accept: 'application/json' })
    t.match(
      [answer.status, answer.headers['www-authenticate']],
      [403, /error="insufficient_scope", resource_metadata="/],
    )
  })

  await t.test('the metadata names as its resource the URL that was asked for (RFC 9728, section 3.3)', async (t) => {
    for (const path of ['', '/mcp', '/mcp/a%20b/', '/a%2Fb']) {
      const answer = await read('app.example.test', `${wellKnown}${path}?x=1`)
      t.equal(answer.status, 200, path)
      t.match(answer.headers, {
        'content-type': /^application\/json/,
        'cache-control': 'public, max-age=300',
        'access-control-allow-origin': '*',
      })
      t.same(answer.json(), {
        resource: `http://app.example.test${path}`,
        authorization_servers: [service.issuer],
        bearer_methods_supported: ['header'],
        dpop_signing_alg_values_supported: ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA', 'Ed25519'],
        resource_name: 'Reports',
      })
    }
    t.equal((await read('tools.example.test:80', wellKnown)).json().resource, 'http://tools.example.test')
    const { headers } = await read('app.example.test', wellKnown)
    const known = await read('app.example.test', wellKnown, { 'if-none-match': String(headers['etag']) })
    t.equal(known.status, 304)
  })

  await t.test(
    'nothing is told of hosts that are not protected, or take no tokens, nor of targets with two meanings',
    async (t) => {
      for (const host of ['unknown.example.test', 'people.example.test', 'auth.example.test']) {
        t.equal((await read(host, wellKnown)).status, 404, host)
      }
      t.notMatch((await ask('people.example.test', '/x')).headers['www-authenticate'], /resource_metadata/)
      for (const path of ['/../admin', '/%2e%2e/admin', '//x', '/x;y', '/%C0%AF']) {
        const { status } = await read('app.example.test', wellKnown + path)
        t.ok(status === 404 || status === 400, `${path}: ${status}`)
      }
    },
  )

  await t.test('a proxy that asks about the metadata, in place of leading there, is told so', async (t) => {
    const answer = await ask('app.example.test', `${wellKnown}/mcp`)
    t.match(answer, { status: 403 })
    t.match(answer.json().detail, /must lead \/\.well-known\/oauth-protected-resource of this host/)
  })
})
