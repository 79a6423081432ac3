/** A guard as tutorials build it, against Gatehouse, on the same PostgreSQL and Redis, whose own counters count look-ups. */
import { createPublicKey, type JsonWebKey } from 'node:crypto'
import { compare, type Entry, verdict } from './support/compare.ts'
import { type Contestant, start } from './support/contestant.ts'
import { load } from './support/load.ts'
import { bearer, question } from './support/question.ts'
import { startStores, watchStores } from './support/stores.ts'
import type { Teardowns } from './support/teardowns.ts'

export async function tutorialGuard(teardowns: Teardowns): Promise<void> {
  const stores = await startStores(teardowns)
  if (stores === undefined) return console.log('tutorial: not run, PostgreSQL and Redis are not installed')
  const gatehouse = await start(teardowns, 'gatehouse', stores)
  const token = gatehouse.facts['token']!
  const { sub, sid } = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as Record<string, string>
  const jwks = await fetch(`http://127.0.0.1:${gatehouse.port}/.well-known/jwks.json`)
  const { keys } = (await jwks.json()) as { keys: [JsonWebKey] }
  const publicKey = createPublicKey({ key: keys[0], format: 'jwk' }).export({ type: 'spki', format: 'pem' })
  const tutorial = await start(teardowns, 'tutorial', { ...stores, publicKey, sub, sid })

  const work = await watchStores(teardowns, stores)
  /** A guard costs what its stores do for it, too. */
  const withStores = (guard: Contestant): Contestant => ({
    ...guard,
    cpu: async () => (await guard.cpu()) + (await work.cpu()),
  })

  const ours: Entry = { name: 'Gatehouse', contestant: withStores(gatehouse), request: question(bearer(token)) }
  const sameTokens: Entry = {
    name: 'tutorial guard, the same tokens (ES256)',
    contestant: withStores(tutorial),
    request: ours.request,
  }
  const sharedSecret: Entry = {
    name: 'tutorial guard, tokens of a shared secret (HS256)',
    contestant: withStores(tutorial),
    request: question(bearer(tutorial.facts['token']!)).replace('/traefik ', '/traefik?verify=secret '),
  }
  for (const theirs of [sameTokens, sharedSecret]) {
    const [own] = await compare('guard (CPU with its stores’)', [ours, theirs])
    // Not by requests a second: on two cores the load generator is what limits Gatehouse.
    verdict(`the ${theirs.name}, processor time of Gatehouse’s`, 1 / own!.ratio.cpu, '≥', 15)
  }
  for (const { name, contestant, request } of [ours, sameTokens]) {
    const before = await work.lookUps()
    const { requests } = await load({
      port: contestant.port,
      request,
      expected: 'HTTP/1.1 200',
      connections: 32,
      seconds: 3,
    })
    const after = await work.lookUps()
    const each = (kind: 'sql' | 'redis') => ((after[kind] - before[kind]) / requests).toFixed(3)
    console.log(`${name}: ${each('sql')} SQL and ${each('redis')} Redis look-ups a request, counted by the stores`)
  }
}
