import { LRUCache } from 'lru-cache'
import type { Authorization, AuthorizationStore } from '../../core/records/authorization.ts'
import type { Client } from '../../core/records/client.ts'
import type { RenewIdToken } from '../tokens/index.ts'
import type { MakeIdToken } from './id-tokens.ts'

/** Makes the ID tokens that a client gets with a refresh (OpenID Connect Core §12.2): of the same sign-in, and without its nonce. */
export type RenewIdTokenFor = (client: Client) => RenewIdToken

type Begun = Pick<Authorization, 'authenticatedAt' | 'level' | 'methods'>

/** How somebody had signed in never changes, so that it is looked up once for each sign-in that is renewed here. */
const maxRemembered = 10_000

export function createRenewIdToken(dependencies: {
  authorizations: Pick<AuthorizationStore, 'find'>
  makeIdToken: MakeIdToken
}): RenewIdTokenFor {
  const { authorizations, makeIdToken } = dependencies
  // A bound by size: by `max` it would take the memory of all entries at once.
  const known = new LRUCache<string, Begun>({ maxSize: maxRemembered, sizeCalculation: () => 1 })

  async function begunBy(id: string): Promise<Begun | undefined> {
    const remembered = known.get(id)
    if (remembered !== undefined) return remembered
    const found = await authorizations.find(id)
    if (found === undefined) return undefined
    const { authenticatedAt, level, methods } = found
    known.set(id, { authenticatedAt, level, methods })
    return { authenticatedAt, level, methods }
  }

  return (client) =>
    async ({ family, session, user }, { accessToken, scopes }) => {
      const begun = await begunBy(family.id)
      if (begun === undefined) return undefined
      const renewed = { ...begun, scopes, nonce: null, sessionId: session.id, clientId: client.id }
      return makeIdToken(client, renewed, user, accessToken)
    }
}
