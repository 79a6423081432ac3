/**
 * Introspection of a warm access token, the caller's authentication included, against an empty Fastify route that takes the
 * same form and sends the same headers and body.
 */
import { compare, verdict } from './support/compare.ts'
import { start } from './support/contestant.ts'
import { form } from './support/question.ts'
import { startStores } from './support/stores.ts'
import type { Teardowns } from './support/teardowns.ts'

export async function introspection(teardowns: Teardowns): Promise<void> {
  const stores = await startStores(teardowns)
  const gatehouse = await start(teardowns, 'gatehouse', { ...stores })
  const { clientId = '', clientSecret = '', token = '' } = gatehouse.facts
  const sample = await fetch(`http://127.0.0.1:${gatehouse.port}/oauth/introspect`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}` },
    body: new URLSearchParams({ token }),
  })
  const body = await sample.text()
  if (!body.startsWith('{"active":true')) throw new Error(`the service answered ${sample.status}`)
  const own = new Set(['connection', 'content-length', 'date', 'keep-alive', 'transfer-encoding'])
  const headers = Object.fromEntries([...sample.headers].filter(([name]) => !own.has(name)))
  const empty = await start(teardowns, 'empty', { ...headers, body })

  const request = form('/oauth/introspect', clientId, clientSecret, { token })
  const [measured] = await compare('introspection of a warm token', [
    { name: 'Gatehouse, client_secret_basic', contestant: gatehouse, request },
    { name: 'empty Fastify route', contestant: empty, request },
  ])
  verdict('introspection, requests/s of the empty route’s', measured!.ratio.rate, '≥', 0.6)
}
