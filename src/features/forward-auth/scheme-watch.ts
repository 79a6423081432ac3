import type { Log } from '../../core/log.ts'
import type { RequestTarget } from '../../core/request-target.ts'

/** As many hosts as anybody has; wildcards in the rules match any number. */
const maxHosts = 1_000

/**
 * Makes what is told of somebody who is led to the sign-in page: nobody is led back from an issuer on https to an address that
 * the proxy tells with http. It is in the log once for each host, since one line of a configuration is wrong.
 */
export function createSchemeWatch({ issuer, log }: { issuer: string; log: Log }): (target: RequestTarget) => void {
  const told = new Set<string>()
  const isSecure = issuer.startsWith('https:')
  return ({ scheme, authority: host }) => {
    if (!isSecure || scheme === 'https' || told.has(host) || told.size >= maxHosts) return
    told.add(host)
    const about =
      `the proxy tells http for ${host}, but the issuer is on https: whoever signs in is not led back. ` +
      'Make it tell the scheme that browsers use (X-Forwarded-Proto: https)'
    log.warn({ event: 'forward_auth.wrong_scheme', host, told: scheme, issuer }, about)
  }
}
