import type { FastifyRequest } from 'fastify'
import { GatehouseError } from '../core/errors.ts'

/**
 * Throws `cross_site_request` unless a state-changing request that a cookie authenticates proves that it comes from the
 * service's own pages or an allowed origin. Browsers state both headers and no page can forge them: `Sec-Fetch-Site`
 * where known, else `Origin`. A request with neither comes from no current browser, and no browser lent it the cookie.
 */
export function createCrossSiteCheck(settings: { issuer: string; allowedOrigins: readonly string[] }) {
  const allowed = new Set([new URL(settings.issuer).origin, ...settings.allowedOrigins])
  return (request: FastifyRequest): void => {
    const { origin, 'sec-fetch-site': site } = request.headers
    if (origin !== undefined ? allowed.has(origin) : site === undefined || site === 'same-origin' || site === 'none') {
      return
    }
    throw new GatehouseError('cross_site_request')
  }
}
