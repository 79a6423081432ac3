import { allEscaped } from '../../core/request-path.ts'
import { parseRequestTarget, splitAbsoluteUrl } from '../../core/request-target.ts'
import { type Dialect, single } from './dialect.ts'
import { envoy, prefix as envoyPrefix } from './envoy.ts'

/** Traefik's ForwardAuth and Caddy's forward_auth say it alike, and so does the Lua file that we write for HAProxy. */
function forwardedFamily(name: string, product: string, ...urls: string[]): Dialect {
  return {
    name,
    urls: [`/forward-auth/${name}`, ...urls],
    product,
    reads: 'Reads `X-Forwarded-Method`, `-Proto`, `-Host` and `-Uri`. Any method; a body is ignored.',
    needs: ['x-forwarded-method', 'x-forwarded-proto', 'x-forwarded-host', 'x-forwarded-uri'],
    relaysAnswers: true,
    target: (headers) =>
      parseRequestTarget(
        {
          method: single(headers['x-forwarded-method']),
          scheme: single(headers['x-forwarded-proto']),
          host: single(headers['x-forwarded-host']),
          target: single(headers['x-forwarded-uri']),
        },
        allEscaped,
      ),
  }
}

const nginx: Dialect = {
  name: 'nginx',
  urls: ['/forward-auth/nginx'],
  product: 'nginx auth_request',
  reads: 'Reads `X-Original-URL` and `X-Original-Method`. Any method; a body is ignored.',
  needs: ['x-original-method', 'x-original-url'],
  relaysAnswers: false,
  target(headers) {
    const url = single(headers['x-original-url'])
    const parts = url === undefined ? undefined : splitAbsoluteUrl(url)
    if (parts === undefined) return 'ambiguous'
    return parseRequestTarget({ method: single(headers['x-original-method']), ...parts }, allEscaped)
  },
}

export const dialects: readonly Dialect[] = [
  {
    ...forwardedFamily('traefik', 'Traefik ForwardAuth', '/forward-auth'),
    // Traefik removes a client's own before it sets what the answer has, and would pass on an empty one, which some
    // applications take for a credential that is wrong.
    whenAllowed: (_identity, left) =>
      left.length === 0 ? left : left.filter((_, at) => left[at - (at % 2) + 1] !== ''),
  },
  forwardedFamily('caddy', 'Caddy forward_auth'),
  nginx,
  forwardedFamily('haproxy', 'HAProxy'),
  envoy,
]

const byUrl = new Map(dialects.flatMap((dialect) => dialect.urls.map((url) => [url, dialect] as const)))

/** The dialect of a question, by its URL as it was sent; a query says nothing, except to Envoy's. */
export function dialectOfUrl(url: string): Dialect | undefined {
  const exact = byUrl.get(url)
  if (exact !== undefined || !url.startsWith('/forward-auth')) return exact
  if (url.startsWith(envoyPrefix)) return envoy
  const mark = url.indexOf('?')
  return mark === -1 ? undefined : byUrl.get(url.slice(0, mark))
}
