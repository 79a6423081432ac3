import { apiKeyPrefix } from '../../core/api-key.ts'
import { type AccessTokenClaims, authorityClaims } from '../../core/access-token.ts'
import type { Clock } from '../../core/clock.ts'
import type { Client } from '../../core/records/client.ts'
import type { RefreshTokenStore } from '../../core/records/refresh-token.ts'
import type { Principal } from '../../core/principal.ts'
import { hasEnded } from '../../core/records/refresh-token.ts'
import type { Subjects } from '../../core/subjects.ts'
import { hashSecret } from '../../core/secrets.ts'
import type { Credentials } from '../credentials/index.ts'

/** RFC 7662 §2.2. For anything but a live token that concerns the caller: exactly `{ active: false }`. */
export type Introspection = { active: false } | ({ active: true; token_type: string } & Record<string, unknown>)

export type Introspect = (caller: Client, token: string) => Promise<Introspection>

type ActiveAccessToken = { active: true; token_type: string } & AccessTokenClaims & Record<string, unknown>

const inactive: Introspection = { active: false }

/**
 * Tells a client about a token of any kind. An access token concerns the clients that stand for one of its audiences,
 * the client that it was issued to, and, when it is good for the whole deployment, every client; so does an API key. A
 * refresh token concerns its own client alone.
 */
export function createIntrospect(dependencies: {
  /** Whether an access token is live, at once where it was proven before. */
  accessToken: Credentials['accessToken']
  /** Without a limit: whoever asks is known, and shows what others showed it. */
  apiKey: Credentials['apiKey']
  refreshTokens: Pick<RefreshTokenStore, 'find'>
  subjects: Pick<Subjects, 'sub' | 'sid'>
  clock: Clock
  issuer: string
}): Introspect {
  const { accessToken, apiKey, refreshTokens, subjects, clock, issuer } = dependencies
  const read = new WeakMap<object, ActiveAccessToken>()
  return async (caller, token) => {
    if (token.startsWith(apiKeyPrefix)) {
      const proven = await apiKey(token)
      if (proven === undefined) return inactive
      const { principal, audiences, key } = proven
      const claims = claimsOf(principal, audiences.length > 0 ? audiences : [issuer])
      if (!concerns(claims, caller, issuer)) return inactive
      const exp = key?.expiresAt === undefined ? {} : { exp: Math.floor(key.expiresAt / 1000) }
      const sub = principal.kind === 'user' ? subjects.sub(caller, claims.sub) : claims.sub
      return { active: true, token_type: 'Bearer', iss: issuer, ...claims, sub, ...exp, jti: key?.id }
    }
    if (!isOpaque(token)) {
      const credential = await accessToken(token)
      if (credential === undefined) return inactive
      // Proven, so its claims may be read without verifying them again.
      let told = read.get(credential)
      if (told === undefined) {
        const claims = withdrawn(readClaims(token), credential.principal)
        const type = claims.cnf?.jkt === undefined ? 'Bearer' : 'DPoP'
        read.set(credential, (told = { active: true, token_type: type, ...claims }))
      }
      if (!concerns(told, caller, issuer)) return inactive
      const { principal } = credential
      if (principal.kind !== 'user' || principal.sessionId === undefined) return told
      // Each caller is told of people as it knows them.
      const names = { sub: subjects.sub(caller, principal.subject), sid: subjects.sid(caller, principal.sessionId) }
      return names.sub === told.sub && names.sid === told.sid ? told : { ...told, ...names }
    }
    const presented = await refreshTokens.find(hashSecret(token))
    if (presented === undefined || presented.family.clientId !== caller.id) return inactive
    if (presented.usedAt !== null || hasEnded(presented, clock.now())) return inactive
    return {
      active: true,
      token_type: 'refresh_token',
      iss: issuer,
      sub: subjects.sub(caller, presented.user.id),
      client_id: presented.family.clientId,
      sid: subjects.sid(caller, presented.session.id),
      exp: Math.floor(presented.expiresAt.getTime() / 1000),
      ...(presented.family.confirmation && { cnf: presented.family.confirmation }),
      ...(presented.family.scopes.length > 0 ? { scope: presented.family.scopes.join(' ') } : {}),
    }
  }
}

function readClaims(token: string): AccessTokenClaims & Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString('utf8')) as ReturnType<typeof readClaims>
}

/** The claims without the roles, groups and permissions that were withdrawn since the token was issued. */
function withdrawn<Claims extends AccessTokenClaims>(claims: Claims, principal: Principal): Claims {
  if (principal.kind !== 'user') return claims
  const { roles, groups, permissions, ...others } = claims
  const left = authorityClaims({
    roles: roles?.filter((role) => principal.roles.includes(role)),
    groups: groups?.filter((group) => principal.groups.includes(group)),
    permissions: permissions?.filter((one) => principal.permissions.includes(one)),
  })
  return { ...others, ...left } as Claims
}

/** What an API key says, in the words of an access token. */
function claimsOf(principal: Principal, audiences: readonly string[]) {
  return {
    sub: principal.subject,
    aud: audiences.length === 1 ? audiences[0]! : [...audiences],
    client_id: principal.clientId,
    ...(principal.scopes.length > 0 ? { scope: principal.scopes.join(' ') } : {}),
    ...(principal.kind === 'user'
      ? { acr: principal.level, amr: principal.methods, ...authorityClaims(principal) }
      : {}),
  }
}

/** Refresh tokens have no dots; JWTs always have two. */
export function isOpaque(token: string): boolean {
  return !token.includes('.')
}

function concerns(claims: Pick<AccessTokenClaims, 'aud' | 'client_id'>, caller: Client, issuer: string): boolean {
  const audiences = Array.isArray(claims.aud) ? claims.aud : [claims.aud]
  return (
    claims.client_id === caller.id ||
    audiences.includes(issuer) ||
    audiences.some((audience) => caller.audiences.includes(audience))
  )
}
