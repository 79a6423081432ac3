import { readFileSync } from 'node:fs'
import { etagOf } from '../core/etag.ts'
import { GatehouseError } from '../core/errors.ts'
import { matchesEtag } from './etag.ts'
import type { App } from './server.ts'

const files = [
  { path: '/gatehouse.js', type: 'text/javascript; charset=utf-8' },
  { path: '/gatehouse.d.ts', type: 'text/plain; charset=utf-8' },
]

/**
 * The module by which scripts of applications get tokens, as it stands in `src/browser/`, and its types. CORS lets pages of
 * the listed origins load it; those of another site are told no, since what it asks for would come without the cookies that
 * it needs, and look as if nobody were signed in.
 */
export async function browserClient(
  app: App,
  { origins, sameSite }: { origins: readonly string[]; sameSite: readonly string[] },
): Promise<void> {
  const elsewhere = new Set(origins.filter((origin) => !sameSite.includes(origin)))
  for (const { path, type } of files) {
    const content = readFileSync(new URL(`../browser${path}`, import.meta.url))
    const etag = etagOf(content)
    app.get(
      path,
      { config: { access: 'public', rateLimit: false }, schema: { hide: true } },
      async (request, reply) => {
        if (elsewhere.has(request.headers.origin ?? '')) {
          throw new GatehouseError('forbidden', { detail: 'This origin is not on the site of the service.' })
        }
        reply.header('cross-origin-resource-policy', 'same-site')
        // It speaks to the service that it comes from, so that a copy is not to outlive a release for long.
        reply.header('cache-control', 'public, max-age=300').header('etag', etag)
        if (matchesEtag(request.headers['if-none-match'], etag)) return reply.code(304).send()
        return reply.type(type).send(content)
      },
    )
  }
}
