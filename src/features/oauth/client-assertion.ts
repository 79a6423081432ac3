import { createVerifier } from 'fast-jwt'
import { LRUCache } from 'lru-cache'
import { isCanonical } from '../../core/access-token.ts'
import type { AssertionStore, Client, Clock } from '../../core/ports.ts'
import { readPublicJwks, type VerificationKey } from '../../core/public-jwks.ts'
import { hashSecret } from '../../core/secrets.ts'

/** Whether an assertion proves a client, now and for this one time. */
export type VerifyClientAssertion = (client: Client, assertion: string) => Promise<boolean>

export const clientAssertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** How far ahead an assertion may expire: the longest that its id must be remembered. */
const longestSeconds = 300
/** By how much the client's clock may differ. */
const leewaySeconds = 10
/** `client-authentication+jwt` comes with the revision of RFC 7523; no other type is meant for this. */
const types = new Set<unknown>([undefined, 'jwt', 'client-authentication+jwt'])

/**
 * Verifies assertions of `private_key_jwt` (RFC 7523 §3) with the keys registered for the client: the algorithm must fit
 * the key, `iss` and `sub` must be the client, `aud` the issuer and nothing else, `exp` at most five minutes away. Its
 * `jti` is used up last, by one statement, so that of any number of parallel uses on all replicas one succeeds, and no
 * forgery can use it up.
 */
export function createVerifyClientAssertion(dependencies: {
  assertions: AssertionStore
  clock: Clock
  issuer: string
}): VerifyClientAssertion {
  const { assertions, clock, issuer } = dependencies
  const verifiers = new LRUCache<string, (token: string) => Record<string, unknown>>({ max: 1_000 })

  function verifierOf({ publicKeyPem: key }: VerificationKey, algorithm: string) {
    const id = `${algorithm} ${key}`
    let verify = verifiers.get(id)
    if (verify === undefined) {
      // Times are checked against the injected clock.
      const times = { ignoreExpiration: true, ignoreNotBefore: true }
      verify = createVerifier({ key, algorithms: [algorithm as 'ES256'], ...times, cache: false }) as (
        token: string,
      ) => Record<string, unknown>
      verifiers.set(id, verify)
    }
    return verify
  }

  /** The claims, when the signature is that of one of the client's keys. */
  function verified(client: Client, assertion: string): Record<string, unknown> | undefined {
    const header = readSegment(assertion, 0)
    if (header === undefined || client.jwks === null || !isCanonical(assertion)) return undefined
    const { alg, kid, typ, crit } = header
    if (crit !== undefined || !types.has(typeof typ === 'string' ? typ.toLowerCase() : typ)) return undefined
    const keys = readPublicJwks(client.jwks)
    const key = kid === undefined ? (keys.length === 1 ? keys[0] : undefined) : keys.find((one) => one.kid === kid)
    if (key === undefined || typeof alg !== 'string' || !key.algorithms.includes(alg)) return undefined
    try {
      return verifierOf(key, alg)(assertion)
    } catch {
      return undefined
    }
  }

  return async (client, assertion) => {
    const claims = verified(client, assertion)
    if (claims === undefined) return false
    const { iss, sub, aud, exp, nbf, iat, jti } = claims
    if (iss !== client.id || sub !== client.id || aud !== issuer) return false
    const now = clock.now() / 1000
    const isInTime = (instant: unknown) =>
      instant === undefined || (isFinite(instant) && instant <= now + leewaySeconds)
    if (!isFinite(exp) || exp <= now - leewaySeconds || exp > now + longestSeconds + leewaySeconds) return false
    if (!isInTime(nbf) || !isInTime(iat)) return false
    if (typeof jti !== 'string' || jti === '' || jti.length > 512) return false
    // Hashed, since whatever a client thinks of must fit the table.
    return assertions.use(client.id, hashSecret(jti), new Date((exp + leewaySeconds) * 1000))
  }
}

/** The client that an assertion says it is from. Nothing is proven by that. */
export function claimedClient(assertion: string): string | undefined {
  const sub = readSegment(assertion, 1)?.['sub']
  return typeof sub === 'string' ? sub : undefined
}

function readSegment(token: string, index: number): Record<string, unknown> | undefined {
  const segments = token.split('.')
  if (segments.length !== 3) return undefined
  try {
    const value: unknown = JSON.parse(Buffer.from(segments[index]!, 'base64url').toString('utf8'))
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

function isFinite(value: unknown): value is number {
  return Number.isFinite(value)
}
