import { BlockList, isIP } from 'node:net'

/**
 * Reads `10.0.0.0/8`, `::1/128` or a bare address. Throws for an entry that is none of these, or that
 * names a network by an address inside it: whether the one or the other is meant makes a difference of millions.
 */
export function parseNetworks(entries: readonly string[]): (address: string | undefined) => boolean {
  const list = new BlockList()
  for (const entry of entries) {
    const network = readNetwork(entry)
    if (network === undefined) throw new Error('expected an IP address or a network such as 10.0.0.0/8')
    if (network.first !== network.address) {
      throw new Error('expected the first address of the network, or the address without its prefix')
    }
    const { bits, version } = network
    list.addSubnet(textOf(network.address, version), bits, version === 6 ? 'ipv6' : 'ipv4')
  }
  return (address) => {
    // A connection that is gone already has no address.
    const plain = unmapAddress(address ?? '')
    const version = isIP(plain)
    return version !== 0 && list.check(plain, version === 6 ? 'ipv6' : 'ipv4')
  }
}

export interface Network {
  readonly version: 4 | 6
  readonly bits: number
  readonly address: bigint
  /** Its first and its last address, as numbers. */
  readonly first: bigint
  readonly last: bigint
}

/** A network, or nothing when the text is none. A zone, as in `fe80::1%eth0`, is no part of a network. */
export function readNetwork(entry: string): Network | undefined {
  const [text = '', prefix, ...rest] = entry.split('/')
  const version = isIP(text)
  if ((version !== 4 && version !== 6) || rest.length > 0 || text.includes('%')) return undefined
  const length = version === 6 ? 128 : 32
  const bits = prefix === undefined ? length : /^\d{1,3}$/.test(prefix) ? Number(prefix) : -1
  if (bits < 0 || bits > length) return undefined
  const address = numberOf(text, version)
  const size = 1n << BigInt(length - bits)
  const first = address - (address % size)
  return { version, bits, address, first, last: first + size - 1n }
}

/** One address of each kind that networks tell apart, lowest first: membership changes at their bounds alone. */
export function distinctAddresses(networks: readonly Network[]): string[] {
  const starts = { 4: new Set([0n]), 6: new Set([0n]) }
  for (const { version, first, last } of networks) {
    for (const start of [first, last + 1n]) {
      starts[version].add(start)
      // An IPv4 address within IPv6 is in the networks of both.
      if (version === 4) starts[6].add(mappedAt + start)
      else if (start >= mappedAt && start < mappedAt + (1n << 32n)) starts[4].add(start - mappedAt)
    }
  }
  const listed = (version: 4 | 6) =>
    [...starts[version]]
      .filter((start) => start < 1n << (version === 6 ? 128n : 32n))
      .toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0))
      .map((start) => textOf(start, version))
  return [...listed(4), ...listed(6)]
}

/** ::ffff:0:0, under which IPv6 holds the addresses of IPv4. */
const mappedAt = 0xffffn << 32n

function numberOf(address: string, version: 4 | 6): bigint {
  if (version === 4) return address.split('.').reduce((sum, part) => (sum << 8n) | BigInt(part), 0n)
  // The URL parser writes it in hexadecimal groups, whichever of its spellings it had.
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::')
  const [left, right] = [head, tail ?? ''].map((part) => (part === '' ? [] : part.split(':'))) as [string[], string[]]
  const groups = [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right]
  return groups.reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n)
}

function textOf(number: bigint, version: 4 | 6): string {
  const width = version === 4 ? 8n : 16n
  const count = version === 4 ? 4n : 8n
  const groups = Array.from({ length: Number(count) }, (_, at) => {
    return (number >> (width * (count - 1n - BigInt(at)))) & ((1n << width) - 1n)
  })
  if (version === 4) return groups.join('.')
  return new URL(`http://[${groups.map((group) => group.toString(16)).join(':')}]`).hostname.slice(1, -1)
}

/** An IPv4 address that arrived on an IPv6 socket, in its plain form; anything else unchanged. */
export function unmapAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
}

/**
 * What limits count: an IPv4 address, or the /64 of an IPv6 address, since one household owns all of it
 * (CVE-2026-45364). Nothing for what is no address, as where no proxy told one: everybody there would share one count, and
 * a stranger could use it up.
 */
export function limitKey(address: string | undefined): string | undefined {
  const plain = unmapAddress(address ?? '')
  if (isIP(plain.split('%')[0]!) !== 6) return isIP(plain) === 4 ? plain : undefined
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

const isLoopback = parseNetworks(['127.0.0.0/8', '::1/128'])

/** Whether nothing that is said to a host leaves this machine: a loopback address, or a name of RFC 6761 §6.3. */
export function isThisMachine(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || isLoopback(host)
}
