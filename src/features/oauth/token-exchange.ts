import { type AccessTokenClaims, actorsOf, authorityClaims } from '../../core/access-token.ts'
import type { Confirmation } from '../../core/confirmation.ts'
import type { Audit } from '../../core/audit.ts'
import { type Client, type ClientLifetimes, openIdSettingsOf } from '../../core/records/client.ts'
import type { Principal } from '../../core/principal.ts'
import { OAuthError } from '../../core/oauth-error.ts'
import type { Subjects } from '../../core/subjects.ts'
import { parseScope } from './scope.ts'
import type { oauthEvents } from './audit-events.ts'

export const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token'

/** The parameters of RFC 8693 §2.1. */
export interface ExchangeRequest {
  subjectToken: string | undefined
  subjectTokenType: string | undefined
  actorToken: string | undefined
  actorTokenType: string | undefined
  requestedTokenType: string | undefined
  /** Where the new token shall be good: the audiences and resources together. */
  targets: readonly string[]
  scope: string | undefined
  /** What the new token is bound to: of the client that acts, whatever the subject token was bound to. */
  confirmation?: Confirmation | undefined
}

/** What the new token says; times and ids are added when it is signed. */
export interface Delegation {
  claims: Omit<AccessTokenClaims, 'iss' | 'exp' | 'iat' | 'jti' | 'scope'>
  scopes: string[]
  lifetimes: ClientLifetimes
  /** The subject token's expiry, epoch seconds: the new one does not outlive it. */
  notAfter: number
}

/** Services that have passed a request on; more is a loop. */
const maxChainLength = 4

/**
 * Exchanges an access token that was meant for the calling client for one with which it acts on the same subject's behalf
 * at another service (RFC 8693). Never wider: the audience and scope are among those of the subject token, it ends no
 * later, hangs on the same session, dies with the subject token, and `act` names the client, then whoever acted before it.
 */
export function createExchangeToken<Issued>(dependencies: {
  verifyAccessToken(token: string): AccessTokenClaims | undefined
  /** Whom verified claims stand for now; nothing when they are revoked. */
  subjects: Pick<Subjects, 'sub' | 'sid'>
  prove(claims: AccessTokenClaims): Promise<{ principal: Principal } | undefined> | { principal: Principal } | undefined
  /** Nothing where a token of this would be too large. */
  issue(delegation: Delegation): Issued | undefined
  audit: Audit<typeof oauthEvents>
  deploymentAudience: string
}) {
  const { verifyAccessToken, subjects, prove, issue, audit, deploymentAudience } = dependencies

  /** Those of the client's audiences that the token is good for; the deployment's stands for all of them. */
  function reachable(client: Client, claims: AccessTokenClaims): string[] {
    const own = client.audiences.length > 0 ? client.audiences : [deploymentAudience]
    const held = new Set([claims.aud].flat())
    return held.has(deploymentAudience) ? own : own.filter((audience) => held.has(audience))
  }

  return async (client: Client, request: ExchangeRequest): Promise<Issued> => {
    const token = readRequest(client, request)
    const claims = verifyAccessToken(token)
    const proven = claims && (await prove(claims))
    if (claims === undefined || proven === undefined) throw unacceptable()
    const audiences = reachable(client, claims)
    if (audiences.length === 0 || actorsOf(claims.act).length >= maxChainLength) throw unacceptable()

    const { targets: named } = request
    if (named.some((target) => !audiences.includes(target))) {
      throw new OAuthError('invalid_target', 'The token cannot be exchanged for this audience.')
    }
    const held = new Set(claims.scope?.split(' '))
    const scopes = request.scope === undefined ? [...held] : parseScope(request.scope)
    if (scopes.some((scope) => !held.has(scope))) {
      throw new OAuthError('invalid_scope', 'The scope exceeds that of the subject token.')
    }
    const { sub, sid, auth_time, acr, amr, act, grant_id } = claims
    const user = proven.principal.kind === 'user' ? proven.principal : undefined
    const targets = named.length === 0 ? audiences : [...named]
    const still = (then: string[] = [], now: readonly string[]) => then.filter((name) => now.includes(name))
    const issued = issue({
      claims: {
        ...(user?.sessionId === undefined
          ? { sub, ...(sid !== undefined && { sid }) }
          : { sub: subjects.sub(client, user.subject), sid: subjects.sid(client, user.sessionId) }),
        aud: targets.length === 1 ? targets[0]! : targets,
        client_id: client.id,
        act: { sub: client.id, ...(act && { act }) },
        exchanged_from: [claims.jti, ...(claims.exchanged_from ?? [])],
        ...(request.confirmation && { cnf: request.confirmation }),
        ...(grant_id !== undefined && { grant_id }),
        ...(auth_time !== undefined && { auth_time }),
        ...(acr !== undefined && { acr }),
        ...(amr && { amr }),
        ...(user &&
          authorityClaims({
            roles: still(claims.roles, user.roles),
            groups: still(claims.groups, user.groups),
            permissions: still(claims.permissions, user.permissions),
            shortened: claims.shortened,
          })),
      },
      scopes,
      lifetimes: openIdSettingsOf(client),
      notAfter: claims.exp,
    })
    if (issued === undefined) {
      const reason =
        'A token for this audience would be too large: what the subject may do does not fit with the scope.'
      throw new OAuthError('invalid_target', reason)
    }
    audit.record({
      event: 'token.exchanged',
      ...{ subject: proven.principal.subject, clientId: client.id, sessionId: user?.sessionId },
      ...{ subject_token_id: claims.jti, audiences: targets, scopes },
    })
    return issued
  }
}

/** The subject token of a request that asks for nothing but a delegated access token. */
function readRequest(client: Client, request: ExchangeRequest): string {
  const { subjectToken, subjectTokenType, actorToken, actorTokenType, requestedTokenType } = request
  const refuse = (reason: string) => new OAuthError('invalid_request', reason)
  // Whoever acts for others must be able to prove who it is.
  if (client.authMethod === 'none') {
    throw new OAuthError('unauthorized_client', 'A public client cannot exchange tokens.')
  }
  if (subjectToken === undefined) throw refuse('subject_token is missing.')
  if (subjectTokenType !== accessTokenType) throw refuse('subject_token_type must be that of access tokens.')
  if (actorToken !== undefined || actorTokenType !== undefined) {
    throw refuse('actor_token is not supported: the authenticated client is the actor.')
  }
  if (requestedTokenType !== undefined && requestedTokenType !== accessTokenType) {
    throw refuse('requested_token_type must be that of access tokens.')
  }
  return subjectToken
}

/** RFC 8693 §2.2.2 leaves no other code for a subject token that is bad or not for the caller. */
function unacceptable(): OAuthError {
  return new OAuthError('invalid_request', 'The subject token is not valid for this client.')
}
