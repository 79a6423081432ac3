import type { Confirmation } from './confirmation.ts'

/**
 * Whether a text is a JWT that names this issuer, by its payload as it stands: nothing about it is verified, so it says whose
 * business the text is, never that it is good for something. A missing or damaged signature makes no difference.
 */
export function claimsIssuer(text: string, issuer: string): boolean {
  const payload = text.split('.', 2)[1]
  if (payload === undefined) return false
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))
    return typeof claims === 'object' && claims !== null && 'iss' in claims && claims.iss === issuer
  } catch {
    return false
  }
}

/** Whether the token of an `Authorization` header says that it is bound to a key. Nothing about it is verified. */
export function isBoundToKey(authorization: string): boolean {
  const payload = authorization.split('.', 2)[1]
  if (payload === undefined) return false
  try {
    const { cnf } = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as Partial<AccessTokenClaims>
    return cnf?.jkt !== undefined
  } catch {
    return false
  }
}

/** Claims of an access token (RFC 9068 §2.2, plus the session's). Times are epoch seconds. */
export interface AccessTokenClaims {
  iss: string
  sub: string
  aud: string | string[]
  exp: number
  iat: number
  jti: string
  client_id: string
  /** Space-separated; absent when no scope was granted. */
  scope?: string
  /** The session; present when the subject is a user. */
  sid?: string
  auth_time?: number
  acr?: string
  amr?: string[]
  roles?: string[]
  groups?: string[]
  permissions?: string[]
  /** Of the lists of rights those that are not whole, since there was no room for all of it. */
  shortened?: string[]
  /** Who acts for the subject, and who did before (RFC 8693 §4.1). */
  act?: Actor
  /** The authorization by which a person let a program in: it ends with that. Whoever shows the token is the program, and not the person. */
  grant_id?: string
  /** What it is bound to: whoever shows it has to prove that. */
  cnf?: Confirmation
  /** Ids of the tokens that it was exchanged from, the newest first: it ends when one of them is revoked. */
  exchanged_from?: string[]
}

/**
 * The claims of what a person may do. An empty list is left out: nothing is lost, and verifiers of RFC 9068 §2.2.3.1 (the
 * SCIM lists of RFC 7643) may refuse one, as Authlib's does.
 */
export function authorityClaims({
  roles = [],
  groups = [],
  permissions = [],
  shortened = [],
}: Authority): Partial<Record<keyof Authority, string[]>> {
  return {
    ...(roles.length > 0 && { roles: [...roles] }),
    ...(groups.length > 0 && { groups: [...groups] }),
    ...(permissions.length > 0 && { permissions: [...permissions] }),
    ...(shortened.length > 0 && { shortened: [...shortened] }),
  }
}
interface Authority {
  roles?: readonly string[] | undefined
  groups?: readonly string[] | undefined
  permissions?: readonly string[] | undefined
  shortened?: readonly string[] | undefined
}

export interface Actor {
  sub: string
  act?: Actor
}

/** The ids of all who act, the latest first (RFC 8693 §4.1). */
export function actorsOf(act: Actor | undefined): string[] {
  const ids: string[] = []
  for (let actor = act; actor !== undefined; actor = actor.act) ids.push(actor.sub)
  return ids
}

/** `typ` headers of the tokens that the service signs; one is never accepted for another (RFC 8725 §3.11). `JWT`: an ID token, which has none of its own. */
export type TokenType = (typeof tokenTypes)[number]
export const tokenTypes = ['at+jwt', 'identity-assertion+jwt', 'token-introspection+jwt', 'logout+jwt', 'JWT'] as const

/** Header, signature and dots at their longest: RS256, and the longest type, come to 492. */
const aroundPayload = 512

/** No token that the service signs of these claims is longer; `iss` is among them. */
export function maxBytesOf(claims: object): number {
  return aroundPayload + Math.ceil((Buffer.byteLength(JSON.stringify(claims)) * 4) / 3)
}

/**
 * Whether a compact JWS spells its signature in the one canonical way: decoders ignore the last character's spare bits,
 * which gives each token further spellings that verify.
 */
export function isCanonical(token: string): boolean {
  const signature = token.slice(token.lastIndexOf('.') + 1)
  return Buffer.from(signature, 'base64url').toString('base64url') === signature
}

/**
 * Whether an access token is valid at `now` (epoch milliseconds), with times as this service writes them: whole seconds, and
 * no `nbf`. JSON has more to offer: `1e999` reads as infinity (GHSA-687g of fast-jwt is about such times).
 */
export function isInTime(claims: AccessTokenClaims & { nbf?: unknown }, now: number): boolean {
  const { exp, iat, nbf } = claims
  return Number.isSafeInteger(exp) && Number.isSafeInteger(iat) && nbf === undefined && now < exp * 1000
}

/** Whether an access token was valid until its end, which is behind `now` (epoch milliseconds). */
export function hasExpired(claims: AccessTokenClaims, now: number): boolean {
  return now >= claims.exp * 1000 && isInTime(claims, Number.NEGATIVE_INFINITY)
}

/** What was given away with an access token is given away until it ends: no setting makes it last longer. */
export const maxAccessTokenSeconds = 86_400

/** How long an identity assertion is good for: it goes no further than the upstream that it was made for. */
export const assertionLifetimeSeconds = 60
