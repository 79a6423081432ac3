import type { FastifyCorsOptions } from '@fastify/cors'
import type { App } from './server.ts'

/** What scripts of other origins may read of an answer beside what Fetch lets them read anyway. */
export const exposedHeaders = [
  ...['WWW-Authenticate', 'Retry-After', 'X-Request-Id', 'DPoP-Nonce'],
  ...['RateLimit-Limit', 'RateLimit-Remaining', 'RateLimit-Reset'],
]

/** How pages of the listed origins, and no others, may call the service (Fetch §3.3): by name, with credentials. */
export function corsOptions(allowed: readonly string[]): FastifyCorsOptions {
  const origins = new Set(allowed)
  return {
    // Decided here, since the plugin would say `Allow-Credentials` to every origin.
    origin: (origin, done) => done(null, origin !== undefined && origins.has(origin) ? origin : false),
    methods: ['GET', 'HEAD', 'POST', 'PATCH', 'DELETE'],
    credentials: true,
    exposedHeaders,
    strictPreflight: false,
  }
}

/**
 * Lets pages of the listed origins read the answers of a scope without the plugin, which answers the preflights of every
 * path from the scope that has it.
 */
export function shareAnswers(app: App, allowed: readonly string[]): void {
  const origins = new Set(allowed)
  app.addHook('onRequest', (request, reply, done) => {
    const { origin } = request.headers
    if (origin !== undefined) reply.header('vary', 'Origin')
    if (origin !== undefined && origins.has(origin)) {
      reply.header('access-control-allow-origin', origin).header('access-control-allow-credentials', 'true')
      reply.header('access-control-expose-headers', exposedHeaders.join(', '))
    }
    done()
  })
}
