import { createHash, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import type { TokenType } from '../../core/access-token.ts'
import type { SigningAlgorithm, SigningKey } from '../../core/records/signing-key.ts'
import type { SecretBox } from '../../core/secrets.ts'

/** Makes a key whose private half is sealed. RSA keys have 2048 bits (RFC 7518 §3.3). */
export async function makeKey(
  algorithm: SigningAlgorithm,
  box: SecretBox,
  times: Pick<SigningKey, 'createdAt' | 'activatesAt' | 'retiresAt'>,
): Promise<SigningKey> {
  const { publicKey, privateKey } = await generate(algorithm)
  const publicKeyPem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const kid = thumbprint(publicKeyPem)
  return {
    kid,
    algorithm,
    publicKeyPem,
    sealedPrivateKey: box.seal(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), kid),
    ...times,
    compromisedAt: null,
  }
}

export const wrongSecret =
  'GATEHOUSE_SECRET: expected the secret that the stored signing keys were sealed with (where it is lost, ' +
  '"keys rotate --compromised" makes new keys)'

/** The private half, PKCS #8 PEM; nothing when no known secret opens it. */
export function openPrivateKey({ kid, sealedPrivateKey }: SigningKey, box: SecretBox): string | undefined {
  try {
    return box.open(sealedPrivateKey, kid)
  } catch {
    return undefined
  }
}

const pair = promisify(generateKeyPair)

function generate(algorithm: SigningAlgorithm): Promise<{ publicKey: KeyObject; privateKey: KeyObject }> {
  if (algorithm === 'RS256' || algorithm === 'PS256') return pair('rsa', { modulusLength: 2_048 })
  return algorithm === 'ES256' ? pair('ec', { namedCurve: 'P-256' }) : pair('ed25519')
}

/** The members that make up a public key of each type, in the order in which RFC 7638 §3.2 hashes them. */
const members: Record<SigningAlgorithm, readonly string[]> = {
  ES256: ['crv', 'kty', 'x', 'y'],
  RS256: ['e', 'kty', 'n'],
  PS256: ['e', 'kty', 'n'],
  EdDSA: ['crv', 'kty', 'x'],
}

function publicMembers(publicKeyPem: string): Record<string, unknown> {
  const jwk = createPublicKey(publicKeyPem).export({ format: 'jwk' }) as Record<string, unknown>
  const algorithm = jwk['kty'] === 'RSA' ? 'RS256' : jwk['kty'] === 'EC' ? 'ES256' : 'EdDSA'
  return Object.fromEntries(members[algorithm].map((member) => [member, jwk[member]]))
}

/** RFC 7638: the required members of the public key, in order, hashed. */
function thumbprint(publicKeyPem: string): string {
  return createHash('sha256')
    .update(JSON.stringify(publicMembers(publicKeyPem)))
    .digest('base64url')
}

/** The key as verifiers are shown it (RFC 7517 §4). */
export function publicJwk(key: SigningKey): object {
  return { ...publicMembers(key.publicKeyPem), kid: key.kid, use: 'sig', alg: key.algorithm }
}

/** The header segment of a token, exactly as the signer writes it. */
export function headerOf(key: SigningKey, typ: TokenType): string {
  return Buffer.from(JSON.stringify({ alg: key.algorithm, typ, kid: key.kid })).toString('base64url')
}
