import { LRUCache } from 'lru-cache'
import type { Clock } from '../../core/clock.ts'
import type { Log } from '../../core/log.ts'
import type { Outgoing } from '../../core/outgoing.ts'
import { JwksFault, readPublicJwks } from '../../core/public-jwks.ts'
import { type Client, openIdSettingsOf, type PublicJwkSet } from '../../core/records/client.ts'

type Keys = PublicJwkSet['keys']
type Found = { kind: 'keys'; keys: Keys } | { kind: 'unreachable' }

/**
 * The public keys of a client: those that are registered, or those that its `jwks_uri` has. `kid`: the one that is looked for. Where
 * the keys cannot be had, that is neither "no keys" nor a reason to trust those of before.
 */
export type KeysOfClient = (client: Pick<Client, 'id' | 'jwks' | 'openid'>, kid: unknown) => Promise<Found>

/** How long what was read counts, and how often somebody asks at most, whatever was wrong or is looked for. */
const [freshMilliseconds, pauseMilliseconds] = [300_000, 30_000]
const maxKeys = 50

interface Known {
  keys: Keys | undefined
  readAt: number
  askedAt: number
}

/** Keys are read again after five minutes, and when one is looked for that is not there, but never twice within half a minute. */
export function createKeysOfClient(dependencies: {
  outgoing: Pick<Outgoing, 'readJson'>
  clock: Clock
  log: Log
}): KeysOfClient {
  const { outgoing, clock, log } = dependencies
  const known = new LRUCache<string, Known>({ max: 1_000 })
  const asking = new Map<string, Promise<Known>>()

  async function ask(uri: string, clientId: string): Promise<Known> {
    const before = known.get(uri)
    const askedAt = clock.now()
    const answer = await outgoing.readJson(uri)
    const keys = answer.kind === 'read' ? usableKeys(answer.value) : undefined
    if (keys === undefined) {
      const [reason, text] =
        answer.kind === 'failed' ? [answer.reason, answer.text] : ['no_key_set', 'it is no set of public keys']
      log.warn({ event: 'client_keys.unreadable', client: clientId, reason }, text)
    }
    const now: Known =
      keys === undefined
        ? { keys: before?.keys, readAt: before?.readAt ?? 0, askedAt }
        : { keys, readAt: askedAt, askedAt }
    known.set(uri, now)
    return now
  }

  /** Whoever asks while somebody else does waits for the same answer. */
  function askOnce(uri: string, clientId: string): Promise<Known> {
    const underWay = asking.get(uri) ?? ask(uri, clientId).finally(() => void asking.delete(uri))
    asking.set(uri, underWay)
    return underWay
  }

  return async (client, kid) => {
    const uri = openIdSettingsOf(client).jwksUri
    if (uri === '') return { kind: 'keys', keys: client.jwks?.keys ?? [] }
    let here = known.get(uri)
    const isFresh = () => here?.keys !== undefined && clock.now() < here.readAt + freshMilliseconds
    const hasIt = () => kid === undefined || here?.keys?.some((key) => key.kid === kid) === true
    const mayAsk = here === undefined || clock.now() >= here.askedAt + pauseMilliseconds
    if ((!isFresh() || !hasIt()) && mayAsk) here = await askOnce(uri, client.id)
    return isFresh() ? { kind: 'keys', keys: here!.keys! } : { kind: 'unreachable' }
  }
}

/** Those of a set that can verify; a set has others too, for encryption. Nothing where it is no set, or holds a secret. */
function usableKeys(set: unknown): Keys | undefined {
  const keys = (set as Partial<PublicJwkSet> | null)?.keys
  if (!Array.isArray(keys) || keys.length > maxKeys) return undefined
  return keys.filter((key) => {
    try {
      return readPublicJwks({ keys: [key] }).length === 1
    } catch (error) {
      if (error instanceof JwksFault) return false
      throw error
    }
  })
}
