/** The published keys, against a route on the same Fastify that sends the same headers and a string that never changes. */
import { compare, verdict } from './support/compare.ts'
import { start } from './support/contestant.ts'
import { sampleOf } from './support/question.ts'
import { startStores } from './support/stores.ts'
import type { Teardowns } from './support/teardowns.ts'

const path = '/.well-known/jwks.json'

export async function jwks(teardowns: Teardowns): Promise<void> {
  const stores = await startStores(teardowns)
  const gatehouse = await start(teardowns, 'gatehouse', { ...stores })
  const { headers, body } = await sampleOf(`http://127.0.0.1:${gatehouse.port}${path}`)
  const empty = await start(teardowns, 'empty', { ...headers, body })
  const request = [`GET ${path} HTTP/1.1`, 'Host: 127.0.0.1', 'Accept: application/json', '', ''].join('\r\n')
  const [measured] = await compare(
    'the published keys',
    [
      { name: 'Gatehouse', contestant: gatehouse, request },
      { name: 'a static string', contestant: empty, request },
    ],
    { apart: true },
  )
  verdict('JWKS, requests/s of the static string’s', measured!.ratio.rate, '≥', 0.9)
}
