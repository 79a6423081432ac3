import type { IncomingHttpHeaders } from 'node:http'
import type { RequestTarget } from '../../core/request-target.ts'

/**
 * Whether a person is looking at a page, so that a denial should lead to the sign-in page. Everything else (scripts,
 * APIs, assets, state-changing requests) gets a status that it can act on.
 */
export function isPageNavigation(method: string, headers: IncomingHttpHeaders): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false
  const mode = headers['sec-fetch-mode']
  if (mode !== undefined) return mode === 'navigate'
  if (headers['x-requested-with'] !== undefined || headers.upgrade !== undefined) return false
  return (headers.accept ?? '').toLowerCase().includes('text/html')
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
