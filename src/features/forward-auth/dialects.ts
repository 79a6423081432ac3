import type { IncomingHttpHeaders } from 'node:http'
import {
  parseRequestTarget,
  type RequestTarget,
  splitAbsoluteUrl,
  type TargetFault,
} from '../../core/request-target.ts'

/**
 * How one proxy family asks, and what answers it can digest. Each reads only its own family of headers: a proxy passes
 * on whatever the user sent under another family's names.
 */
export interface Dialect {
  readonly name: string
  target(headers: IncomingHttpHeaders): RequestTarget | TargetFault
  /** Whether the proxy hands every answer to the user. If not, it knows 200, 401 and 403 alone. */
  readonly relaysAnswers: boolean
}

/** Traefik's ForwardAuth and Caddy's forward_auth say it alike. */
function forwardedFamily(name: string): Dialect {
  return {
    name,
    relaysAnswers: true,
    target: (headers) =>
      parseRequestTarget({
        method: single(headers['x-forwarded-method']),
        scheme: single(headers['x-forwarded-proto']),
        host: single(headers['x-forwarded-host']),
        target: single(headers['x-forwarded-uri']),
      }),
  }
}

const nginx: Dialect = {
  name: 'nginx',
  relaysAnswers: false,
  target(headers) {
    const url = single(headers['x-original-url'])
    const parts = url === undefined ? undefined : splitAbsoluteUrl(url)
    if (parts === undefined) return 'ambiguous'
    return parseRequestTarget({ method: single(headers['x-original-method']), ...parts })
  },
}

export const dialects: readonly Dialect[] = [forwardedFamily('traefik'), forwardedFamily('caddy'), nginx]

/** A header that was sent once. Repeats arrive joined by a comma and a space, which none of the strict parsers accept. */
function single(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}
