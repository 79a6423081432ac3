/**
 * Forward-auth with a warm bearer token and a warm session cookie, against an empty Fastify route that sends the same
 * headers: in turns, in one run. Read the ratios; the figures themselves belong to the machine.
 */
import { compare, verdict } from './support/compare.ts'
import { start } from './support/contestant.ts'
import { bearer, headersOfAllowed, question } from './support/question.ts'
import { startStores } from './support/stores.ts'
import type { Teardowns } from './support/teardowns.ts'

export async function hotPath(teardowns: Teardowns): Promise<void> {
  const stores = await startStores(teardowns)
  console.log(stores ? 'on PostgreSQL and Redis' : 'on embedded stores: PostgreSQL and Redis are not installed')
  const gatehouse = await start(teardowns, 'gatehouse', { ...stores })
  const byToken = question(bearer(gatehouse.facts['token']!))
  const byCookie = question(`Cookie: theme=dark; gatehouse=${gatehouse.facts['cookie']}`)

  const headers = await headersOfAllowed(gatehouse.port, gatehouse.facts['token']!)
  const ours = Object.entries(headers).filter(([name]) => name.startsWith('x-'))
  const empty = await start(teardowns, 'empty', Object.fromEntries(ours))

  for (const [name, request] of [
    ['warm bearer token', byToken],
    ['warm session cookie', byCookie],
  ] as const) {
    const [own] = await compare(
      `forward-auth, ${ours.length} headers`,
      [
        { name, contestant: gatehouse, request },
        { name: 'empty Fastify route', contestant: empty, request },
      ],
      { apart: true },
    )
    verdict(`${name}, requests/s of the empty route’s`, own!.ratio.rate, '≥', 0.85)
    verdict(`${name}, p99 of the empty route’s`, own!.ratio.p99, '≤', 1.5)
  }
}
