import { claimsIssuer } from '../../core/access-token.ts'
import { apiKeyPrefix } from '../../core/api-key.ts'

/**
 * What tells credentials of ours from an application's own before anything is proven. Proxies join repeated headers in one
 * line, in which one of ours may stand anywhere.
 */

/** The token of an `Authorization: Bearer` header. Whether it is one token, and well-formed, its proof decides. */
export function bearerToken(authorization: string): string | undefined {
  const scheme = authorization.slice(0, 7)
  return scheme === 'Bearer ' || scheme.toLowerCase() === 'bearer ' ? authorization.slice(7) : undefined
}

export function isBasic(authorization: string): boolean {
  return /^basic /i.test(authorization)
}

/** Whether a text holds what an API key of ours begins with. */
export function holdsApiKey(text: string): boolean {
  return partsOf(text).some((part) => part.startsWith(apiKeyPrefix))
}

/** More than proxies ever join in one. To look at thousands would cost a stranger one request and the service a tenth of a second. */
const maxTokens = 16

/** Whether what was shown as a bearer token holds an API key, a JWT that names this issuer, or more than any application's does. */
export function isOwnBearer(token: string, issuer: string): boolean {
  const parts = partsOf(token, maxTokens + 1)
  return parts.length > maxTokens || holdsApiKey(token) || parts.some((part) => claimsIssuer(part, issuer))
}

function partsOf(text: string, most?: number): string[] {
  return text.split(/[\s,]+/, most)
}
