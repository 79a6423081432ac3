import { originOf } from '../../../core/issuer.ts'
import { exposedHeaders } from '../../../http/cors.ts'
import type { IncomingHttpHeaders } from 'node:http'
import { parseRequestTarget, type RequestTarget, splitAbsoluteUrl, urlOf } from '../../../core/request-target.ts'
import { rangesOf } from '../../../core/accept.ts'

/** Whether a request only asks for something, and so may be made again (RFC 9110 §9.2.1). */
export const isSafe = (method: string): boolean => method === 'GET' || method === 'HEAD'

/** Methods of which nobody looks at the answer (RFC 9110 §9.3.6 to §9.3.8). */
const unseen = new Set(['OPTIONS', 'TRACE', 'CONNECT'])

/** What a browser sends a form as (HTML §4.10.18.6). */
const formType = /^(application\/x-www-form-urlencoded|multipart\/form-data|text\/plain)\s*(;|$)/i

/**
 * Whether a person is looking at a page of its own, or has sent a form to get one, so that a denial should lead to the sign-in
 * page. Everything else (scripts, APIs, assets, frames, upgrades, prefetches) gets a status that it can act on.
 * docs/forward-auth.md holds the table; the first row that says something decides.
 */
export function isPageNavigation(method: string, headers: IncomingHttpHeaders): boolean {
  if (unseen.has(method)) return false
  if (headers.upgrade !== undefined || isGrpc(headers['content-type'])) return false
  // A browser that only looks ahead would begin a sign-in that nobody asked for.
  if (headers['sec-purpose'] !== undefined || headers['purpose'] !== undefined) return false
  // Fetch Metadata. The sign-in page refuses to be framed, so a frame is no way to it.
  const mode = headers['sec-fetch-mode']
  if (mode !== undefined) {
    const destination = headers['sec-fetch-dest']
    return mode === 'navigate' && (destination === undefined || destination === 'document')
  }
  if (headers['x-requested-with'] !== undefined) return false
  // Without fetch metadata: forms know no other method, and always say one of their types.
  if (!isSafe(method) && (method !== 'POST' || !formType.test(headers['content-type'] ?? ''))) return false
  return prefersHtml(headers.accept)
}

/**
 * Where a person shall be after the sign-in, by GET: what was asked for, or in place of what must not be repeated the page that it
 * was sent from, if that is one of the same host. Other hosts choose nothing here.
 */
export function wayBackTo(target: RequestTarget, referrer: string | undefined): string {
  const parts = isSafe(target.method) || referrer === undefined ? undefined : splitAbsoluteUrl(referrer)
  const page = parts && parseRequestTarget({ method: 'GET', ...parts })
  const isNear = typeof page === 'object' && page.authority === target.authority && page.scheme === target.scheme
  return urlOf(isNear ? page : target)
}

function isGrpc(contentType: string | undefined): boolean {
  return contentType?.toLowerCase().startsWith('application/grpc') ?? false
}

/**
 * Whether `Accept` names HTML, and nothing else that it likes better (RFC 9110 §12.5.1). Wildcards name nothing: what
 * takes anything, such as curl, is not asking for a page.
 */
function prefersHtml(accept: string | undefined): boolean {
  let html = 0
  let other = 0
  for (const { range, quality } of rangesOf(accept ?? '')) {
    if (range === 'text/html' || range === 'application/xhtml+xml') html = Math.max(html, quality)
    else if (!range.includes('*')) other = Math.max(other, quality)
  }
  return html > 0 && html >= other
}

/**
 * The method that a browser asks leave for, when the request is a true CORS preflight: OPTIONS with an `Origin` and a
 * method to ask about (Fetch §4.8). A preflight carries no credentials, so no rule about people can ever let it pass.
 */
export function preflightMethod(target: RequestTarget, headers: IncomingHttpHeaders): string | undefined {
  if (target.method !== 'OPTIONS' || headers.origin === undefined) return undefined
  const method = headers['access-control-request-method']
  return method !== undefined && /^[A-Z][A-Z-]{0,31}$/.test(method) ? method : undefined
}

/**
 * The headers by which a page of another origin may read a denial (Fetch §3.3), or none. Never sent with an allowed
 * request: what the application answers is for the application to share.
 */
export type ShareDenial = (origin: string | undefined) => readonly string[]

/** Shares denials with the allowed origins and with those of known hosts that are as well protected as the issuer. */
export function createShareDenial(settings: {
  issuer: string
  origins: readonly string[]
  knowsHost(authority: string): boolean
}): ShareDenial {
  const allowed = new Set([originOf(settings.issuer), ...settings.origins])
  const scheme = settings.issuer.slice(0, settings.issuer.indexOf('//') + 2)
  return (origin) => {
    if (origin === undefined) return []
    const known = allowed.has(origin) || (origin.startsWith(scheme) && settings.knowsHost(origin.slice(scheme.length)))
    // Caches must keep the answers apart, whether or not this one is shared.
    if (!known) return ['Vary', 'Origin']
    return [
      ...['Vary', 'Origin', 'Access-Control-Allow-Origin', origin, 'Access-Control-Allow-Credentials', 'true'],
      ...['Access-Control-Expose-Headers', exposedHeaders.join(', ')],
    ]
  }
}
