import type { ApiKeyStore, Clock, Log } from '../../core/ports.ts'
import { firstPartyClientId, type Principal } from '../../core/principal.ts'
import { hashSecret } from '../../core/secrets.ts'

/** What an API key has proven, and what it hangs on. */
export interface ProvenKey {
  readonly principal: Principal
  readonly audiences: readonly string[]
  /** `expiresAt`: epoch milliseconds; nothing when the key does not expire. */
  readonly key: { readonly id: string; readonly expiresAt: number | undefined }
}

/** Finds out whom a presented API key stands for, in one look-up; nothing when it stands for nobody. */
export type ProveApiKey = (presented: string) => Promise<ProvenKey | undefined>

/** How exactly the last use is known. */
const usedWithinSeconds = 60

/**
 * A key acts for its owner with its own scopes, and never with more than the owner has now. A user's key carries those of
 * the user's permissions that are among its scopes, and no role: see docs/decisions. Its use is noted beside the request,
 * which does not wait for it.
 */
export function createProveApiKey(dependencies: {
  apiKeys: Pick<ApiKeyStore, 'findLive' | 'markUsed'>
  clock: Clock
  log: Log
}): ProveApiKey {
  const { apiKeys, clock, log } = dependencies
  return async (presented) => {
    const now = clock.now()
    const found = await apiKeys.findLive(hashSecret(presented), new Date(now))
    if (found === undefined) return undefined
    const { key } = found
    const about = { id: key.id, expiresAt: key.expiresAt?.getTime() }
    const notSince = new Date(now - usedWithinSeconds * 1000)
    if (key.lastUsedAt === null || key.lastUsedAt < notSince) {
      apiKeys
        .markUsed(key.id, new Date(now), notSince)
        .catch((error: unknown) => log.warn({ event: 'api_key.not_marked', err: error }, 'use of a key not noted'))
    }
    if (found.kind === 'client') {
      const { client } = found
      const scopes = key.scopes.filter((scope) => client.scopes.includes(scope))
      const principal = { kind: 'client', subject: client.id, name: client.name, scopes, clientId: client.id } as const
      return { principal, audiences: client.audiences, key: about }
    }
    const { user } = found
    const granted = key.scopes.filter((scope) => user.permissions.includes(scope))
    const principal: Principal = {
      kind: 'user',
      subject: user.id,
      email: user.email,
      name: user.name,
      roles: [],
      permissions: granted,
      scopes: granted,
      clientId: firstPartyClientId,
      sessionId: undefined,
      level: 'aal1',
      methods: ['key'],
      // The person proved who they are when they made it.
      authenticatedAt: Math.floor(key.createdAt.getTime() / 1000),
    }
    return { principal, audiences: [], key: about }
  }
}
