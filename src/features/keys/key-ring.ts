import { createSigner, createVerifier } from 'fast-jwt'
import { type AccessTokenClaims, isCanonical, isInTime, type TokenType, tokenTypes } from '../../core/access-token.ts'
import { SetupError } from '../../core/errors.ts'
import type { Clock, SigningAlgorithm, SigningKey, SigningKeyStore } from '../../core/ports.ts'
import type { SecretBox } from '../../core/secrets.ts'
import { etagOf } from '../../http/etag.ts'
import { type KeySchedule, type KeyStatus, nextChange, statusOf } from './schedule.ts'
import { headerOf, publicJwk } from './signing-key.ts'

export interface KeyRing {
  /** Signs claims with the active key of the type's algorithm. `iss` is added. */
  sign(type: TokenType, claims: object): string
  /**
   * The claims of an access token that this service signed and that has not expired; otherwise nothing. Says nothing
   * about revocation.
   */
  verifyAccessToken(token: string): AccessTokenClaims | undefined
  /** PEM of the public key that a token's header names, while it counts. A key has one `alg`, and is none for another. */
  publicKey(header: { kid?: unknown; alg?: unknown }): string | undefined
  /**
   * The algorithm that signs a type of token and, while the first key of a changed setting is not in use yet, the one that
   * is going to. Another list only when the ring changes.
   */
  algorithms(type: TokenType): readonly SigningAlgorithm[]
  /** The JWK set (RFC 7517 §5), made anew only when the ring changes. */
  readonly jwks: { readonly body: string; readonly etag: string }
  /** How often each key has signed and verified in this process. */
  usage(): { kid: string; type: TokenType | 'verified'; count: number }[]
  /** Reads the ring anew. Until it resolves the old one is in force; when it rejects, too. */
  reload(): Promise<void>
}

/** What the ring is at one time; another one is made when a key's status changes. */
interface View {
  until: number
  signers: Record<TokenType, (claims: object) => string>
  algorithms: Record<TokenType, readonly SigningAlgorithm[]>
  verifiers: Map<string, { kid: string; verify(token: string): AccessTokenClaims }>
  publicKeys: Map<unknown, SigningKey>
  jwks: { body: string; etag: string }
}

/**
 * Opens the ring that the store holds. Private keys are sealed there and opened only in memory. Which key signs follows
 * from the time alone, so that replicas agree without a word. Throws a `SetupError` when no key can sign, or when the
 * secret does not open one.
 */
export async function openKeyRing(dependencies: {
  store: Pick<SigningKeyStore, 'list'>
  box: SecretBox
  clock: Clock
  issuer: string
  schedule: KeySchedule
  /** What signs each type of token, once it has an active key. */
  algorithmOf(type: TokenType): SigningAlgorithm
}): Promise<KeyRing> {
  const { store, box, clock, issuer, schedule, algorithmOf } = dependencies
  const counts = new Map<string, Map<TokenType | 'verified', number>>()
  let keys = await store.list()
  let view = viewAt(clock.now())

  function count(kid: string, type: TokenType | 'verified'): void {
    let ofKey = counts.get(kid)
    if (ofKey === undefined) counts.set(kid, (ofKey = new Map()))
    ofKey.set(type, (ofKey.get(type) ?? 0) + 1)
  }

  function keyFor(type: TokenType, active: readonly SigningKey[]): SigningKey {
    // While the algorithm of a changed setting has no key that verifiers know, another one signs.
    const key = active.find(({ algorithm }) => algorithm === algorithmOf(type)) ?? active[0]
    if (key === undefined) throw new SetupError('the key ring has no active signing key')
    return key
  }

  function signerOf(type: TokenType, key: SigningKey): (claims: object) => string {
    const sign = createSigner({
      key: openPrivateKey(box, key),
      algorithm: key.algorithm,
      kid: key.kid,
      header: { alg: key.algorithm, typ: type },
      iss: issuer,
    })
    return (claims) => {
      count(key.kid, type)
      return sign(claims)
    }
  }

  function viewAt(now: number): View {
    const withStatus = (...wanted: KeyStatus[]) => keys.filter((key) => wanted.includes(statusOf(key, schedule, now)))
    const active = withStatus('active').toSorted((a, b) => b.activatesAt.getTime() - a.activatesAt.getTime())
    const published = withStatus('next', 'active', 'retiring')
    const ofType = <T>(make: (type: TokenType, key: SigningKey) => T) =>
      Object.fromEntries(tokenTypes.map((type) => [type, make(type, keyFor(type, active))])) as Record<TokenType, T>
    const body = JSON.stringify({ keys: published.map(publicJwk) })
    return {
      until: nextChange(keys, schedule, now),
      signers: ofType(signerOf),
      algorithms: ofType((type, { algorithm }) => [...new Set([algorithm, algorithmOf(type)])]),
      verifiers: new Map(
        published.map((key) => [headerOf(key, 'at+jwt'), { kid: key.kid, verify: verifierOf(key, issuer) }]),
      ),
      publicKeys: new Map(published.map((key) => [key.kid, key])),
      jwks: { body, etag: etagOf(body) },
    }
  }

  function current(): View {
    const now = clock.now()
    if (now >= view.until) view = viewAt(now)
    return view
  }

  return {
    sign: (type, claims) => current().signers[type](claims),
    verifyAccessToken(token) {
      // Looked up by the whole header segment: only headers that this service writes, byte for byte, are ever
      // verified, which leaves no `alg`, `kid`, `jku` or `crit` of an attacker's to interpret.
      const verifier = current().verifiers.get(token.slice(0, token.indexOf('.')))
      if (verifier === undefined || !isCanonical(token)) return undefined
      try {
        const claims = verifier.verify(token)
        count(verifier.kid, 'verified')
        return isInTime(claims, clock.now()) ? claims : undefined
      } catch {
        return undefined
      }
    },
    publicKey({ kid, alg }) {
      const key = current().publicKeys.get(kid)
      return key !== undefined && key.algorithm === alg ? key.publicKeyPem : undefined
    },
    algorithms: (type) => current().algorithms[type],
    get jwks() {
      return current().jwks
    },
    usage: () =>
      [...counts].flatMap(([kid, ofKey]) => [...ofKey].map(([type, number]) => ({ kid, type, count: number }))),
    async reload() {
      const before = keys
      keys = await store.list()
      try {
        view = viewAt(clock.now())
      } catch (error) {
        keys = before
        throw error
      }
    },
  }
}

function openPrivateKey(box: SecretBox, key: SigningKey): string {
  try {
    return box.open(key.sealedPrivateKey, key.kid)
  } catch {
    throw new SetupError('GATEHOUSE_SECRET: expected the secret that the stored signing keys were sealed with')
  }
}

function verifierOf(key: SigningKey, issuer: string): (token: string) => AccessTokenClaims {
  return createVerifier({
    key: key.publicKeyPem,
    algorithms: [key.algorithm],
    checkTyp: 'at+jwt',
    allowedIss: issuer,
    requiredClaims: ['iss', 'sub', 'aud', 'exp', 'iat', 'jti', 'client_id'],
    // Times are checked by `isInTime`, against the injected clock.
    ignoreExpiration: true,
    ignoreNotBefore: true,
    cache: false,
  })
}
