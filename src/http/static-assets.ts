import { etagOf } from '../core/etag.ts'
import { GatehouseError } from '../core/errors.ts'
import { type Asset, type Brand, iconPath, logoPaths } from '../pages/brand.ts'
import { matchesEtag } from './etag.ts'
import type { App } from './server.ts'

/** A picture is looked at within pages alone: opened by itself it is a document, of which nothing loads or runs. */
const picturePolicy = "default-src 'none'; style-src 'unsafe-inline'; sandbox"

/** What pages load, from memory. */
export async function staticAssets(app: App, { brand }: { brand(): Brand }): Promise<void> {
  for (const each of ['pico', 'passwordScript', 'passkeyScript', 'submitScript', 'styles'] as const) {
    serve(brand()[each].path, () => brand()[each])
  }
  for (const path of Object.values(logoPaths)) serve(path, () => brand().logo)
  serve(iconPath, (wanted) => [...brand().icons.values()].find(({ version }) => version === wanted))

  function serve(path: string, assetOf: (version: unknown) => Asset | undefined): void {
    app.get(
      path,
      {
        config: { access: 'public', rateLimit: false },
        schema: { hide: true },
      },
      async (request, reply) => {
        const { v } = request.query as { v?: unknown }
        const asset = assetOf(v)
        if (asset === undefined) throw new GatehouseError('not_found')
        const { type, content, version } = asset
        const etag = etagOf(content)
        // The forbidden page shows these under an application's host.
        reply.header('cross-origin-resource-policy', 'cross-origin')
        // Under the name of its version an asset never changes. Another one may be a moment old, of another replica.
        reply.header('cache-control', v === version ? 'public, max-age=31536000, immutable' : 'public, no-cache')
        reply.header('etag', etag)
        if (type.startsWith('image/')) reply.header('content-security-policy', picturePolicy)
        if (matchesEtag(request.headers['if-none-match'], etag)) return reply.code(304).send()
        return reply.type(type).send(content)
      },
    )
  }
}
