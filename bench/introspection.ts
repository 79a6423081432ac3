/**
 * Introspection of a warm access token, the caller's authentication included, against an empty Fastify route that takes the
 * same form and sends the same headers and body.
 */
import { compare, verdict } from './support/compare.ts'
import { start } from './support/contestant.ts'
import { form, sampleOf } from './support/question.ts'
import { startStores } from './support/stores.ts'
import type { Teardowns } from './support/teardowns.ts'

export async function introspection(teardowns: Teardowns): Promise<void> {
  const stores = await startStores(teardowns)
  const gatehouse = await start(teardowns, 'gatehouse', { ...stores })
  const { clientId = '', clientSecret = '', token = '' } = gatehouse.facts
  const { headers, body } = await sampleOf(`http://127.0.0.1:${gatehouse.port}/oauth/introspect`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}` },
    body: new URLSearchParams({ token }),
  })
  if (!body.startsWith('{"active":true')) throw new Error('the token is not active')
  const empty = await start(teardowns, 'empty', { ...headers, body })

  const request = form('/oauth/introspect', clientId, clientSecret, { token })
  const [measured] = await compare(
    'introspection of a warm token',
    [
      { name: 'Gatehouse, client_secret_basic', contestant: gatehouse, request },
      { name: 'empty Fastify route', contestant: empty, request },
    ],
    { apart: true },
  )
  verdict('introspection, requests/s of the empty route’s', measured!.ratio.rate, '≥', 0.6)
}
