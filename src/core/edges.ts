import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { parseNetworks } from './network.ts'

/** Proxies that have to show a secret besides their address. */
export interface EdgeSettings {
  networks: readonly string[]
  /** SHA-256 of each secret that counts, in hexadecimal: two while one replaces the other. */
  secret_sha256: readonly string[]
}

export interface Edges {
  /** Whether a request comes from a proxy that may ask; if not, why. */
  check(request: IncomingMessage): 'trusted' | 'address' | 'secret'
  /** Whether a request brings the secret of its edge: so whatever only edges may say, nobody else says in it. */
  hasShownSecret(request: IncomingMessage): boolean
}

/** A peer must be trusted by its address and, where its address is an edge's, show one of that edge's secrets. */
export function createEdges(
  trustedPeer: (address: string | undefined) => boolean,
  settings: readonly EdgeSettings[],
): Edges {
  const edges = settings.map(({ networks, secret_sha256: digests }) => ({
    covers: parseNetworks(networks),
    digests: digests.map((digest) => Buffer.from(digest, 'hex')),
  }))
  // An address cannot change within a connection, and a secret that was proven on one stays proven there.
  const known = new WeakMap<Socket, { trusted: boolean; digests?: readonly Buffer[] | undefined; proven?: string }>()

  function peerOf(socket: Socket) {
    let peer = known.get(socket)
    if (peer === undefined) {
      const address = socket.remoteAddress
      const digests = edges.find(({ covers }) => covers(address))?.digests
      known.set(socket, (peer = { trusted: trustedPeer(address), digests }))
    }
    return peer
  }

  function check({ socket, headers }: IncomingMessage): ReturnType<Edges['check']> {
    const peer = peerOf(socket)
    if (!peer.trusted) return 'address'
    if (peer.digests === undefined) return 'trusted'
    const shown = headers['x-edge-secret']
    if (typeof shown !== 'string') return 'secret'
    if (shown === peer.proven) return 'trusted'
    const digest = createHash('sha256').update(shown).digest()
    if (!peer.digests.some((one) => timingSafeEqual(one, digest))) return 'secret'
    peer.proven = shown
    return 'trusted'
  }

  return {
    check,
    hasShownSecret: (request) => check(request) === 'trusted' && peerOf(request.socket).digests !== undefined,
  }
}
