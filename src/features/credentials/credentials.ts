import { type AccessTokenClaims, actorsOf } from '../../core/access-token.ts'
import type { SenderFault, Shown } from '../../core/confirmation.ts'
import { apiKeyPrefix, isApiKey } from '../../core/api-key.ts'
import { timeOf } from '../../core/ids.ts'
import type { Clock } from '../../core/clock.ts'
import type { Log } from '../../core/log.ts'
import type { Client } from '../../core/records/client.ts'
import type { HostSessionStore } from '../../core/records/host-session.ts'
import { allKeys } from '../../core/records/revocation.ts'
import { lifetimesOf, type Session, type SessionLifetimes, type SessionStore } from '../../core/records/session.ts'
import type { User } from '../../core/records/user.ts'
import { firstPartyClientId, type UserPrincipal } from '../../core/principal.ts'
import { hashSecret, secretForm, type Shown as ShownSecret } from '../../core/secrets.ts'
import { maxTokenLength } from '../../core/sizes.ts'
import { whenAll, whenEach } from '../../core/when-all.ts'
import type { ApiKeys } from '../api-keys/index.ts'
import type { SenderConstraints } from '../sender-constraints/index.ts'
import type { EntityCache } from './entity-cache.ts'
import {
  createProofCache,
  type Credential,
  type From,
  type MemoryBounds,
  type Proof,
  type Proven,
  type Remembered,
} from './proof-cache.ts'
import type { RevocationFeed, EntityKey } from '../revocations/index.ts'
import { createSharedPrincipals } from './shared-principals.ts'
import { createSoleSession } from './sole-session.ts'

export interface Credentials {
  /**
   * Proves an access token: signature, expiry, revocation, and who its subject is now; not whether it is shown by whom it is bound to.
   * Rejects when a store is down.
   */
  accessToken(token: string): Proof
  /** Proves an API key: revocation, expiry, and what its owner may do now. Rejects when a store is down, or wrong keys come too often. */
  apiKey(key: string, from?: From): Proof
  /** Proves what came as `Authorization: Bearer`: an access token that is its sender's, or an API key. */
  bearer(credential: string, from: From, certificate?: Shown['certificate']): Proof
  /** Proves what came as `Authorization: DPoP`: an access token with a proof of the key that it is bound to; or why it is none. */
  dpop(shown: Shown): Promise<Credential | SenderFault>
  /** Proves the name and secret of a client, from an `Authorization: Basic` header. */
  basic(authorization: string, from: From): Proof
  /** Proves claims whose signature was verified already. */
  claims(claims: AccessTokenClaims): Proof
  /** Proves a session cookie: of several, the one of a live session, unless they name two. Rejects when a store is down. */
  sessionCookie(shown: ShownSecret): Proof
  /** Proves the cookie that a host has of its own, at the one origin that it was made for. Of several none counts. */
  hostCookie(shown: ShownSecret, origin: string): Proof
}

/** A cookie is looked up again this often at least, or at half its session's idle time, to keep it from going idle. */
const rememberSeconds = 300
const touchAfterSeconds = 60
/** API keys and clients' secrets, often enough for a key's last use to be known to the minute. */
const rememberProgramSeconds = 60
/** Moves when a key was found to be known to somebody else. */
const anyKey: EntityKey = `key:${allKeys}`
export function createCredentials(dependencies: {
  verifyAccessToken(token: string): AccessTokenClaims | undefined
  proveApiKey: ApiKeys['prove']
  /** The client that a header names and proves. */
  authenticateClient(authorization: string, address: string): Promise<Client | undefined>
  /** What keeps a token from being its sender's. */
  senderFaultOf: SenderConstraints['faultOf']
  sessions: Pick<SessionStore, 'findLive' | 'touch'>
  hostSessions: Pick<HostSessionStore, 'findLive'>
  known: EntityCache
  feed: Pick<RevocationFeed, 'position' | 'isValid'>
  clock: Clock
  log: Log
  /** The `sessions` section of gatehouse.yaml. */
  settings: SessionLifetimes
  bounds?: MemoryBounds
}): Credentials {
  const { bounds, feed, clock, log, settings } = dependencies
  const { verifyAccessToken, proveApiKey, authenticateClient, senderFaultOf, sessions, hostSessions, known } =
    dependencies

  const shared = createSharedPrincipals(feed)

  const holds = (remembered: Remembered): boolean =>
    clock.now() < remembered.expiresAt && feed.isValid(remembered, remembered.entities)

  function proveClaims(claims: AccessTokenClaims): Proven {
    // Read before the store: a change between the two is then noticed, never missed.
    const asOf = feed.position
    const audiences = Array.isArray(claims.aud) ? claims.aud : [claims.aud]
    // Meant for nobody; an empty list would read as a cookie's, which is good everywhere.
    if (audiences.length === 0) return undefined
    const scopes = claims.scope === undefined ? [] : claims.scope.split(' ')
    const expiresAt = claims.exp * 1000
    const { sub, sid, jti, client_id: clientId, act, grant_id: grantId } = claims
    const ids = [jti, ...(grantId === undefined ? [] : [grantId]), ...(claims.exchanged_from ?? [])]
    const token = { ids, issuedAt: claims.iat }
    const bound = claims.cnf && { confirmation: claims.cnf }
    /** The id tells the time to the millisecond: `iat` could not tell a client from one that was made within its second. */
    const issuedAt = timeOf(jti)
    /** Whether a client was registered when the token was issued: another may have got the id of one that was deleted. */
    const stands = (client: Client | undefined): client is Client =>
      client !== undefined && client.createdAt.getTime() <= issuedAt
    // Whoever got the token, acts for its subject, or did on the way here, must still be registered itself.
    const holders = [clientId, ...actorsOf(act)]
    const programs = whenEach(holders.filter((id) => id !== firstPartyClientId).map((id) => known.client(id)))
    const clients = holders.map((id) => `client:${id}` as const)
    const always = [...ids.map((id) => `token:${id}` as const), ...clients, anyKey]
    if (sid === undefined) {
      const about = [programs, known.client(sub), known.isTokenRevoked(token)] as const
      return whenAll(about, ([acting, client, revoked]) => {
        if (!stands(client) || revoked || !acting.every(stands)) return undefined
        const { id: subject, name } = client
        const principal = shared(client, clientId, scopes, () => ({ kind: 'client', subject, name, scopes, clientId }))
        return { principal, audiences, expiresAt, asOf, ...bound, entities: [`client:${subject}`, ...always] }
      })
    }
    return whenAll([programs, known.session(sid, token, new Date(clock.now()))] as const, ([acting, live]) => {
      if (live === undefined || live.user.id !== sub || !acting.every(stands)) return undefined
      const { user, session } = live
      return {
        principal: shared(live, grantId === undefined ? clientId : `let in: ${clientId}`, scopes, () => {
          const person = userPrincipal(user, session, scopes, clientId)
          return grantId === undefined ? person : withinScopes(person)
        }),
        audiences,
        ...bound,
        expiresAt: Math.min(expiresAt, session.expiresAt.getTime(), session.idleExpiresAt.getTime()),
        asOf,
        entities: [`session:${session.id}`, `user:${user.id}`, ...always],
      }
    })
  }

  async function proveCookie(secret: string): Promise<Remembered | undefined> {
    const [asOf, now] = [feed.position, clock.now()]
    const live = await sessions.findLive({ secretHash: hashSecret(secret) }, new Date(now))
    return live && rememberedOf(live, asOf, now)
  }

  async function proveHostCookie(secret: string): Promise<Remembered | undefined> {
    const [asOf, now] = [feed.position, clock.now()]
    const live = await hostSessions.findLive(hashSecret(secret), new Date(now))
    return live && { ...rememberedOf(live, asOf, now), origin: live.origin }
  }

  /** A session that was found by a cookie, which keeps it from going idle. */
  function rememberedOf({ session, user }: { session: Session; user: User }, asOf: number, now: number): Remembered {
    const { idle_ttl_seconds: idleSeconds } = lifetimesOf(settings, session)
    if (now - session.lastSeenAt.getTime() >= Math.min(touchAfterSeconds, idleSeconds / 4) * 1000) {
      sessions
        .touch(session.id, new Date(now), new Date(now + idleSeconds * 1000))
        .catch((error: unknown) => log.warn({ event: 'session.touch_failed', err: error }, 'session not touched'))
    }
    return {
      principal: userPrincipal(user, session, [], session.clientId),
      audiences: [],
      expiresAt: Math.min(
        now + Math.min(rememberSeconds, idleSeconds / 2) * 1000,
        session.expiresAt.getTime(),
        session.idleExpiresAt.getTime(),
      ),
      asOf,
      // The assertions that were written for it were signed too.
      entities: [`session:${session.id}`, `user:${user.id}`, anyKey],
    }
  }

  async function proveKey(presented: string, from?: From): Promise<Remembered | undefined> {
    const asOf = feed.position
    const proven = await proveApiKey(presented, from && addressOf(from))
    if (proven === undefined) return undefined
    const { principal, key } = proven
    const expiresAt = Math.min(clock.now() + rememberProgramSeconds * 1000, key.expiresAt ?? Number.POSITIVE_INFINITY)
    return {
      ...proven,
      expiresAt,
      asOf,
      entities: [`token:${key.id}`, `${principal.kind}:${principal.subject}`, anyKey],
    }
  }

  async function proveSecret(authorization: string, from?: From): Promise<Remembered | undefined> {
    const asOf = feed.position
    const client = await authenticateClient(authorization, addressOf(from))
    if (client === undefined) return undefined
    const { id, name, scopes, audiences } = client
    const principal = { kind: 'client', subject: id, name, scopes, clientId: id } as const
    const expiresAt = clock.now() + rememberProgramSeconds * 1000
    return { principal, audiences, expiresAt, asOf, entities: [`client:${id}`, anyKey] }
  }

  const remember = createProofCache(holds, () => feed.position, bounds)
  const tokens = remember((token) => {
    const claims = verifyAccessToken(token)
    return claims === undefined ? undefined : proveClaims(claims)
  })
  const cookies = remember(proveCookie)
  const hostCookies = remember(proveHostCookie)
  const keys = remember(proveKey)
  const secrets = remember(proveSecret)
  const cookie = (secret: string) => (secretForm.test(secret) ? cookies(secret) : undefined)
  const soleSession = createSoleSession({ prove: cookie, clock, log })
  // A longer text is no token of ours, and would take room from those that are.
  const accessToken = (token: string) => (token.length > maxTokenLength ? undefined : tokens(token))
  const apiKey = (key: string, from?: From) => (isApiKey(key) ? keys(key, from) : undefined)
  /** What is bound to nothing is its sender's at once. */
  function ofSender(credential: Credential | undefined, shown: Omit<Shown, 'proof' | 'method' | 'url'>) {
    if (credential?.confirmation === undefined) return credential
    // Without a proof there is nothing to wait for.
    const fault = senderFaultOf(credential.confirmation, { ...shown, proof: undefined, method: '', url: '' })
    return fault === undefined ? credential : undefined
  }
  return {
    accessToken,
    apiKey,
    bearer(credential, from, certificate) {
      if (credential.startsWith(apiKeyPrefix)) return apiKey(credential, from)
      const proof = accessToken(credential)
      const shown = { scheme: 'Bearer', token: credential, certificate } as const
      return proof instanceof Promise ? proof.then((proven) => ofSender(proven, shown)) : ofSender(proof, shown)
    },
    async dpop(shown) {
      const credential = await accessToken(shown.token)
      if (credential === undefined) return 'invalid_token'
      return (await senderFaultOf(credential.confirmation, shown)) ?? credential
    },
    basic: (authorization, from) => (authorization.length > maxTokenLength ? undefined : secrets(authorization, from)),
    claims: proveClaims,
    hostCookie(shown, origin) {
      if (typeof shown !== 'string' || !secretForm.test(shown)) return undefined
      const counts = (credential: Credential | undefined) => (credential?.origin === origin ? credential : undefined)
      const proof = hostCookies(shown)
      return proof instanceof Promise ? proof.then(counts) : counts(proof)
    },
    sessionCookie: (shown) => (typeof shown === 'string' ? cookie(shown) : soleSession(shown)),
  }
}

/** What stands in the trail where nobody told the address. It is none that a limit counts. */
function addressOf(from: From | undefined): string {
  return from?.() ?? 'unknown'
}

/**
 * What a program may do that a person has let in: of what the person may do that which its scopes name. The person's roles and groups
 * are none of its own, as for API keys (decision 8).
 */
function withinScopes(person: UserPrincipal): UserPrincipal {
  const permissions = person.permissions.filter((one) => person.scopes.includes(one))
  return { ...person, roles: [], groups: [], permissions }
}

function userPrincipal(user: User, session: Session, scopes: string[], clientId: string): UserPrincipal {
  return {
    kind: 'user',
    subject: user.id,
    email: user.email,
    username: user.username ?? '',
    name: user.name,
    roles: user.roles,
    groups: user.groups,
    permissions: user.permissions,
    scopes,
    clientId,
    sessionId: session.id,
    level: session.level,
    reachable: user.hasSecondFactor ? 'aal2' : 'aal1',
    methods: session.methods,
    authenticatedAt: Math.floor(session.authenticatedAt.getTime() / 1000),
  }
}
