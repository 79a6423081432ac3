import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { parseNetworks, unmapAddress } from './network.ts'

/** What a trusted proxy told about where a request came from, in `X-Forwarded-For`. */
export interface ForwardedAddress {
  /**
   * Read from the right, the first address of the chain that is no trusted proxy's, since what stands further left is
   * whatever the client wrote; the leftmost when all are trusted. Nothing when no chain was told, one with something else
   * than addresses in it, or one whose address may be the proxy's own: a proxy on this machine that names this machine has
   * not told who asked it (Envoy does so for its own neighbours).
   */
  read(request: Pick<IncomingMessage, 'headers' | 'socket'>): string | undefined
  /** The same, but nothing for an address that is trusted to be a proxy's: whoever has none is in no network. */
  ofClient(request: Pick<IncomingMessage, 'headers' | 'socket'>): string | undefined
}

const isLoopback = parseNetworks(['127.0.0.0/8', '::1/128'])

/** `ownAddresses` are those of this machine, as they are now. */
export function createForwardedAddress(options: {
  isTrusted(address: string): boolean
  ownAddresses(): ReadonlySet<string>
}): ForwardedAddress {
  const { isTrusted, ownAddresses } = options
  const isOwn = (address: string) => ownAddresses().has(unmapAddress(address))

  const read: ForwardedAddress['read'] = ({ socket, headers }) => {
    const told = headers['x-forwarded-for']
    if (typeof told !== 'string') return undefined
    const chain = told.split(',').map((entry) => entry.trim())
    for (const address of chain.toReversed()) {
      if (isIP(address) === 0) return undefined
      if (isTrusted(address)) continue
      const { remoteAddress: peer = '' } = socket
      return isOwn(address) && (isLoopback(peer) || isOwn(peer)) ? undefined : address
    }
    return chain[0]
  }
  return {
    read,
    ofClient(request) {
      const address = read(request)
      return address === undefined || isTrusted(address) ? undefined : address
    },
  }
}
