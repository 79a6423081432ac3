import { uuidv7 } from '../../core/ids.ts'
import { type AccessTokenClaims, authorityClaims, maxBytesOf, type TokenType } from '../../core/access-token.ts'
import {
  fitRights,
  type IdentityLimits,
  joinIdentityLimits,
  type NoteShortening,
  type ToldRights,
} from '../../core/identity-limits.ts'
import type { Confirmation } from '../../core/confirmation.ts'
import type { Clock } from '../../core/clock.ts'
import { type Client, type ClientLifetimes, openIdSettingsOf } from '../../core/records/client.ts'
import type { RefreshFamily, RefreshTokenStore } from '../../core/records/refresh-token.ts'
import type { Session, SessionLifetimes } from '../../core/records/session.ts'
import type { User } from '../../core/records/user.ts'
import type { Subjects } from '../../core/subjects.ts'
import { hashSecret, randomSecret } from '../../core/secrets.ts'
import { maxTokenLength } from '../../core/sizes.ts'
import type { GrantCache } from './grant-cache.ts'
import type { TokenSettings } from './settings.ts'

/** A token answer (RFC 6749 §5.1), before it is spelt as JSON or cookies. */
export interface IssuedTokens {
  accessToken: string
  expiresInSeconds: number
  scopes: string[]
  /** What the access token is bound to. */
  confirmation?: Confirmation | undefined
  /** Absent for client credentials (RFC 6749 §4.4.3). */
  refreshToken?: string
  /** OpenID Connect Core §3.1.3.3; of an authorization with the scope `openid`. */
  idToken?: string
}

/** Whom tokens are about, and what they are good for. */
export interface SessionGrant {
  user: User
  session: Session
  clientId: string
  scopes: string[]
  /** Of a program that the person has let in; absent for the person's own sign-in. */
  authorization?: { id: string; audiences: readonly string[] } | undefined
  /** What the access token is bound to. */
  confirmation?: Confirmation | undefined
  /** Whose settings count, and how the client knows people; absent: all is as the service has it. */
  client?: Client | undefined
}

interface MadeFamily {
  refreshToken: string
  family: RefreshFamily
  token: { hash: string; createdAt: Date; expiresAt: Date }
}

/** Claims of an access token before it has a time and an id. */
type Claims = Omit<AccessTokenClaims, 'iss' | 'iat' | 'exp' | 'jti' | 'scope'>

/**
 * Issues tokens that are accepted wherever the service takes one: none is longer than `maxTokenLength`. Roles, groups and permissions
 * are told as far as the audience's limits go.
 */
export interface TokenIssuer {
  /**
   * An access token for a session. The person's own is good for the whole deployment. A program's is good for the audiences of its
   * authorization, and tells no role or group, and of the permissions those that are among its scopes.
   */
  forSession(grant: SessionGrant): IssuedTokens
  /**
   * An access token for a client acting for itself; never a refresh token (RFC 6749 §4.4.3). Nothing where scopes and
   * audiences alone are too large for one.
   */
  forClient(
    client: Client,
    scopes: string[],
    audiences: readonly string[],
    confirmation?: Confirmation,
  ): IssuedTokens | undefined
  /**
   * An access token for a client that acts for somebody else, which ends at `notAfter` (epoch seconds) at the latest. Nothing
   * where it would be too large, or the host that it is for is told all of somebody's rights or none.
   */
  forDelegation(delegation: {
    claims: Claims
    scopes: string[]
    notAfter: number
    lifetimes?: ClientLifetimes
  }): IssuedTokens | undefined
  /** Begins a refresh family for a session: an access token and the family's first refresh token. */
  beginFamily(grant: SessionGrant): Promise<IssuedTokens>
  /** A refresh family with its first token, which is not stored yet. A `confirmation` binds them too. */
  makeFamily(grant: Omit<SessionGrant, 'user'>): MadeFamily
  /** When a refresh token of a session goes idle that is issued, or used, at `now` (epoch milliseconds). */
  refreshExpiry(now: number, session: Pick<Session, 'remembered'>, client?: Client): Date
}

export function createTokenIssuer(dependencies: {
  sign(type: TokenType, claims: object): string
  subjects: Pick<Subjects, 'sub' | 'sid'>
  refreshTokens: Pick<RefreshTokenStore, 'createFamily'>
  grantCache: Pick<GrantCache, 'begin'>
  /** What is told of somebody's rights to those who stand for an audience. */
  identityLimits(audience: string): readonly IdentityLimits[]
  noteShortening: NoteShortening
  clock: Clock
  /** The audience that stands for every service behind this gate. */
  deploymentAudience: string
  settings: TokenSettings
  /** The `sessions` section of gatehouse.yaml. */
  sessionLifetimes: SessionLifetimes
}): TokenIssuer {
  const { sign, subjects, refreshTokens, grantCache, identityLimits, noteShortening } = dependencies
  const { clock, deploymentAudience, settings, sessionLifetimes } = dependencies

  function accessToken(
    given: Claims,
    scopes: string[],
    lifetimes?: Pick<ClientLifetimes, 'accessTokenTtlSeconds'>,
    notAfter = Number.POSITIVE_INFINITY,
  ): IssuedTokens | undefined {
    const { roles = [], groups = [], permissions = [], shortened = [], ...others } = given
    const now = clock.now()
    const iat = Math.floor(now / 1000)
    const exp = Math.min(iat + (lifetimes?.accessTokenTtlSeconds ?? settings.access_ttl_seconds), notAfter)
    const scope = scopes.length > 0 ? { scope: scopes.join(' ') } : {}
    const claims = { iss: deploymentAudience, ...others, ...scope, iat, exp, jti: uuidv7(now) }
    // What was not whole before does not become so by being passed on.
    const withRights = (told: ToldRights) => ({
      ...claims,
      ...authorityClaims({ ...told, shortened: [...new Set([...shortened, ...told.shortened])] }),
    })
    const audiences = [given.aud].flat()
    const limits = joinIdentityLimits(audiences.flatMap(identityLimits), maxTokenLength)
    const rights = limits.select({ roles, groups, permissions, scopes: [] })
    let token = sign('at+jwt', withRights({ ...rights, shortened: [] }))
    if (token.length > limits.maxBytes) {
      const fitted = fitRights(rights, limits, (told) => maxBytesOf(withRights(told)))
      noteShortening({ subject: given.sub, to: { audiences }, rights, limits }, fitted)
      if (fitted.told === undefined) return undefined
      token = sign('at+jwt', withRights(fitted.told))
    }
    return { accessToken: token, expiresInSeconds: exp - iat, scopes, ...(given.cnf && { confirmation: given.cnf }) }
  }

  const issuer: TokenIssuer = {
    forSession({ user, session, clientId, scopes, authorization, confirmation, client }) {
      const { roles, groups, permissions } = user
      const audiences = authorization?.audiences ?? [deploymentAudience]
      const rights =
        authorization === undefined
          ? { roles, groups, permissions }
          : { grant_id: authorization.id, permissions: permissions.filter((one) => scopes.includes(one)) }
      const issued = accessToken(
        {
          sub: subjects.sub(client, user.id),
          aud: audiences.length === 1 ? audiences[0]! : [...audiences],
          client_id: clientId,
          sid: subjects.sid(client, session.id),
          auth_time: Math.floor(session.authenticatedAt.getTime() / 1000),
          acr: session.level,
          amr: session.methods,
          ...(confirmation && { cnf: confirmation }),
          ...rights,
        },
        scopes,
        client && openIdSettingsOf(client),
        // Whoever verifies it offline sees the end of the session nowhere else.
        Math.floor(session.expiresAt.getTime() / 1000),
      )
      if (issued === undefined) throw new Error('an access token is too large without any rights')
      return issued
    },
    forClient: (client, scopes, audiences, confirmation) =>
      accessToken(
        {
          ...{ sub: client.id, aud: audiences.length === 1 ? audiences[0]! : [...audiences], client_id: client.id },
          ...(confirmation && { cnf: confirmation }),
        },
        scopes,
        openIdSettingsOf(client),
      ),
    forDelegation: ({ claims, scopes, notAfter, lifetimes }) => accessToken(claims, scopes, lifetimes, notAfter),
    makeFamily({ session, clientId, scopes, authorization, confirmation = null, client }) {
      const now = clock.now()
      const refreshToken = randomSecret()
      const seconds = Math.min(
        settings.refresh_absolute_ttl_seconds,
        (client && openIdSettingsOf(client).refreshAbsoluteTtlSeconds) ?? Number.POSITIVE_INFINITY,
      )
      const expiresAt = new Date(Math.min(now + seconds * 1000, session.expiresAt.getTime()))
      const family: RefreshFamily = {
        id: authorization?.id ?? uuidv7(now),
        sessionId: session.id,
        userId: session.userId,
        clientId,
        scopes,
        audiences: [...(authorization?.audiences ?? [])],
        confirmation,
        expiresAt,
      }
      const token = {
        hash: hashSecret(refreshToken),
        createdAt: new Date(now),
        expiresAt: new Date(Math.min(issuer.refreshExpiry(now, session, client).getTime(), expiresAt.getTime())),
      }
      return { refreshToken, family, token }
    },
    async beginFamily(grant) {
      const { refreshToken, family, token } = issuer.makeFamily(grant)
      await refreshTokens.createFamily(family, token)
      grantCache.begin(token.hash, { family, session: grant.session, user: grant.user })
      return { ...issuer.forSession(grant), refreshToken }
    },
    refreshExpiry(now, session, client) {
      const ofTokens = Math.min(
        settings.refresh_idle_ttl_seconds,
        (client && openIdSettingsOf(client).refreshIdleTtlSeconds) ?? Number.POSITIVE_INFINITY,
      )
      const seconds = session.remembered ? ofTokens : Math.min(ofTokens, sessionLifetimes.short.idle_ttl_seconds)
      return new Date(now + seconds * 1000)
    },
  }
  return issuer
}
