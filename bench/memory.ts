/** What 100,000 live tokens cost the service that has judged a request of each: its heap, and the process as a whole. */
import { Agent, request } from 'node:http'
import { verdict } from './support/compare.ts'
import { type Contestant, start } from './support/contestant.ts'
import { startStores } from './support/stores.ts'
import type { Teardowns } from './support/teardowns.ts'

const live = 100_000
const batch = 1_000

export async function memory(teardowns: Teardowns): Promise<void> {
  const gatehouse = await start(teardowns, 'gatehouse', { ...(await startStores(teardowns)) })
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  teardowns.teardown(() => agent.destroy())
  const judge = async (count: number) => {
    const tokens = await gatehouse.ask<string[]>('tokens', count)
    await Promise.all(tokens.map((token) => ask(gatehouse, agent, token)))
  }
  // Code is compiled and pools are filled before the first reading.
  for (let warm = 0; warm < 5; warm++) await judge(batch)
  const before = await gatehouse.ask<NodeJS.MemoryUsage>('memory')
  for (let judged = 0; judged < live; judged += batch) await judge(batch)
  const after = await gatehouse.ask<NodeJS.MemoryUsage>('memory')

  const bytes = (after.heapUsed + after.external - before.heapUsed - before.external) / live
  const megabytes = (count: number) => `${Math.round(count / 1024 / 1024)} MiB`
  console.log(`${live} live tokens: ${Math.round(bytes)} bytes each, identity headers and assertion included`)
  console.log(`resident: ${megabytes(before.rss)} before, ${megabytes(after.rss)} after`)
  verdict('resident growth in MiB', (after.rss - before.rss) / 1024 / 1024, '≤', 768)
}

function ask(gatehouse: Contestant, agent: Agent, token: string): Promise<void> {
  const headers = {
    'x-forwarded-method': 'GET',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'app.example.com',
    'x-forwarded-uri': '/',
    authorization: `Bearer ${token}`,
  }
  const options = { host: '127.0.0.1', port: gatehouse.port, path: '/forward-auth/traefik', agent, headers }
  return new Promise((done, fail) => {
    const outgoing = request(options, (response) => {
      response.resume()
      if (response.statusCode === 200) response.on('end', done)
      else fail(new Error(`the service answered ${response.statusCode}`))
    })
    outgoing.on('error', fail)
    outgoing.end()
  })
}
