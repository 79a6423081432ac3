import type { JWTPayload } from 'jose'
import type { Audit } from '../../core/audit.ts'
import type { Clock } from '../../core/clock.ts'
import { unavailable } from '../../core/errors.ts'
import type { ElsewhereStore } from '../../core/records/elsewhere.ts'
import { hashSecret } from '../../core/secrets.ts'
import type { upstreamEvents } from './audit-events.ts'
import { boundedFetch, Unreachable } from './bounded-fetch.ts'
import { clockToleranceSeconds } from './provider-client.ts'
import type { Known } from './trips.ts'

/** How old a token may be. Some providers say no time at which it ends. */
const maxAgeSeconds = 300
const longestToken = 16_384
const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout'

/** What the keys of a provider are asked for, and how long is waited. */
const keyTimes = { timeoutDuration: 5_000, cooldownDuration: 30_000, cacheMaxAge: 300_000 }

export type TakeLogoutToken = (
  known: Known,
  token: string,
) => Promise<{ kind: 'done' } | { kind: 'refused'; reason: string }>

/**
 * Takes a logout token (OpenID Connect Back-Channel Logout §2.4 to 2.6) and ends the sessions that it names, by the session there or by
 * the account. Each token works once; one that names nobody is done. Rejects with `unavailable` while the provider's keys cannot be had.
 */
export function createTakeLogoutToken(dependencies: {
  store: Pick<ElsewhereStore, 'endSessions'>
  tellEnded(ended: { id: string; userId: string; clientId: string }[], reason: string): void
  audit: Audit<typeof upstreamEvents>
  clock: Clock
}): TakeLogoutToken {
  const { store, tellEnded, audit, clock } = dependencies
  type Keys = ReturnType<(typeof import('jose'))['createRemoteJWKSet']>
  const keySets = new Map<string, Keys>()

  async function verify(
    { provider, client }: Known,
    token: string,
  ): Promise<{ claims: JWTPayload } | { reason: string }> {
    const jose = await import('jose')
    const found = await client.metadata()
    if (found.kind === 'failed') throw unavailable(new Error(`${provider.name}: ${found.code}`))
    const { issuer, jwks_uri: address, id_token_signing_alg_values_supported: told = ['RS256'] } = found.server
    if (address === undefined) return { reason: 'no_keys' }
    const keys =
      keySets.get(address) ??
      jose.createRemoteJWKSet(new URL(address), { ...keyTimes, [jose.customFetch]: boundedFetch })
    keySets.set(address, keys)
    try {
      const { payload, protectedHeader } = await jose.jwtVerify(token, keys, {
        ...{ issuer, audience: provider.client_id, clockTolerance: clockToleranceSeconds },
        algorithms: told.filter((name) => !/^(HS|none)/i.test(name)),
        currentDate: new Date(clock.now()),
        requiredClaims: ['iat', 'jti', 'events'],
        maxTokenAge: maxAgeSeconds,
      })
      const typ = protectedHeader.typ?.toLowerCase()
      return typ === undefined || ['logout+jwt', 'jwt'].includes(typ) ? { claims: payload } : { reason: 'typ' }
    } catch (error) {
      if (error instanceof Unreachable || error instanceof jose.errors.JWKSTimeout) throw unavailable(error)
      if (!(error instanceof jose.errors.JOSEError)) throw error
      const { claim } = error as { claim?: unknown }
      return { reason: typeof claim === 'string' ? claim : error.code }
    }
  }

  /** What a token is beyond its signature: it names whom it is about, says what it is, and is no ID token. */
  function read({ events, nonce, sub, sid, jti }: JWTPayload) {
    const event = (events as Record<string, unknown> | undefined)?.[logoutEvent]
    if (typeof event !== 'object' || event === null) return { reason: 'events' } as const
    if (nonce !== undefined) return { reason: 'nonce' } as const
    if (typeof jti !== 'string') return { reason: 'jti' } as const
    const named = { sid: typeof sid === 'string' ? sid : undefined, subject: sub }
    if (named.sid === undefined && named.subject === undefined) return { reason: 'nobody' } as const
    return { named, jti } as const
  }

  return async (known, token) => {
    const { name: provider } = known.provider
    const refuse = (reason: string) => {
      audit.record({ event: 'provider.logout_token_refused', provider, reason })
      return { kind: 'refused', reason } as const
    }
    if (token.length > longestToken) return refuse('too_long')
    const verified = await verify(known, token)
    if ('reason' in verified) return refuse(verified.reason)
    const told = read(verified.claims)
    if ('reason' in told) return refuse(told.reason)
    const { named, jti } = told
    const [at, reason] = [clock.now(), 'ended_by_provider']
    const expiresAt = new Date(at + (maxAgeSeconds + 2 * clockToleranceSeconds) * 1000)
    const by = { provider, issuer: verified.claims.iss!, ...named } as Parameters<ElsewhereStore['endSessions']>[0]
    const once = { provider, tokenId: hashSecret(jti), expiresAt }
    const ended = await store.endSessions(by, { reason, at: new Date(at), once })
    if (ended === undefined) return refuse('used')
    tellEnded(ended, reason)
    audit.record({ event: 'provider.signed_out', provider, ended: ended.length })
    return { kind: 'done' }
  }
}
