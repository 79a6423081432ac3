import { LRUCache } from 'lru-cache'
import type { Audit } from '../../core/audit.ts'
import { type Budgets, overBudget } from '../../core/budgets.ts'
import { limitKey } from '../../core/network.ts'
import type { Clock } from '../../core/clock.ts'
import type { Log } from '../../core/log.ts'
import type { ApiKeyStore } from '../../core/records/api-key.ts'
import { firstPartyClientId, type Principal } from '../../core/principal.ts'
import { hashSecret } from '../../core/secrets.ts'
import type { apiKeysEvents } from './audit-events.ts'

/** What an API key has proven, and what it hangs on. */
interface ProvenKey {
  readonly principal: Principal
  readonly audiences: readonly string[]
  /** `expiresAt`: epoch milliseconds; nothing when the key does not expire. */
  readonly key: { readonly id: string; readonly expiresAt: number | undefined }
}

/**
 * Finds out whom a presented API key stands for, in one look-up; nothing when it stands for nobody. `address`: the user's,
 * for the limit; without one, and for what is no address, there is none. Throws `too_many_requests`; rejects when a store or the counters are down.
 */
export type ProveApiKey = (presented: string, address?: string) => Promise<ProvenKey | undefined>

/** How exactly the last use is known. */
const usedWithinSeconds = 60
/** Wrong keys from one address, which may stand for many programs, within five minutes. */
const failures = { most: 100, windowSeconds: 300 }

/**
 * A key acts for its owner with its own scopes, and never with more than the owner has now. A user's key carries those of
 * the user's permissions that are among its scopes, and no role: see docs/decisions. Its use is noted beside the request,
 * which does not wait for it.
 *
 * Wrong keys are counted by the network they come from, over all replicas; beyond the limit none is looked up but those
 * that this replica has found right before. Those are no guesses: whoever guesses from the same address does not lock
 * them out, and they need no counters. However many tries come at once, no more than the limit are told that they are wrong.
 */
export function createProveApiKey(dependencies: {
  apiKeys: Pick<ApiKeyStore, 'findLive' | 'markUsed'>
  budgets: Pick<Budgets, 'spend' | 'look'>
  audit: Audit<typeof apiKeysEvents>
  clock: Clock
  log: Log
}): ProveApiKey {
  const { apiKeys, budgets, audit, clock, log } = dependencies
  /** Hashes of keys that were right when they were last looked up. */
  const rightBefore = new LRUCache<string, true>({ max: 10_000 })

  return async (presented, address) => {
    const hash = hashSecret(presented)
    const network = limitKey(address)
    const budget = { key: `api-key:${network ?? 'unknown'}`, ...failures }
    const wasRight = rightBefore.has(hash)
    if (network !== undefined && !wasRight) {
      const usedUp = await budgets.look([budget])
      if (usedUp !== undefined) throw overBudget(usedUp)
    }
    const now = clock.now()
    const found = await apiKeys.findLive(hash, new Date(now))
    if (found === undefined) {
      rightBefore.delete(hash)
      const failed = address === undefined ? undefined : await budgets.spend([budget])
      if (failed?.kind === 'used_up') {
        if (network !== undefined && !wasRight) throw overBudget(failed)
        // Beyond the limit nothing is written down: whoever goes on trying shall not fill the trail.
        if (network === undefined) return undefined
      }
      audit.record({ event: 'api_key.failed', ip: address })
      return undefined
    }
    rightBefore.set(hash, true)
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
      username: user.username ?? '',
      name: user.name,
      roles: [],
      groups: [],
      permissions: granted,
      scopes: granted,
      clientId: firstPartyClientId,
      sessionId: undefined,
      level: 'aal1',
      reachable: 'aal1',
      methods: ['key'],
      // The person proved who they are when they made it.
      authenticatedAt: Math.floor(key.createdAt.getTime() / 1000),
    }
    return { principal, audiences: [], key: about }
  }
}
