import { BlockList, isIP } from 'node:net'

/** Reads `10.0.0.0/8`, `::1/128` or a bare address. Throws a message that counts to the entry that is none of these. */
export function parseNetworks(entries: readonly string[]): (address: string | undefined) => boolean {
  const list = new BlockList()
  for (const [index, entry] of entries.entries()) {
    const [address = '', prefix, ...rest] = entry.split('/')
    const version = isIP(address)
    const bits = prefix === undefined ? (version === 6 ? 128 : 32) : /^\d{1,3}$/.test(prefix) ? Number(prefix) : -1
    if (version === 0 || rest.length > 0 || bits < 0 || bits > (version === 6 ? 128 : 32)) {
      throw new Error(`entry ${index + 1}: expected an IP address or a network such as 10.0.0.0/8`)
    }
    list.addSubnet(address, bits, version === 6 ? 'ipv6' : 'ipv4')
  }
  return (address) => {
    // A connection that is gone already has no address.
    const plain = unmapAddress(address ?? '')
    const version = isIP(plain)
    return version !== 0 && list.check(plain, version === 6 ? 'ipv6' : 'ipv4')
  }
}

/** An IPv4 address that arrived on an IPv6 socket, in its plain form; anything else unchanged. */
export function unmapAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
}

/**
 * What limits count: an IPv4 address, or the /64 of an IPv6 address, since one household owns all of it
 * (CVE-2026-45364).
 */
export function limitKey(address: string): string {
  const plain = unmapAddress(address)
  if (isIP(plain) !== 6) return plain
  const [head = '', tail] = plain.split('%')[0]!.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const missing = tail === undefined ? 0 : 8 - left.length - right.length
  const groups = [...left, ...Array<string>(Math.max(0, missing)).fill('0'), ...right]
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`
}
