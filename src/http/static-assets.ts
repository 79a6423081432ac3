import { readFileSync } from 'node:fs'
import { etagOf } from '../core/etag.ts'
import { GatehouseError } from '../core/errors.ts'
import { Type } from '../json-schema.ts'
import { type Asset, assetOf, type Brand, iconPath, logoPaths } from '../pages/brand.ts'
import { passwordScriptPath } from '../pages/password-fields.ts'
import { picoPath } from '../pages/styles.ts'
import { matchesEtag } from './etag.ts'
import type { App } from './server.ts'

/** A picture is looked at within pages alone: opened by itself it is a document, of which nothing loads or runs. */
const picturePolicy = "default-src 'none'; style-src 'unsafe-inline'; sandbox"

/** What pages load, from memory. */
export async function staticAssets(app: App, { brand }: { brand(): Brand }): Promise<void> {
  const pico = assetOf(picoPath, 'text/css; charset=utf-8', readPico())
  serve(picoPath, () => pico)
  const script = readFileSync(new URL('../pages/browser/password-field.js', import.meta.url))
  const passwordScript = assetOf(passwordScriptPath, 'text/javascript; charset=utf-8', script)
  serve(passwordScriptPath, () => passwordScript)
  serve('/assets/gatehouse.css', () => brand().styles)
  for (const path of Object.values(logoPaths)) serve(path, () => brand().logo)
  serve(iconPath, (wanted) => [...brand().icons.values()].find(({ version }) => version === wanted))

  function serve(path: string, assetOf: (version: string | undefined) => Asset | undefined): void {
    app.get(
      path,
      {
        config: { access: 'public', rateLimit: false },
        schema: { hide: true, querystring: Type.Partial(Type.Object({ v: Type.String() })) },
      },
      async (request, reply) => {
        const asset = assetOf(request.query.v)
        if (asset === undefined) throw new GatehouseError('not_found')
        const { type, content, version } = asset
        const etag = etagOf(content)
        // The forbidden page shows these under an application's host.
        reply.header('cross-origin-resource-policy', 'cross-origin')
        // Under the name of its version an asset never changes. Another one may be a moment old, of another replica.
        const isThatVersion = request.query.v === version
        const otherwise = path === picoPath ? 'public, max-age=3600' : 'public, no-cache'
        reply.header('cache-control', isThatVersion ? 'public, max-age=31536000, immutable' : otherwise)
        reply.header('etag', etag)
        if (type.startsWith('image/')) reply.header('content-security-policy', picturePolicy)
        if (matchesEtag(request.headers['if-none-match'], etag)) return reply.code(304).send()
        return reply.type(type).send(content)
      },
    )
  }
}

function readPico(): Buffer {
  return readFileSync(new URL(import.meta.resolve('@picocss/pico/css/pico.min.css')))
}
