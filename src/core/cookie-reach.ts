/** Whether a host gets the cookies of a domain; a wildcard such as `*.example.com` is judged as what it is below. */
export function isWithin(host: string, domain: string): boolean {
  return `.${nameOf(host)}`.endsWith(`.${domain}`)
}

/** What says to which hosts people can sign in. */
export interface Reach {
  issuer: string
  /** The domain whose hosts share the session cookie. */
  cookieDomain?: string | undefined
  /** `sessions.other_domains`: those whose hosts get a cookie of their own. */
  otherDomains?: readonly string[]
}

/**
 * Whether browsers send the session cookie to a host: with a cookie domain to that domain and all below it, otherwise to the
 * issuer's host alone (RFC 6265 §5.1.3).
 */
export function cookieReaches(host: string, { cookieDomain, issuer }: Reach): boolean {
  return cookieDomain === undefined ? nameOf(host) === new URL(issuer).hostname : isWithin(host, cookieDomain)
}

/** Whether a host, which the session cookie does not reach, gets one of its own. */
export function getsOwnCookie(host: string, reach: Reach): boolean {
  const { otherDomains = [] } = reach
  return otherDomains.some((domain) => isWithin(host, domain)) && !cookieReaches(host, reach)
}

/** Whether people can be signed in to a host, in whichever way. */
export function canSignInTo(host: string, reach: Reach): boolean {
  return cookieReaches(host, reach) || getsOwnCookie(host, reach)
}

/** Cookies know no ports. */
function nameOf(host: string): string {
  return host.replace(/^\*\./, '').replace(/:\d+$/, '')
}
