import { isIP } from 'node:net'

/**
 * The address that a request came from: of the chain in `X-Forwarded-For`, read from the right, the first that is no
 * trusted proxy's. What stands further left is whatever the client wrote. Nothing when the proxy told no chain, or a
 * broken one.
 */
export function clientAddressOf(
  forwardedFor: string | string[] | undefined,
  isTrusted: (address: string) => boolean,
): string | undefined {
  if (typeof forwardedFor !== 'string') return undefined
  const chain = forwardedFor.split(',').map((entry) => entry.trim())
  for (const address of chain.toReversed()) {
    if (isIP(address) === 0) return undefined
    if (!isTrusted(address)) return address
  }
  return undefined
}
