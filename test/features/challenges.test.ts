/** How a 401 says what to authenticate with. Clients are known that read the first challenge alone, and want a bearer token. */
import { request } from 'node:http'
import { test } from 'tap'
import { randomSecret } from '../../src/core/secrets.ts'
import { asks, startService } from '../support/service.ts'

/** The schemes of all challenges of an answer, in their order, however many lines they stand in (RFC 9110 §11.6.1). */
function schemesOf(lines: readonly string[]): string[] {
  const challenge = /(?:^|,\s*)([\w!#$%&'*+.^`|~-]+)(?= |$|,)(?!\s*=)/g
  return lines.flatMap((line) =>
    [...line.replaceAll(/"(\\.|[^"\\])*"/g, '""').matchAll(challenge)].map(([, name]) => name!),
  )
}

void test('the first challenge of every 401 that a bearer token would mend is Bearer', async (t) => {
  const service = await startService(t, { yaml: { proxies: { basic: true } } })
  const send = (path: string, headers: Record<string, string>, method = 'GET') =>
    new Promise<{ status: number; challenges: string[] }>((done, fail) => {
      const sent = request({ port: service.port, host: '127.0.0.1', path, method, headers }, (response) => {
        response.resume()
        const raw = response.rawHeaders
        const lines = raw.filter((_, at) => at % 2 === 1 && raw[at - 1]!.toLowerCase() === 'www-authenticate')
        response.on('end', () => done({ status: response.statusCode!, challenges: schemesOf(lines) }))
      })
      sent.on('error', fail)
      sent.end()
    })
  t.same(schemesOf(['Basic realm="a, Bearer b", Bearer realm="c", error="d"', 'Negotiate']), [
    'Basic',
    'Bearer',
    'Negotiate',
  ])

  const question = asks({ path: '/reports' })
  const nginx = { 'x-original-method': 'GET', 'x-original-url': 'http://app.example.test/reports' }
  const asked: [path: string, headers: Record<string, string>, method?: string][] = [
    ['/forward-auth/traefik', question],
    ['/forward-auth/caddy', question],
    ['/forward-auth/haproxy', question],
    ['/forward-auth/nginx', nginx],
    ['/forward-auth/envoy/reports', { host: 'app.example.test', 'x-forwarded-proto': 'http' }],
    ['/api/users/me', {}],
    ['/api/users/me', {}, 'PATCH'],
    ['/api/users/me/api-keys', {}],
    ['/api/admin/access/explain', {}, 'POST'],
    ['/api/auth/step-up', {}, 'POST'],
  ]
  const shown: Record<string, Record<string, string>> = {
    nothing: {},
    'a token': { authorization: 'Bearer x.y.z' },
    'a key as a bearer': { authorization: `Bearer ghk_${randomSecret()}` },
    'a key': { 'x-api-key': `ghk_${randomSecret()}` },
    'a client’s secret': { authorization: `Basic ${Buffer.from('job:x').toString('base64')}` },
    'another scheme': { authorization: 'Negotiate abc' },
    'a cookie': { cookie: `gatehouse=${randomSecret()}` },
    'two cookies': { cookie: `gatehouse=${randomSecret()}; gatehouse=${randomSecret()}` },
  }
  for (const [path, headers, method] of asked) {
    for (const [what, more] of Object.entries(shown)) {
      const { status, challenges } = await send(path, { ...headers, ...more }, method)
      t.equal(status, 401, `${path} with ${what}`)
      t.equal(challenges[0], 'Bearer', `${path} with ${what}: ${challenges.join()}`)
    }
  }
  const page = await send('/forward-auth/nginx', { ...nginx, accept: 'text/html' })
  t.match(page, { status: 401, challenges: ['Bearer'] }, 'nor does a way to the sign-in page come in place of it')
})
