import { getsOwnCookie, type Reach } from '../../core/cookie-reach.ts'
import { allEscaped, type EscapedCharacter } from '../../core/request-path.ts'
import { parseRequestTarget, splitAbsoluteUrl, urlOf } from '../../core/request-target.ts'
import type { AccessRules } from './access-rules.ts'
import type { CredentialHeader } from './withheld.ts'

/** What has to be so at the edge for one URL, as the service is configured. Nothing of it is secret. */
export interface EdgeFacts {
  /** The URL as the service reads it. */
  url: string
  issuer: string
  /** The domain whose hosts share the session cookie; without one it stays with the issuer's host. */
  cookie_domain?: string
  /** Whether the host gets a cookie of its own, since it is outside that domain. */
  gets_own_cookie: boolean
  /** The cookie that the sign-in page sets. */
  page_cookie: string
  /** The headers that tell the upstream of this URL who it is. */
  identity_headers: string[]
  /** Whether `Authorization` is replaced by the assertion. */
  replaces_authorization: boolean
  /** The headers in which credentials of ours that reach the proxy must go no further; each is taken from the answer. */
  withheld: readonly CredentialHeader[]
  /** The header in which the proxy tells the certificates of clients, where it is to. */
  certificate_header?: string
  /** The escaped characters that may stand in a segment of its path. */
  encoded: readonly EscapedCharacter[]
}

/** The facts about a URL; nothing when it is refused as ambiguous or its host is not listed. */
export function edgeFactsOf(
  given: string,
  settings: Reach & { pageCookie: string; rules: AccessRules; certificateHeader?: string | undefined },
): EdgeFacts | undefined {
  const parts = splitAbsoluteUrl(given)
  const target = parts && parseRequestTarget({ method: 'GET', ...parts }, allEscaped)
  if (typeof target !== 'object') return undefined
  const policy = settings.rules.host(target.authority)
  if (policy === undefined || policy.isAmbiguous(target)) return undefined
  const presentation = policy.presentation(target)
  return {
    url: urlOf(target),
    issuer: settings.issuer,
    ...(settings.cookieDomain && { cookie_domain: settings.cookieDomain }),
    gets_own_cookie: getsOwnCookie(target.authority, settings),
    page_cookie: settings.pageCookie,
    identity_headers: presentation.preset.map(([name]) => name),
    replaces_authorization: presentation.replacesAuthorization,
    // What does not count is passed on in it.
    withheld: policy.withholds.filter(
      (name) => name !== 'X-API-Key' || (policy.credentials?.includes('api-key') ?? true),
    ),
    ...(settings.certificateHeader !== undefined && { certificate_header: settings.certificateHeader }),
    encoded: policy.encoded,
  }
}
