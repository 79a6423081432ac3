import { isDeepStrictEqual } from 'node:util'
import { LRUCache } from 'lru-cache'
import type { Audit } from '../../core/audit.ts'
import { type Budgets, overBudget } from '../../core/budgets.ts'
import type { Clock } from '../../core/clock.ts'
import { GatehouseError } from '../../core/errors.ts'
import type { Log } from '../../core/log.ts'
import { OAuthError } from '../../core/oauth-error.ts'
import type { Outgoing } from '../../core/outgoing.ts'
import { type Client, type ClientStore, isOfDocument } from '../../core/records/client.ts'
import type { clientsEvents } from './audit-events.ts'
import { isDocumentAddress, readDocument } from './read-document.ts'
import type { ClientSettings } from './settings.ts'

/** Programs that are known by the document at the address which is their `client_id`. */
export interface ClientDocuments {
  /**
   * The client of an id: an operator's, or what the document says now. Nothing where there is none, or the document will not do.
   * `address`: the network address of who asks. Throws `too_many_requests`.
   */
  find(id: string, address: string | undefined): Promise<Client | undefined>
  /** The same without asking anybody: what is known already. */
  known(id: string): Promise<Client | undefined>
  /**
   * Writes down such a client, for which somebody has agreed, where it is not there as it says it is. Of other clients nothing is
   * written. Throws `unavailable` where there are too many, and `too_many_requests`.
   */
  keep(client: Client, subject: string): Promise<void>
}

const cacheSeconds = { found: 600, failed: 60 }
const maxCached = 1_000
const windowSeconds = 600
/** How many documents are fetched within that time: for a network address, and in all. */
const fetches = { ofAddress: 30, ofAll: 600 }
/** How many programs that were not there before a person lets in within an hour. */
const newOnes = { most: 20, windowSeconds: 3_600 }

/**
 * A document is fetched when an authorization request names it, and kept in memory for ten minutes. A row is written with the
 * agreement of a person who is signed in, and leaves as that of a program which registered itself: strangers can write none.
 */
export function createClientDocuments(dependencies: {
  clients: Pick<ClientStore, 'find' | 'keepDocument'>
  outgoing: Pick<Outgoing, 'readJson'>
  budgets: Pick<Budgets, 'spend'>
  settings: ClientSettings
  audit: Audit<typeof clientsEvents>
  clock: Clock
  log: Log
  changed(client: Client): Promise<void>
}): ClientDocuments {
  const { clients, outgoing, budgets, settings, audit, clock, log, changed } = dependencies
  const cache = new LRUCache<string, { client: Client | undefined; until: number }>({ max: maxCached })
  const isOn = (id: string) => settings.metadata_documents && isDocumentAddress(id)

  function cached(id: string) {
    const entry = cache.get(id)
    return entry !== undefined && clock.now() < entry.until ? entry : undefined
  }

  async function fetchDocument(id: string): Promise<Client | undefined> {
    const answer = await outgoing.readJson(id)
    if (answer.kind === 'failed') {
      log.info({ event: 'client_document.failed', client: id, reason: answer.reason }, answer.text)
      return undefined
    }
    try {
      return { ...readDocument(id, answer.value, settings), createdAt: new Date(clock.now()) }
    } catch (error) {
      if (!(error instanceof OAuthError)) throw error
      log.info({ event: 'client_document.refused', client: id, reason: error.code }, error.message)
      return undefined
    }
  }

  return {
    async find(id, address) {
      const row = await clients.find(id)
      if (row !== undefined && !isOfDocument(row)) return row
      if (!isOn(id)) return undefined
      const entry = cached(id)
      if (entry !== undefined) return entry.client
      const spent = await budgets.spend([
        { key: `client-documents:of:${address ?? 'unknown'}`, most: fetches.ofAddress, windowSeconds },
        { key: 'client-documents', most: fetches.ofAll, windowSeconds },
      ])
      if (spent.kind === 'used_up') throw overBudget(spent)
      const client = await fetchDocument(id)
      const seconds = client === undefined ? cacheSeconds.failed : cacheSeconds.found
      cache.set(id, { client, until: clock.now() + seconds * 1000 })
      return client
    },
    async known(id) {
      return (isOn(id) ? cached(id)?.client : undefined) ?? (await clients.find(id))
    },
    async keep(client, subject) {
      if (!isOfDocument(client)) return
      const row = await clients.find(client.id)
      if (row !== undefined && isSame(row, client)) return
      if (row === undefined) {
        const spent = await budgets.spend([{ key: `client-documents:let-in:${subject}`, ...newOnes }])
        if (spent.kind === 'used_up') throw overBudget(spent)
      }
      const at = new Date(clock.now())
      const outcome = await clients.keepDocument({ ...client, createdAt: at }, { most: settings.most, at })
      if (outcome === 'full') throw new GatehouseError('unavailable', { detail: 'There are too many programs.' })
      const event = outcome === 'registered' ? 'client.registered' : 'client.registration_changed'
      audit.record({ event, clientId: client.id, scopes: client.scopes })
      await changed(client)
    },
  }
}

function isSame(one: Client, other: Client): boolean {
  const told = ({ authMethod, grants, redirectUris, scopes, audiences, jwks, openid }: Client) =>
    [authMethod, grants, redirectUris, scopes, audiences, jwks, openid] as const
  return isDeepStrictEqual(told(one), told(other))
}
