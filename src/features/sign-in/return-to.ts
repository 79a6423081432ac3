import { allEscaped } from '../../core/request-path.ts'
import {
  parseAuthority,
  parseRequestTarget,
  type RequestTarget,
  splitAbsoluteUrl,
  urlOf,
} from '../../core/request-target.ts'

export type ReturnTo = (wanted: string | undefined) => string

/**
 * Makes the check of where a visitor may be sent back to: a path on the service itself, or an absolute URL that the rules
 * of a host decide about. Everything else, and everything that two parsers could read differently, becomes `/`.
 */
export function createReturnTo(settings: { issuer: string; decidesAbout(target: RequestTarget): boolean }): ReturnTo {
  const own = splitAbsoluteUrl(`${settings.issuer}/`)!
  const ownScheme = own.scheme as 'http' | 'https'
  const ownAuthority = parseAuthority(own.host, ownScheme)
  return (wanted) => {
    if (wanted === undefined) return '/'
    const parts = wanted.startsWith('/') ? { ...own, target: wanted } : splitAbsoluteUrl(wanted)
    const target = parts && parseRequestTarget({ method: 'GET', ...parts }, allEscaped)
    if (target === undefined || target === 'ambiguous' || target === 'too_long') return '/'
    // A sign-in on https must not end on a page that anyone on the way can rewrite.
    if (ownScheme === 'https' && target.scheme !== 'https') return '/'
    if (target.authority === ownAuthority && target.scheme === ownScheme) {
      // No page of the service has one of these in its path.
      return target.escaped.length > 0 ? '/' : target.path + target.query
    }
    return settings.decidesAbout(target) ? urlOf(target) : '/'
  }
}
