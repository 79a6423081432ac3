import type { FastifyRequest } from 'fastify'
import { GatehouseError } from '../core/errors.ts'

/**
 * Throws `cross_site_request` unless a state-changing request that a cookie authenticates proves that it comes from the
 * service's own pages or an allowed origin. `formProven`: it carries the token of a form that this browser was shown.
 */
export type CheckCrossSite = (request: FastifyRequest, formProven?: boolean) => void

/**
 * Browsers state `Origin` and `Sec-Fetch-Site`, and no page can forge them. A request with neither comes from no current
 * browser, and no browser lent it the cookie. Our pages ask for no referrer, under which a form's `Origin` is `null`, as a
 * sandboxed frame's would be: then the fetch metadata or, without them, the form's token must decide.
 */
export function createCrossSiteCheck(settings: { issuer: string; allowedOrigins: readonly string[] }): CheckCrossSite {
  const allowed = new Set([new URL(settings.issuer).origin, ...settings.allowedOrigins])
  return (request, formProven = false) => {
    const { origin, 'sec-fetch-site': site } = request.headers
    if (origin !== undefined && allowed.has(origin)) return
    const sameSite = site === 'same-origin' || site === 'none'
    if (origin === undefined && (site === undefined || sameSite)) return
    if (origin === 'null' && (sameSite || (site === undefined && formProven))) return
    throw new GatehouseError('cross_site_request')
  }
}
