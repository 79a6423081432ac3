/**
 * Client credentials, an access token as JWT (ES256) for one resource: against node-oidc-provider with its own in-memory
 * adapter, while Gatehouse keeps its clients in PostgreSQL.
 */
import { compare, verdict } from './support/compare.ts'
import { start } from './support/contestant.ts'
import { form } from './support/question.ts'
import { startStores } from './support/stores.ts'
import type { Teardowns } from './support/teardowns.ts'

const resource = 'https://api.example.com'

export async function clientCredentials(teardowns: Teardowns): Promise<void> {
  const stores = await startStores(teardowns)
  const gatehouse = await start(teardowns, 'gatehouse', { ...stores })
  const provider = await start(teardowns, 'oidc-provider', { resource })
  const fields = { grant_type: 'client_credentials', scope: 'api', resource }
  const entries = [gatehouse, provider].map((contestant, index) => {
    const { clientId, clientSecret } = contestant.facts
    const path = index === 0 ? '/oauth/token' : '/token'
    return { contestant, path, request: form(path, clientId!, clientSecret!, fields), clientId, clientSecret }
  })
  for (const { contestant, path, clientId, clientSecret } of entries) {
    const answer = await fetch(`http://127.0.0.1:${contestant.port}${path}`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}` },
      body: new URLSearchParams(fields),
    })
    const { access_token: token = '' } = (await answer.json()) as { access_token?: string }
    const header = JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString() || '{}') as object
    if (!('alg' in header && header.alg === 'ES256' && 'typ' in header && header.typ === 'at+jwt')) {
      throw new Error(`${path} answered ${answer.status}, and no ES256 access token`)
    }
  }
  const [own] = await compare(
    'client_credentials, JWT by ES256',
    [
      { name: 'Gatehouse', contestant: gatehouse, request: entries[0]!.request },
      { name: 'node-oidc-provider', contestant: provider, request: entries[1]!.request },
    ],
    { apart: true },
  )
  verdict('client_credentials, times node-oidc-provider’s requests/s', own!.ratio.rate, '≥', 2)
}
