/** How the module for scripts of applications is served, and to whose pages. */
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { test } from 'tap'
import { isSameSite } from '../../src/cookie-domain.ts'
import { startService, withoutContent } from '../support/service.ts'

const file = (name: string) => readFileSync(new URL(`../../src/browser/${name}`, import.meta.url), 'utf8')
const allowed = ({ headers }: { headers: Record<string, unknown> }) => [
  headers['access-control-allow-origin'],
  headers['access-control-allow-credentials'],
]

void test('the module has at most 5 kB when it is compressed', async (t) => {
  t.ok(gzipSync(file('gatehouse.js')).length <= 5_000)
})

void test('the module and its types', async (t) => {
  const [near, far] = ['http://app.example.test:5173', 'http://shop.example.net']
  const { call } = await startService(t, { yaml: { cors: { origins: [near, far] } } })

  for (const [name, type] of [
    ['gatehouse.js', 'text/javascript; charset=utf-8'],
    ['gatehouse.d.ts', 'text/plain; charset=utf-8'],
  ] as const) {
    const path = `/${name}`
    await t.test(`${name} comes as it stands in the source, and is kept for five minutes`, async (t) => {
      const answer = await call(path)
      t.equal(answer.body, file(name))
      t.match(answer.headers, {
        'content-type': type,
        'cache-control': 'public, max-age=300',
        'x-content-type-options': 'nosniff',
        'cross-origin-resource-policy': 'same-site',
      })
      const again = await call(path, { headers: { 'if-none-match': String(answer.headers['etag']) } })
      t.same([again.status, again.body], [304, ''])
      t.same(withoutContent(again), withoutContent(answer))
      t.equal((await call(path, { headers: { 'if-none-match': '"another"' } })).status, 200)
    })
    await t.test(`${name} is for pages of the listed origins on the site of the service`, async (t) => {
      const answer = await call(path, { headers: { origin: near } })
      t.same([answer.status, ...allowed(answer)], [200, near, 'true'])
      t.match(answer.headers['vary'], /\bOrigin\b/)
      const refused = await call(path, { headers: { origin: far } })
      t.same([refused.status, refused.json().code], [403, 'forbidden'])
      for (const origin of ['http://evil.test', 'http://other.example.test', 'https://app.example.test:5173', 'null'])
        t.same(allowed(await call(path, { headers: { origin } })), [undefined, undefined], origin)
    })
  }
})

void test('what is not listed is not given to anybody', async (t) => {
  const { call } = await startService(t)
  const answer = await call('/gatehouse.js', { headers: { origin: 'http://app.example.test' } })
  t.same([answer.status, ...allowed(answer)], [200, undefined, undefined])
})

void test('one site is what browsers take for one', async (t) => {
  for (const [one, other, expected] of [
    ['https://auth.example.com', 'https://app.example.com', true],
    ['https://auth.example.com', 'https://example.com', true],
    ['https://auth.example.com', 'https://auth.example.com:8443', true],
    ['https://auth.example.com/auth', 'https://app.example.com', true],
    ['http://localhost:3000', 'http://localhost:5173', true],
    ['http://127.0.0.1:3000', 'http://127.0.0.1:5173', true],
    ['https://auth.example.com', 'http://app.example.com', false],
    ['https://auth.example.com', 'https://app.example.net', false],
    ['https://auth.example.co.uk', 'https://evil.co.uk', false],
    ['https://me.github.io', 'https://you.github.io', false],
    ['http://localhost:3000', 'http://app.localhost:3000', false],
    ['http://127.0.0.1:3000', 'http://127.0.0.2:3000', false],
  ] as const) {
    t.equal(isSameSite(one, other), expected, `${one} and ${other}`)
    t.equal(isSameSite(other, one), expected, `${other} and ${one}`)
  }
})

void test('below a path the module is there', async (t) => {
  const { call } = await startService(t, { environment: { GATEHOUSE_ISSUER: 'https://example.com/auth' } })
  t.equal((await call('/auth/gatehouse.js')).body, file('gatehouse.js'))
  t.equal((await call('/gatehouse.js')).status, 404)
})
