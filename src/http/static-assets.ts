import { styleSheets } from '../pages/styles.ts'
import { etagOf } from '../core/etag.ts'
import { matchesEtag } from './etag.ts'
import type { App } from './server.ts'

/**
 * The style sheets of the pages, from memory. A browser keeps for good what it got under the version of its text. Under another
 * version, as of a page that another release made, or under none it gets the present text, for an hour.
 */
export async function staticAssets(app: App): Promise<void> {
  for (const { path, version, text } of styleSheets) {
    const etag = etagOf(text)
    app.get(
      path,
      { config: { access: 'public', rateLimit: false }, schema: { hide: true } },
      async (request, reply) => {
        const { v } = request.query as { v?: unknown }
        // The forbidden page shows these under an application's host.
        reply.header('cross-origin-resource-policy', 'cross-origin')
        reply.header('cache-control', v === version ? 'public, max-age=31536000, immutable' : 'public, max-age=3600')
        reply.header('etag', etag)
        if (matchesEtag(request.headers['if-none-match'], etag)) return reply.code(304).send()
        return reply.type('text/css; charset=utf-8').send(text)
      },
    )
  }
}
