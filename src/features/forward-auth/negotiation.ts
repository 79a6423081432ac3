import type { IncomingHttpHeaders } from 'node:http'

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
