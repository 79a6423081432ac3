import type { FastifyRequest } from 'fastify'
import { GatehouseError } from '../core/errors.ts'

/**
 * Who made the browser send a request, by what browsers state and no page can forge: `Origin` and `Sec-Fetch-Site`. `unknown`:
 * it states neither, or neither says it.
 */
export type SourceOf = (request: FastifyRequest) => 'own_page' | 'listed_origin' | 'another_site' | 'unknown'

/**
 * The service may be reached under other names than the issuer's: a port on this machine, an old address, a name inside the
 * network. Browsers compare the origins themselves (Fetch Metadata §2.3), so their word counts where `Origin` names the host
 * that was asked, as it does then. A host that somebody makes point here gets no cookie of ours.
 *
 * A page that asks for no referrer sends forms with the `Origin` `null`, as a sandboxed frame does: then the fetch metadata
 * must say it. `Sec-Fetch-Site: none` is a person who has opened or loaded anew whatever it is, so it says nothing of a form.
 */
export function createSourceOf(settings: { issuer: string; origins: readonly string[] }): SourceOf {
  const own = new URL(settings.issuer).origin
  const listed = new Set(settings.origins)
  return (request) => {
    const { origin, 'sec-fetch-site': site } = request.headers
    if (origin === own) return 'own_page'
    if (site === 'same-origin' && origin !== undefined && hostOf(origin) === request.host) return 'own_page'
    if (origin !== undefined && listed.has(origin)) return 'listed_origin'
    if (origin !== undefined && origin !== 'null') return 'another_site'
    if (site === 'same-origin') return 'own_page'
    return site === undefined || site === 'none' ? 'unknown' : 'another_site'
  }
}

function hostOf(origin: string): string | undefined {
  const [, host] = /^https?:\/\/([^/?#@\\]+)$/.exec(origin) ?? []
  return host
}

/**
 * Throws `cross_site_request` unless a state-changing request that a cookie authenticates proves that it comes from the
 * service's own pages or an allowed origin.
 */
export type CheckCrossSite = (request: FastifyRequest) => void

/** What comes with neither header comes from no current browser, and no browser lent it the cookie. */
export function createCrossSiteCheck(sourceOf: SourceOf): CheckCrossSite {
  return (request) => {
    const source = sourceOf(request)
    // A sandboxed frame of anybody's says the same about itself where there are no fetch metadata.
    const isSandboxed = request.headers.origin === 'null' && request.headers['sec-fetch-site'] === undefined
    if (source === 'another_site' || (source === 'unknown' && isSandboxed)) {
      throw new GatehouseError('cross_site_request')
    }
  }
}
