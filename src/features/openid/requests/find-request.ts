import type { Clock } from '../../../core/clock.ts'
import type { Client, ClientStore } from '../../../core/records/client.ts'
import type { PushedRequestStore } from '../../../core/records/pushed-request.ts'
import { hashSecret, type SecretBox, secretForm } from '../../../core/secrets.ts'
import { answerSeconds, pushedPrefix } from './push-request.ts'
import { type ReadRequest, readAuthorizationRequest, type Where } from './read-request.ts'

/** Where the moment at which a request first came stands in its address. */
const arrivalParameter = 'arrived'

/** An authorization request that a browser has brought. */
export interface FoundRequest {
  kind: 'found'
  read: Exclude<ReadRequest, { kind: 'refused' }>
  /** When it first came, epoch seconds; nothing: it comes for the first time, or so long ago that nobody can still be at it. */
  arrivedAt: number | undefined
  /** The address at which it goes on, as a query. */
  resumed: string
  /** Of one that was pushed: whoever answers it uses it up. */
  requestHash: string | undefined
}

export type Refused = { kind: 'refused'; reason: 'client' | 'redirect_uri' | 'request_uri' }

/**
 * Finds the request that an address holds, or names (RFC 9126 §4). The address of a pushed one holds its name, the client's, and
 * nothing else that counts. It is looked at as often as somebody wishes until it is answered, so that a page can be loaded again; the
 * first look must come before its name expires. Rejects when a store is down.
 */
export type FindRequest = (parameters: URLSearchParams) => Promise<FoundRequest | Refused>

export function createFindRequest(dependencies: {
  clients: Pick<ClientStore, 'find'>
  pushedRequests: Pick<PushedRequestStore, 'find'>
  where: Where
  box: SecretBox
  clock: Clock
}): FindRequest {
  const { clients, pushedRequests, where, box, clock } = dependencies
  const now = () => Math.floor(clock.now() / 1000)

  /** What somebody else wrote there, or for another request, says nothing. */
  function openArrival(sealed: string | null, text: string): number | undefined {
    if (sealed === null) return undefined
    try {
      const arrivedAt = Number(box.open(sealed, hashSecret(text)))
      return now() - arrivedAt <= answerSeconds ? arrivedAt : undefined
    } catch {
      return undefined
    }
  }

  /** The request that the client has pushed under a name; nothing when it was answered, is too old, or is another client's. */
  async function pushed(client: Client, name: string, arrivedAt: number | undefined) {
    const secret = name.slice(pushedPrefix.length)
    if (!secretForm.test(secret)) return undefined
    const at = clock.now()
    const requestHash = hashSecret(secret)
    const found = await pushedRequests.find(requestHash, client.id, new Date(at))
    if (found === undefined || (arrivedAt === undefined && at >= found.usableUntil.getTime())) return undefined
    return { requestHash, parameters: new URLSearchParams(found.parameters) }
  }

  return async (shown) => {
    const named = shown.get('client_id') ?? ''
    const client = /^[\x21-\x7e]{1,200}$/.test(named) ? await clients.find(named) : undefined
    const name = shown.getAll('request_uri').find((uri) => uri.startsWith(pushedPrefix))
    const own =
      name === undefined
        ? new URLSearchParams([...shown].filter(([parameter]) => parameter !== arrivalParameter))
        : new URLSearchParams({ client_id: named, request_uri: name })
    const text = String(own)
    const arrivedAt = openArrival(shown.get(arrivalParameter), text)
    let request: { parameters: URLSearchParams; requestHash: string | undefined } | undefined
    if (name === undefined) request = { parameters: own, requestHash: undefined }
    else {
      const isTwice = ['client_id', 'request_uri'].some((parameter) => shown.getAll(parameter).length > 1)
      if (client === undefined || isTwice) return { kind: 'refused', reason: 'client' }
      request = await pushed(client, name, arrivedAt)
    }
    if (request === undefined) return { kind: 'refused', reason: 'request_uri' }
    const { parameters, requestHash } = request
    const way = requestHash === undefined ? 'address' : 'pushed'
    const read = readAuthorizationRequest(parameters, client, where, way)
    if (read.kind === 'refused') return read
    const arrived = box.seal(String(arrivedAt ?? now()), hashSecret(text))
    return { kind: 'found', read, arrivedAt, resumed: `${text}&${arrivalParameter}=${arrived}`, requestHash }
  }
}
