import type { Client } from '../../core/records/client.ts'
import { matchesRedirectUri } from '../../core/redirect-uris.ts'

/** Which program has sent somebody here, by the parameters of its request, whatever else these hold. */
export type FindSender = (asked: URLSearchParams) => Promise<{ title: string; host: string | undefined } | undefined>

/**
 * Its name is no proof of where somebody is led, so that stands beside it: an address of the request where it is the program's, or
 * else the one that all its addresses have in common.
 */
export function createFindSender(findClient: (id: string) => Promise<Client | undefined>): FindSender {
  return async (asked) => {
    const id = asked.get('client_id') ?? ''
    const client = /^[\x21-\x7e]{1,200}$/.test(id) ? await findClient(id) : undefined
    return client && { title: client.name, host: hostOf(client, asked.get('redirect_uri') ?? '') }
  }
}

function hostOf({ redirectUris, authMethod }: Client, wanted: string): string | undefined {
  if (matchesRedirectUri(redirectUris, wanted, authMethod === 'none')) return placeOf(wanted)
  const places = new Set(redirectUris.map(placeOf))
  return places.size === 1 ? [...places][0] : undefined
}

/** Where a person would say that they are led: the host, or of a program on their device its scheme. */
export function placeOf(redirectUri: string): string {
  const { protocol, host } = new URL(redirectUri)
  return host === '' ? protocol.slice(0, -1) : host
}
