import { createHash, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { createSigner, createVerifier } from 'fast-jwt'
import { type AccessTokenClaims, isCanonical, type TokenType } from '../../core/access-token.ts'
import { SetupError } from '../../core/errors.ts'
import type { Clock, SigningKey, SigningKeyStore } from '../../core/ports.ts'
import type { SecretBox } from '../../core/secrets.ts'

export interface KeyRing {
  /** Signs claims with the active key. `iss` is added. */
  sign(type: TokenType, claims: object): string
  /**
   * The claims of an access token that this service signed and that has not expired; otherwise nothing. Says nothing
   * about revocation.
   */
  verifyAccessToken(token: string): AccessTokenClaims | undefined
  /** PEM of the public key with this `kid`. */
  publicKey(kid: string): string | undefined
  /** The JWK set (RFC 7517 §5), made anew only when the ring changes. */
  readonly jwks: { readonly body: string; readonly etag: string }
}

/** Loads the ring, or makes its first key. Private keys are sealed in the store and opened only in memory. */
export async function openKeyRing(dependencies: {
  store: SigningKeyStore
  box: SecretBox
  clock: Clock
  issuer: string
}): Promise<KeyRing> {
  const { store, box, clock, issuer } = dependencies
  const keys = await store.loadOrCreate(async () => makeKey(box, new Date(clock.now())))
  const now = clock.now()
  const active = keys.find((key) => statusOf(key, now) === 'active')
  if (!active) throw new SetupError('the key ring has no active signing key')
  const privateKey = openPrivateKey(box, active)

  const signerOf = (type: TokenType) =>
    createSigner({
      key: privateKey,
      algorithm: active.algorithm,
      kid: active.kid,
      header: { alg: active.algorithm, typ: type },
      iss: issuer,
    })
  const signers: Record<TokenType, (claims: object) => string> = {
    'at+jwt': signerOf('at+jwt'),
    'identity-assertion+jwt': signerOf('identity-assertion+jwt'),
  }
  const published = keys.filter((key) => statusOf(key, now) !== 'retired')
  const verifiers = new Map(published.map((key) => [headerOf(key, 'at+jwt'), verifierOf(key, issuer)] as const))
  const publicKeys = new Map(published.map((key) => [key.kid, key.publicKeyPem]))
  const body = JSON.stringify({ keys: published.map(publicJwk) })
  const etag = `"${createHash('sha256').update(body).digest('base64url')}"`

  return {
    sign: (type, claims) => signers[type](claims),
    verifyAccessToken(token) {
      // Looked up by the whole header segment: only headers that this service writes, byte for byte, are ever
      // verified, which leaves no `alg`, `kid`, `jku` or `crit` of an attacker's to interpret.
      const verify = verifiers.get(token.slice(0, token.indexOf('.')))
      if (verify === undefined || !isCanonical(token)) return undefined
      try {
        const claims = verify(token)
        return claims.exp * 1000 > clock.now() ? claims : undefined
      } catch {
        return undefined
      }
    },
    publicKey: (kid) => publicKeys.get(kid),
    jwks: { body, etag },
  }
}

/**
 * What a key is good for at a time (epoch milliseconds). `next`: published, not signing yet; `active`: signs; `retiring`:
 * verifies what it signed; `retired`: counts for nothing.
 */
export function statusOf(key: SigningKey, now: number): 'next' | 'active' | 'retiring' | 'retired' {
  if (key.compromisedAt !== null) return 'retired'
  if (now < key.activatesAt.getTime()) return 'next'
  return key.retiresAt === null || now < key.retiresAt.getTime() ? 'active' : 'retiring'
}

function openPrivateKey(box: SecretBox, key: SigningKey): string {
  try {
    return box.open(key.sealedPrivateKey, key.kid)
  } catch {
    throw new SetupError('GATEHOUSE_SECRET: expected the secret that the stored signing keys were sealed with')
  }
}

function makeKey(box: SecretBox, createdAt: Date): SigningKey {
  const { publicKey, privateKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  const kid = thumbprint(publicKey)
  return {
    kid,
    algorithm: 'ES256',
    publicKeyPem: publicKey,
    sealedPrivateKey: box.seal(privateKey, kid),
    createdAt,
    activatesAt: createdAt,
    retiresAt: null,
    compromisedAt: null,
  }
}

/** RFC 7638: the required members of the public key, in order, hashed. */
function thumbprint(publicKeyPem: string): string {
  const { crv, kty, x, y } = createPublicKey(publicKeyPem).export({ format: 'jwk' })
  return createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url')
}

function publicJwk(key: SigningKey): object {
  const { kty, crv, x, y } = createPublicKey(key.publicKeyPem).export({ format: 'jwk' })
  return { kty, crv, x, y, kid: key.kid, use: 'sig', alg: key.algorithm }
}

/** The header segment exactly as the signer writes it. */
function headerOf(key: SigningKey, typ: TokenType): string {
  return Buffer.from(JSON.stringify({ alg: key.algorithm, typ, kid: key.kid })).toString('base64url')
}

function verifierOf(key: SigningKey, issuer: string): (token: string) => AccessTokenClaims {
  return createVerifier({
    key: key.publicKeyPem,
    algorithms: [key.algorithm],
    checkTyp: 'at+jwt',
    allowedIss: issuer,
    requiredClaims: ['iss', 'sub', 'aud', 'exp', 'iat', 'jti', 'client_id'],
    // Expiry is checked against the injected clock.
    ignoreExpiration: true,
    cache: false,
  })
}
