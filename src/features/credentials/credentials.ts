import type { AccessTokenClaims } from '../../core/access-token.ts'
import type { SenderFault, Shown } from '../../core/confirmation.ts'
import { apiKeyPrefix, isApiKey } from '../../core/api-key.ts'
import type { Clock } from '../../core/clock.ts'
import type { Log } from '../../core/log.ts'
import type { Client } from '../../core/records/client.ts'
import type { HostSessionStore } from '../../core/records/host-session.ts'
import type { SessionLifetimes, SessionStore } from '../../core/records/session.ts'
import { secretForm, type Shown as ShownSecret } from '../../core/secrets.ts'
import { maxTokenLength } from '../../core/sizes.ts'
import type { Subjects } from '../../core/subjects.ts'
import type { ApiKeys } from '../api-keys/index.ts'
import type { RevocationFeed } from '../revocations/index.ts'
import type { SenderConstraints } from '../sender-constraints/index.ts'
import type { EntityCache } from './entity-cache.ts'
import {
  anyKey,
  createProofCache,
  type Credential,
  type From,
  type MemoryBounds,
  type Proof,
  type Remembered,
} from './proof-cache.ts'
import { createProveClaims } from './prove-claims.ts'
import { createProveCookies } from './prove-cookies.ts'
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
  /** A registered client as it is now. Rejects when a store is down. */
  client(id: string): Client | undefined | Promise<Client | undefined>
  /** Proves a session cookie: of several, the one of a live session, unless they name two. Rejects when a store is down. */
  sessionCookie(shown: ShownSecret): Proof
  /** Proves the cookie that a host has of its own, at the one origin that it was made for. Of several none counts. */
  hostCookie(shown: ShownSecret, origin: string): Proof
}

/** API keys and clients' secrets, often enough for a key's last use to be known to the minute. */
const rememberProgramSeconds = 60

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
  subjects: Pick<Subjects, 'read'>
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

  const proveClaims = createProveClaims({ known, subjects: dependencies.subjects, feed, clock })
  const { proveCookie, proveHostCookie } = createProveCookies({ sessions, hostSessions, feed, clock, log, settings })

  const holds = (remembered: Remembered): boolean =>
    clock.now() < remembered.expiresAt && feed.isValid(remembered, remembered.entities)

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
    client: known.client,
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
