import { maxIssuerLength } from './sizes.ts'

/**
 * The path of an issuer (RFC 8414 §2), without a slash at its end; empty where it has none. Whatever of the service people,
 * browsers and clients see lies below it: a proxy passes such paths on as they are.
 */
export function basePathOf(issuer: string): string {
  const { pathname } = new URL(issuer)
  return pathname === '/' ? '' : pathname
}

const metadataName = '/.well-known/oauth-authorization-server'

/** Where clients look for the metadata of an issuer: RFC 8414 §3.1 has its path behind the well-known name, others before it (§5). */
export function metadataPathsOf(issuer: string): { inserted: string; appended: string } {
  const basePath = basePathOf(issuer)
  return { inserted: `${metadataName}${basePath}`, appended: `${basePath}${metadataName}` }
}

const openIdName = '/.well-known/openid-configuration'

/** Where OpenID Connect Discovery 1.0 §4 has the metadata, behind the issuer; some clients look as RFC 8414 §5 says. */
export function openIdMetadataPathsOf(issuer: string): { appended: string; inserted: string } {
  const basePath = basePathOf(issuer)
  return { appended: `${basePath}${openIdName}`, inserted: `${openIdName}${basePath}` }
}

/** Scheme, host and port of an issuer, as browsers spell them. */
export function originOf(issuer: string): string {
  return new URL(issuer).origin
}

/** What the service answers beside its base path, and whatever that is: where machines next to it ask. */
const besideBase = new Set(['forward-auth', 'health', 'metrics', '.well-known'])

/** The canonical spelling of an issuer, or why it cannot be one, without repeating it: it may hold a password. */
export function readIssuer(text: string): { issuer: string } | { fault: string } {
  if (!/^https?:\/\/[^/]/i.test(text) || !URL.canParse(text)) {
    return { fault: 'expected a URL with its scheme, such as https://auth.example.com or https://example.com/auth' }
  }
  if (text.length > maxIssuerLength) return { fault: `expected a URL of at most ${maxIssuerLength} characters` }
  const { origin, pathname, username, password } = new URL(text)
  if (/[?#]/.test(text) || username || password) {
    return { fault: 'expected a URL without query, fragment, user name and password' }
  }
  const segments = text.replace(/^https?:\/\/[^/]*\/?/i, '').replace(/\/$/, '')
  const path = segments === '' ? '' : `/${segments}`
  if (!/^(\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*$/.test(path) || pathname.replace(/\/$/, '') !== path) {
    return { fault: 'expected a path of plain names, such as https://example.com/auth' }
  }
  const [, first = ''] = path.split('/')
  if (besideBase.has(first)) return { fault: `expected another path: the service has /${first} for itself` }
  return { issuer: origin + path }
}

/** Where the key set is, below the issuer. */
export const jwksPath = '/.well-known/jwks.json'
