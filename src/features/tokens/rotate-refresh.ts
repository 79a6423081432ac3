import type { Audit } from '../../core/audit.ts'
import { unavailable } from '../../core/errors.ts'
import { type Confirmation, isSameConfirmation } from '../../core/confirmation.ts'
import type { Clock } from '../../core/clock.ts'
import type { Client } from '../../core/records/client.ts'
import type { QueuedMail } from '../../core/records/mail.ts'
import type { PresentedRefreshToken, RefreshFamily, RefreshTokenStore } from '../../core/records/refresh-token.ts'
import { lifetimesOf, type Session, type SessionLifetimes } from '../../core/records/session.ts'
import type { User } from '../../core/records/user.ts'
import { hasEnded } from '../../core/records/refresh-token.ts'
import { hashSecret, randomSecret, type SecretBox } from '../../core/secrets.ts'
import { createTellOnce } from '../../core/tell-once.ts'
import type { IssuedTokens, SessionGrant, TokenIssuer } from './issue-tokens.ts'
import type { CachedGrant, GrantCache, RefreshGrant } from './grant-cache.ts'
import type { EndSession } from '../sessions/index.ts'
import type { tokensEvents } from './audit-events.ts'

type RefreshOutcome =
  | { kind: 'rotated'; tokens: IssuedTokens; user: User; session: Session }
  /** Used again after its grace window: the family and the session are revoked. */
  | { kind: 'reused' }
  /** Asks for more scope than was granted; the token stays usable. */
  | { kind: 'scope_exceeded' }
  /** Asks for an audience that was not granted; the token stays usable. */
  | { kind: 'target_exceeded' }
  /** The session is refreshed faster than anybody needs. The token stays usable. */
  | { kind: 'limited'; retryAfterSeconds: number; limit: number }
  /** Unknown, expired, revoked, or another client's. Nothing changes. */
  | { kind: 'invalid' }

export type RotateRefresh = (request: RefreshRequest) => Promise<RefreshOutcome>

interface RefreshRequest {
  refreshToken: string
  clientId: string
  /** Narrower scopes for the access token alone (RFC 6749 §6). */
  scopes?: string[] | undefined
  /** Where the access token shall be good (RFC 8707 §2.2): it is told whether the grant covers that. */
  targets?: readonly string[]
  /** What the sender has proven that it holds. */
  confirmation?: Confirmation | undefined
  /** Makes the ID token of an answer whose scopes have `openid`, if it has one; asked before the refresh token is used. */
  renewIdToken?: RenewIdToken | undefined
  /** Whose settings count; absent: the person's own sign-in. */
  client?: Client
  /** Whether the refresh token stays as it is: of a client that proves itself, or of a family that is bound to a key (RFC 9700 §4.14.2). */
  keepsToken?(family: RefreshFamily): boolean
}

export type RenewIdToken = (grant: RefreshGrant, made: IssuedTokens) => Promise<string | undefined>

const minute = 60_000

/** Of news between look-up and use, one after the other. */
const maxTries = 5

/**
 * Exchanges a refresh token for an access token and its successor. The exchange itself is one atomic statement, so of
 * any number of parallel calls one wins; the others, and any retry inside the grace window, get the winner's answer
 * again, word for word. A use after that window proves that two parties hold the token: family and session end
 * (RFC 9700 §4.14.2), and the person is told; of a program that the person has let in, its authorization ends.
 *
 * That statement also proves that nothing was announced since the person and the session were read, so that no answer says
 * what does not hold any more. It is the only round trip where this process issued the token and still knows for whom;
 * elsewhere, and after news, the token is looked up first.
 */
export function createRotateRefresh(dependencies: {
  refreshTokens: Pick<RefreshTokenStore, 'find' | 'rotate' | 'renew' | 'newestOf'>
  grantCache: GrantCache
  issuer: Pick<TokenIssuer, 'forSession' | 'refreshExpiry'>
  endSession: EndSession
  /** Ends what a person has let a program do; the person's own session goes on. */
  endAuthorization(id: string, at: Date): Promise<boolean>
  /** What stands for the whole deployment. */
  deploymentAudience: string
  reuseWarning(user: User, session: Session): QueuedMail
  audit: Audit<typeof tokensEvents>
  box: SecretBox
  clock: Clock
  config: {
    tokens: { refresh_grace_seconds: number }
    sessions: SessionLifetimes
    /** Of one session, by all its families; so many may also come at once. */
    limits: { refreshes_per_minute: number }
  }
}): RotateRefresh {
  const { refreshTokens, grantCache, issuer, endSession, endAuthorization, reuseWarning, audit, box, clock } =
    dependencies
  const { tokens: settings, sessions, limits } = dependencies.config
  const pace = { everyMilliseconds: minute / limits.refreshes_per_minute, withinMilliseconds: minute }
  const replayTold = createTellOnce(clock, 60)
  const limitTold = createTellOnce(clock, 60)

  return async (request) => {
    const { refreshToken, clientId, scopes: requested, targets = [], confirmation } = request
    const hash = hashSecret(refreshToken)
    const scopesOf = ({ family }: RefreshGrant) => requested ?? family.scopes
    const exceeds = (grant: RefreshGrant) => scopesOf(grant).some((scope) => !grant.family.scopes.includes(scope))

    const isElsewhere = ({ family: { audiences } }: RefreshGrant) =>
      targets.some((target) =>
        audiences.length === 0 ? target !== dependencies.deploymentAudience : !audiences.includes(target),
      )

    /** Whoever holds the token and not what it is bound to can do nothing with it, nor to it. */
    const isOthers = ({ family }: RefreshGrant) =>
      family.clientId !== clientId ||
      ((family.confirmation ?? null) !== null && !isSameConfirmation(family.confirmation, confirmation))

    const known = grantCache.take(hash)
    const mayUse = known !== undefined && !isOthers(known.grant)
    if (mayUse && !exceeds(known.grant) && !isElsewhere(known.grant)) {
      const outcome = await use(known, scopesOf(known.grant), request)
      if (outcome !== undefined) return outcome
    }
    for (let tries = 0; tries < maxTries; tries++) {
      const presented = await refreshTokens.find(hash)
      if (presented === undefined || isOthers(presented)) return { kind: 'invalid' }
      if (isElsewhere(presented)) return { kind: 'target_exceeded' }
      if (presented.usedAt !== null) return useAgain(presented, hash, scopesOf(presented), confirmation)
      if (exceeds(presented)) return { kind: 'scope_exceeded' }
      const { family, session, user, feedStandsAt: asOf } = presented
      if (hasEnded(presented, clock.now())) return { kind: 'invalid' }
      const limited = limitOf(presented)
      if (limited !== undefined) return limited
      const outcome = await use({ grant: { family, session, user }, asOf }, scopesOf(presented), request)
      if (outcome !== undefined) return outcome
    }
    throw unavailable(new Error('what a refresh token stands for changes too fast'))
  }

  /** Signs the answer and uses the token for it; nothing when somebody else did, when it may not be used, or after news. */
  async function use(
    { grant, asOf }: CachedGrant,
    scopes: string[],
    { refreshToken, confirmation, renewIdToken, client, keepsToken }: RefreshRequest,
  ): Promise<RefreshOutcome | undefined> {
    const { family, session, user } = grant
    const now = clock.now()
    const hash = hashSecret(refreshToken)
    const isKept = keepsToken?.(family) ?? false
    const successor = isKept ? refreshToken : randomSecret()
    const successorHash = isKept ? hash : hashSecret(successor)
    const about = { user, session, clientId: family.clientId, scopes, authorization: authorizationOf(family) }
    const made = issuer.forSession({ ...about, confirmation, client })
    const idToken = scopes.includes('openid') ? await renewIdToken?.(grant, made) : undefined
    const tokens = { ...made, refreshToken: successor, ...(idToken !== undefined && { idToken }) }
    const asked = {
      hash,
      successorExpiresAt: issuer.refreshExpiry(now, session, client),
      sessionIdleExpiresAt: new Date(now + lifetimesOf(sessions, session).idle_ttl_seconds * 1000),
      at: new Date(now),
      pace,
      whileFeedStandsAt: asOf,
    }
    const won = isKept
      ? await refreshTokens.renew(asked)
      : await refreshTokens.rotate({ ...asked, successorHash, replay: box.seal(JSON.stringify(tokens), hash) })
    if (!won) return undefined
    grantCache.remember(successorHash, { grant, asOf })
    audit.record({ event: 'refresh.rotated', ...subjectsOf(grant) })
    return { kind: 'rotated', tokens, user, session }
  }

  /** The refusal of a token whose session has used up its pace; nothing while it may be used. */
  function limitOf(presented: PresentedRefreshToken): RefreshOutcome | undefined {
    const now = clock.now()
    const free = (presented.paidUntil?.getTime() ?? 0) + pace.everyMilliseconds - pace.withinMilliseconds
    if (free <= now) return undefined
    if (limitTold(presented.session.id)) {
      audit.record({ event: 'refresh.limited', ...subjectsOf(presented), limit: limits.refreshes_per_minute })
    }
    return { kind: 'limited', retryAfterSeconds: Math.ceil((free - now) / 1000), limit: limits.refreshes_per_minute }
  }

  async function useAgain(
    presented: PresentedRefreshToken,
    hash: string,
    scopes: string[],
    confirmation: Confirmation | undefined,
  ): Promise<RefreshOutcome> {
    if (presented.revoked || presented.user.status !== 'active') return { kind: 'invalid' }
    const age = clock.now() - presented.usedAt!.getTime()
    if (age < settings.refresh_grace_seconds * 1000 && presented.replay !== null) {
      const tokens = JSON.parse(box.open(presented.replay, hash)) as IssuedTokens
      // The answer was made for other scopes, or for another key: refuse, but a client that asks oddly is no thief.
      if (tokens.scopes.join(' ') !== scopes.join(' ')) return { kind: 'invalid' }
      if (!isSameConfirmation(tokens.confirmation, confirmation)) return { kind: 'invalid' }
      if (replayTold(hash)) audit.record({ event: 'refresh.replayed', ...subjectsOf(presented) })
      return { kind: 'rotated', tokens, user: presented.user, session: presented.session }
    }
    const { family, session, user } = presented
    const newest = await refreshTokens.newestOf(family.id)
    const wasLast = newest !== undefined && newest.createdAt.getTime() <= presented.usedAt!.getTime()
    // Of parallel tries one ends the session, so that the family is told of once.
    const hasEnded =
      authorizationOf(family) === undefined
        ? await endSession(session.id, 'refresh_token_reused', [reuseWarning(user, session)])
        : await endAuthorization(family.id, new Date(clock.now()))
    if (hasEnded) {
      const subtype = wasLast ? 'previous' : 'stale'
      const age_seconds = Math.round(age / 1000)
      audit.record({ event: 'refresh.reused', ...subjectsOf(presented), subtype, age_seconds })
    }
    return { kind: 'reused' }
  }
}

/** The authorization that a family belongs to; none: it is the person's own. */
function authorizationOf({ id, audiences }: RefreshFamily): SessionGrant['authorization'] {
  return audiences.length === 0 ? undefined : { id, audiences }
}

function subjectsOf({ family, session, user }: RefreshGrant) {
  return { subject: user.id, clientId: family.clientId, sessionId: session.id }
}
