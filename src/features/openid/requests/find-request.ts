import type { Clock } from '../../../core/clock.ts'
import type { Client } from '../../../core/records/client.ts'
import type { PushedRequestStore } from '../../../core/records/pushed-request.ts'
import { hashSecret, type SecretBox, secretForm } from '../../../core/secrets.ts'
import type { OpenRequest } from './open-request.ts'
import { answerSeconds, pushedPrefix } from './push-request.ts'
import { findAnswerTo, type ReadRequest, readAuthorizationRequest, type Where } from './read-request.ts'

/** Where the moment at which a request first came stands in its address. */
const arrivalParameter = 'arrived'

/** An authorization request that a browser has brought. */
interface FoundRequest {
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
 * first look must come before its name expires. `address`: the network address of who asks. Rejects when a store is down.
 */
export type FindRequest = (parameters: URLSearchParams, address?: string) => Promise<FoundRequest | Refused>

export function createFindRequest(dependencies: {
  findClient(id: string, address: string | undefined): Promise<Client | undefined>
  pushedRequests: Pick<PushedRequestStore, 'find'>
  openRequest: OpenRequest
  where: Where
  box: SecretBox
  clock: Clock
}): FindRequest {
  const { findClient, pushedRequests, openRequest, where, box, clock } = dependencies
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

  interface Read {
    read: ReadRequest | Refused
    requestHash?: string
  }

  async function readFromAddress(client: Client, sent: URLSearchParams, at: number): Promise<Read> {
    const opened = await openRequest(client, sent, at)
    if (opened.kind === 'parameters') {
      return { read: readAuthorizationRequest(opened.parameters, client, where, 'address') }
    }
    // What the object holds is nobody's word; the address beside it is registered, or is none.
    const to = findAnswerTo(sent, client)
    return { read: 'kind' in to ? to : { ...opened, kind: 'error', to } }
  }

  /** A request that was answered, is too old, or is another client's, is none. */
  async function readPushed(client: Client, name: string, arrivedAt: number | undefined): Promise<Read> {
    const secret = name.slice(pushedPrefix.length)
    const at = clock.now()
    const requestHash = hashSecret(secret)
    const kept = secretForm.test(secret) && (await pushedRequests.find(requestHash, client.id, new Date(at)))
    if (!kept || (arrivedAt === undefined && at >= kept.usableUntil.getTime())) {
      return { read: { kind: 'refused', reason: 'request_uri' } }
    }
    const parameters = new URLSearchParams(kept.parameters)
    return { read: readAuthorizationRequest(parameters, client, where, 'pushed'), requestHash }
  }

  return async (shown, address) => {
    const named = shown.get('client_id') ?? ''
    const client = /^[\x21-\x7e]{1,200}$/.test(named) ? await findClient(named, address) : undefined
    if (client === undefined || shown.getAll('client_id').length > 1) return { kind: 'refused', reason: 'client' }
    const names = shown.getAll('request_uri')
    const name = names.find((uri) => uri.startsWith(pushedPrefix))
    if (name !== undefined && names.length > 1) return { kind: 'refused', reason: 'request_uri' }
    const own =
      name === undefined
        ? new URLSearchParams([...shown].filter(([parameter]) => parameter !== arrivalParameter))
        : new URLSearchParams({ client_id: named, request_uri: name })
    const text = String(own)
    const arrivedAt = openArrival(shown.get(arrivalParameter), text)
    const { read, requestHash } =
      name === undefined
        ? await readFromAddress(client, own, arrivedAt ?? now())
        : await readPushed(client, name, arrivedAt)
    if (read.kind === 'refused') return read
    const arrived = box.seal(String(arrivedAt ?? now()), hashSecret(text))
    return { kind: 'found', read, arrivedAt, resumed: `${text}&${arrivalParameter}=${arrived}`, requestHash }
  }
}
