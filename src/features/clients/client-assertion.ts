import { generateKeyPairSync, type JsonWebKey, randomBytes, verify as verifySignature } from 'node:crypto'
import { createVerifier } from 'fast-jwt'
import { isCanonical } from '../../core/access-token.ts'
import type { Clock } from '../../core/clock.ts'
import { type Client, fapiAlgorithms, isFapi, type PublicJwkSet, type UsedJtiStore } from '../../core/records/client.ts'
import { readPublicJwks, type VerificationKey } from '../../core/public-jwks.ts'
import { hashSecret } from '../../core/secrets.ts'
import type { AssertionFault } from './audit-events.ts'
import type { KeysOfClient } from './keys-of-client.ts'

/**
 * What keeps an assertion from proving a client, now and for this one time; nothing when it does. `client` is absent for
 * one that is unknown, or has no keys: then some fault is told.
 */
export type VerifyClientAssertion = (
  client: Client | undefined,
  assertion: string,
) => Promise<AssertionFault | undefined>

/** How far ahead an assertion may expire: the longest that its id must be remembered. */
const maxSeconds = 300
/** By how much the client's clock may differ. */
const leewaySeconds = 10
/** `client-authentication+jwt` comes with the revision of RFC 7523; no other type is meant for this. */
const types = new Set<unknown>([undefined, 'jwt', 'client-authentication+jwt'])

/**
 * Verifies assertions of `private_key_jwt` (RFC 7523 §3) with the keys registered for the client: the algorithm must fit
 * the key, `iss` and `sub` must be the client, `aud` the issuer and nothing else, `exp` at most five minutes away. Its
 * `jti` is used up last, by one statement, so that of any number of parallel uses on all replicas one succeeds, and no
 * forgery can use it up.
 *
 * Whoever is named, one key is read and one signature verified, with a key of nobody's where the client has none that
 * fits: so the time of a refusal does not tell which clients exist, but for those whose keys have to be fetched.
 */
export function createVerifyClientAssertion(dependencies: {
  usedJtis: UsedJtiStore
  keysOf: KeysOfClient
  clock: Clock
  issuer: string
}): VerifyClientAssertion {
  const { usedJtis, keysOf, clock, issuer } = dependencies
  // Made by the first assertion, whoever it is from: most services see none.
  let keysOfNobody: ReturnType<typeof makeKeysOfNobody> | undefined

  /** The claims, when the signature is that of one of the client's keys. */
  async function verified(client: Client | undefined, assertion: string): Promise<Claims | AssertionFault> {
    const header = readSegment(assertion, 0)
    if (header === undefined || !isCanonical(assertion)) return 'form'
    const { alg, kid, typ, crit } = header
    if (crit !== undefined || !types.has(typeof typ === 'string' ? typ.toLowerCase() : typ)) return 'form'
    keysOfNobody ??= makeKeysOfNobody()
    const decoy = typeof alg === 'string' ? keysOfNobody.get(alg) : undefined
    if (decoy === undefined) return 'unknown_key'
    const found = client === undefined ? undefined : await keysOf(client, kid)
    if (found?.kind === 'unreachable') return 'keys_unreachable'
    const own = keyMeant(found?.keys ?? [], kid)
    const [key] = readPublicJwks({ keys: [own ?? decoy.jwk] })
    const isAllowed = client === undefined || !isFapi(client) || fapiAlgorithms.includes(alg as string)
    const fits = own !== undefined && isAllowed && key!.algorithms.includes(alg as string)
    const claims = verifyJws(assertion, alg as string, fits ? key!.publicKeyPem : decoy.publicKeyPem)
    return fits ? (claims ?? 'signature') : 'unknown_key'
  }

  return async (client, assertion) => {
    const claims = await verified(client, assertion)
    if (typeof claims === 'string') return claims
    if (client === undefined) return 'unknown_key'
    const { iss, sub, aud, exp, nbf, iat, jti } = claims
    if (iss !== client.id || sub !== client.id) return 'issuer'
    if (!isAudience(aud, issuer, isFapi(client))) return 'audience'
    const now = clock.now() / 1000
    const isInTime = (instant: unknown) =>
      instant === undefined || (isFinite(instant) && instant <= now + leewaySeconds)
    if (!isFinite(exp) || exp <= now - leewaySeconds || exp > now + maxSeconds + leewaySeconds) return 'lifetime'
    if (!isInTime(nbf) || !isInTime(iat)) return 'lifetime'
    if (typeof jti !== 'string' || jti === '' || jti.length > 512) return 'jti'
    // Hashed, since whatever a client thinks of must fit the table.
    const isFirst = await usedJtis.use(client.id, hashSecret(jti), new Date((exp + leewaySeconds) * 1000))
    return isFirst ? undefined : 'jti'
  }
}

export type Claims = Record<string, unknown>

/**
 * The claims of a compact JWS, when its signature is right. The verifier is made each time: one that is kept would tell a
 * client that was seen before from one that was not. It knows Ed25519 by its older name alone (RFC 9864 §2.2); under the new
 * one the same bytes are signed.
 */
export function verifyJws(token: string, algorithm: string, publicKeyPem: string): Claims | undefined {
  if (algorithm === 'Ed25519') {
    const [header, payload, signature, ...more] = token.split('.')
    if (signature === undefined || more.length > 0) return undefined
    const signed = Buffer.from(`${header}.${payload}`)
    return verifySignature(null, signed, publicKeyPem, Buffer.from(signature, 'base64url'))
      ? readSegment(token, 1)
      : undefined
  }
  const verify = createVerifier({
    key: publicKeyPem,
    algorithms: [algorithm as 'ES256'],
    // Times are checked against the injected clock.
    ignoreExpiration: true,
    ignoreNotBefore: true,
    cache: false,
  }) as (token: string) => Claims
  try {
    return verify(token)
  } catch {
    return undefined
  }
}

/**
 * Whether the issuer is the one audience, as text or as a list of one, which many libraries write whatever they are told. A
 * client of the FAPI 2.0 Security Profile may send the text alone (§5.3.2.1).
 */
function isAudience(aud: unknown, issuer: string, isText: boolean): boolean {
  return aud === issuer || (!isText && Array.isArray(aud) && aud.length === 1 && aud[0] === issuer)
}

/** The key with this `kid`, or the only one of a client whose assertion names none. */
export function keyMeant(keys: PublicJwkSet['keys'], kid: unknown): PublicJwkSet['keys'][number] | undefined {
  if (kid === undefined) return keys.length === 1 ? keys[0] : undefined
  return keys.find((key) => key.kid === kid)
}

/** A public key for each algorithm that assertions may have. Nobody holds the private ones. */
function makeKeysOfNobody(): Map<string, { jwk: JsonWebKey; publicKeyPem: string }> {
  const modulus = randomBytes(256)
  // A number of full length, and odd; to look for primes would take longer than the rest of the start.
  modulus[0]! |= 0x80
  modulus[255]! |= 0x01
  const pairs = [
    generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    generateKeyPairSync('ec', { namedCurve: 'P-384' }),
    generateKeyPairSync('ed25519'),
  ]
  const keys: JsonWebKey[] = [
    { kty: 'RSA', e: 'AQAB', n: modulus.toString('base64url') },
    ...pairs.map(({ publicKey }) => publicKey.export({ format: 'jwk' })),
  ]
  return new Map(
    keys.flatMap((jwk) => {
      const [{ algorithms, publicKeyPem }] = readPublicJwks({ keys: [jwk] }) as [VerificationKey]
      return algorithms.map((algorithm) => [algorithm, { jwk, publicKeyPem }] as const)
    }),
  )
}

/** The client that an assertion says it is from. Nothing is proven by that. */
export function claimedClient(assertion: string): string | undefined {
  const sub = readSegment(assertion, 1)?.['sub']
  return typeof sub === 'string' ? sub : undefined
}

export function readSegment(token: string, index: number): Record<string, unknown> | undefined {
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
