/** Whether a host gets the cookies of a domain; a wildcard such as `*.example.com` is judged as what it is below. */
export function isWithin(host: string, domain: string): boolean {
  return `.${nameOf(host)}`.endsWith(`.${domain}`)
}

/**
 * Whether browsers send the session cookie to a host: with a cookie domain to that domain and all below it, otherwise to the
 * issuer's host alone (RFC 6265 §5.1.3).
 */
export function cookieReaches(host: string, service: { issuer: string; cookieDomain?: string | undefined }): boolean {
  const { cookieDomain, issuer } = service
  return cookieDomain === undefined ? nameOf(host) === new URL(issuer).hostname : isWithin(host, cookieDomain)
}

/** Cookies know no ports. */
function nameOf(host: string): string {
  return host.replace(/^\*\./, '').replace(/:\d+$/, '')
}
