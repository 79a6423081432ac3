/**
 * Forward-auth with a warm bearer token and a warm session cookie, against an empty Fastify route that sends the same
 * headers: in turns, in one run. Read the ratios; the figures themselves belong to the machine.
 */
import { compare } from './support/compare.ts'
import { start } from './support/contestant.ts'

const gatehouse = await start('gatehouse')

function question(credential: string): string {
  return [
    'GET /forward-auth/traefik HTTP/1.1',
    'Host: gatehouse:3000',
    'X-Forwarded-Method: GET',
    'X-Forwarded-Proto: https',
    'X-Forwarded-Host: app.example.com',
    'X-Forwarded-Uri: /api/reports?year=2026',
    'X-Forwarded-For: 203.0.113.7',
    'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36',
    'Accept: text/html,application/xhtml+xml',
    'Accept-Language: en',
    credential,
    '',
    '',
  ].join('\r\n')
}
const byToken = question(`Authorization: Bearer ${gatehouse.facts['token']}`)
const byCookie = question(`Cookie: theme=dark; gatehouse=${gatehouse.facts['cookie']}`)

const sample = await fetch(`http://127.0.0.1:${gatehouse.port}/forward-auth/traefik`, {
  headers: {
    'x-forwarded-method': 'GET',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'app.example.com',
    'x-forwarded-uri': '/',
    authorization: `Bearer ${gatehouse.facts['token']}`,
  },
})
if (sample.status !== 200) throw new Error(`the service answered ${sample.status}`)
const ours = [...sample.headers].filter(([name]) => name.startsWith('x-'))
const empty = await start('empty', Object.fromEntries(ours))

const expected = 'HTTP/1.1 200'
await compare(`forward-auth, ${ours.length} headers`, [
  { name: 'warm bearer token', contestant: gatehouse, request: byToken, expected },
  { name: 'warm session cookie', contestant: gatehouse, request: byCookie, expected },
  { name: 'empty Fastify route', contestant: empty, request: byToken, expected },
])
await Promise.all([gatehouse.stop(), empty.stop()])
