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

/** Whether what was shown as a bearer token holds an API key, or a JWT that names this issuer. */
export function isOwnBearer(token: string, issuer: string): boolean {
  return holdsApiKey(token) || partsOf(token).some((part) => claimsIssuer(part, issuer))
}

function partsOf(text: string): string[] {
  return text.split(/[\s,]+/)
}
