import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

/** Global unicast (RFC 4291 §2.4): whatever IPv6 has outside of it leads to no host of the internet, or to one of IPv4. */
const globalUnicast = ipaddr.parseCIDR('2000::/3') as [ipaddr.IPv6, number]
/** Of public addresses, what answers to machines of a cloud alone: its metadata service, and its DNS. */
const insideClouds = [ipaddr.parseCIDR('168.63.129.16/32') as [ipaddr.IPv4, number]]

/**
 * Whether an address is one of the public internet. It is not where it is this machine's own, a private or shared one, of a link, of
 * a group, kept for documents and tests, or holds an address of IPv4 (mapped, NAT64, 6to4, Teredo): that would be judged by nobody.
 */
export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 0 || address.includes('%')) return false
  const parsed = ipaddr.parse(address)
  if (parsed.range() !== 'unicast') return false
  return parsed instanceof ipaddr.IPv4
    ? !insideClouds.some((network) => parsed.match(network))
    : parsed.match(globalUnicast)
}
