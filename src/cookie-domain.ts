import { createRequire } from 'node:module'
import { isIP } from 'node:net'
import { domainToASCII } from 'node:url'
import { isWithin } from './core/cookie-reach.ts'

/** A domain as browsers keep it (A-labels, lower case, no dot before it), or what was expected, in words after "expected". */
export type CookieDomain = { domain: string } | { expected: string }

const none = 'leave it out: the session cookie then stays with the host of GATEHOUSE_ISSUER'

/**
 * Reads a cookie domain for a service at `issuer`, a URL. Taken are the spellings that mean the same: capitals, a dot before
 * it (RFC 6265 §5.2.3), spaces around, letters beyond ASCII. Refused is what browsers would refuse in silence (§5.3): a domain
 * that the issuer's host is not in, an address, and a public suffix, under which strangers have names.
 */
export function readCookieDomain(text: string, issuer: string): CookieDomain {
  const written = text.trim().replace(/^\./, '')
  const domain = /[\s/:@?#%*\\]/.test(written) ? '' : domainToASCII(written)
  const { hostname } = new URL(issuer)
  if (isIP(domain) !== 0 || isIP(written.replace(/^\[(.*)\]$/, '$1')) !== 0) {
    return { expected: `a domain such as example.com, since no host is below an address; or ${none}` }
  }
  if (!/^[a-z0-9-]+(\.[a-z0-9-]+)*$/.test(domain)) return { expected: 'a domain such as example.com' }
  const own = registrableDomain(hostname)
  const instead = own === undefined ? `; no domain would do here, so ${none}` : `; ${own} would do`
  if (!domain.includes('.')) {
    const expected = 'a domain such as example.com or app.localhost: browsers take no cookies for a name without a dot'
    return { expected: own === undefined ? expected + instead : expected }
  }
  if (!isWithin(hostname, domain)) {
    const expected = 'the domain of GATEHOUSE_ISSUER or a parent of it'
    return { expected: own === undefined ? expected + instead : expected }
  }
  // Browsers hold both against the list, so the suffix of neither may lie between them.
  if (own !== undefined && registrableDomain(domain) === own) return { domain }
  return { expected: `a domain that browsers take cookies for; below this one strangers have names${instead}` }
}

/**
 * Reads the domain that passkeys are made for, of a service at `issuer` (WebAuthn §5.1.3, "rpId"): its host, or a parent of it that one
 * party has registered. Nothing where the host is an address, for which there are no passkeys.
 */
export function readRpId(
  text: string | undefined,
  issuer: string,
): { rpId: string | undefined } | { expected: string } {
  const { hostname } = new URL(issuer)
  const isAddress = isIP(hostname.replace(/^\[(.*)\]$/, '$1')) !== 0
  if (text === undefined) return { rpId: isAddress ? undefined : hostname }
  if (isAddress)
    return { expected: 'nothing, since the host of the issuer is an address, for which there are no passkeys' }
  const domain = /[\s/:@?#%*\\]/.test(text) ? '' : domainToASCII(text)
  const own = registrableDomain(hostname)
  const fits = domain === hostname || (own !== undefined && isWithin(hostname, domain) && isWithin(domain, own))
  if (fits) return { rpId: domain }
  const parents = own === undefined || own === hostname ? '' : `, or a parent of it down to ${own}`
  return { expected: `the host of GATEHOUSE_ISSUER, which is ${hostname}${parents}` }
}

/**
 * Whether browsers take two origins for one site (HTML §7.1.1.3, "schemefully same site"), so that pages of the one send
 * `SameSite=Strict` cookies to the other. Ports do not matter.
 */
export function isSameSite(one: string, other: string): boolean {
  const [a, b] = [new URL(one), new URL(other)]
  if (a.protocol !== b.protocol) return false
  if (a.hostname === b.hostname) return true
  const own = registrableDomain(a.hostname)
  return own !== undefined && own === registrableDomain(b.hostname)
}

const load = createRequire(import.meta.url)

/**
 * The part of a host name that one party has registered, by the Public Suffix List with its private section (duckdns.org,
 * github.io), as browsers do. Nothing of a suffix, of an address and of a name without a dot. The list is loaded when it is
 * asked for the first time: a service without a cookie domain never needs it.
 */
function registrableDomain(hostname: string): string | undefined {
  const list = load('tldts') as typeof import('tldts')
  const options = { allowPrivateDomains: true, extractHostname: false, validateHostname: false }
  return isIP(hostname.replace(/^\[(.*)\]$/, '$1')) === 0 ? (list.getDomain(hostname, options) ?? undefined) : undefined
}
