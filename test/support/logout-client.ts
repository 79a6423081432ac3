/**
 * A program by which people sign in, in a process of its own: it takes logout tokens over TLS, verifies them as the specification
 * tells clients to, and writes a line of what each said. Told by its environment.
 */
import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import { createRemoteJWKSet, jwtVerify } from 'jose'

const { CERT, KEY, PORT, ISSUER, CLIENT_ID } = process.env as Record<string, string>
const event = 'http://schemas.openid.net/event/backchannel-logout'
const keys = createRemoteJWKSet(new URL(`${ISSUER}/.well-known/jwks.json`))
const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`)

async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    let body = ''
    for await (const chunk of request) body += String(chunk)
    const token = new URLSearchParams(body).get('logout_token') ?? ''
    const expected = { issuer: ISSUER!, audience: CLIENT_ID!, typ: 'logout+jwt', requiredClaims: ['jti', 'iat', 'exp'] }
    const { payload, protectedHeader } = await jwtVerify(token, keys, expected)
    const { events, nonce } = payload as { events?: Record<string, unknown>; nonce?: string }
    if (typeof events?.[event] !== 'object' || nonce !== undefined) throw new Error('no logout token')
    say({ path: request.url, claims: payload, header: protectedHeader })
    response.writeHead(200, { 'cache-control': 'no-store' }).end()
  } catch (error) {
    say({ refused: String(error) })
    response.writeHead(400).end()
  }
}

createServer(
  { cert: readFileSync(CERT!), key: readFileSync(KEY!) },
  (request, response) => void take(request, response),
).listen(Number(PORT), () => say({ listening: true }))
