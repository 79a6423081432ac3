import { readFileSync } from 'node:fs'
import { ownStyles, styleSheetPaths } from '../pages/styles.ts'
import { etagOf } from '../core/etag.ts'
import { matchesEtag } from './etag.ts'
import type { App } from './server.ts'

/** The style sheets of the pages, from memory. */
export async function staticAssets(app: App): Promise<void> {
  const pico = readFileSync(new URL(import.meta.resolve('@picocss/pico/css/pico.min.css')))
  for (const [url, sheet] of [
    [styleSheetPaths.pico, pico],
    [styleSheetPaths.own, Buffer.from(ownStyles)],
  ] as const) {
    const etag = etagOf(sheet)
    app.get(url, { config: { access: 'public', rateLimit: false }, schema: { hide: true } }, async (request, reply) => {
      // The forbidden page shows these under an application's host.
      reply.header('cross-origin-resource-policy', 'cross-origin')
      reply.header('cache-control', 'public, max-age=3600').header('etag', etag)
      if (matchesEtag(request.headers['if-none-match'], etag)) return reply.code(304).send()
      return reply.type('text/css; charset=utf-8').send(sheet)
    })
  }
}
