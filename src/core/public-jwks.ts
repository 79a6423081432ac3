import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import type { ClientAlgorithm, PublicJwkSet } from './records/client.ts'

/** A key of a client, ready to verify with. */
export interface VerificationKey {
  kid: string | undefined
  /** The algorithms that fit the key, and no others: what an assertion's header names must be among them. */
  algorithms: readonly string[]
  publicKeyPem: string
}

/** What is wrong with a key set, in words for whoever sent it; no member's value is repeated. */
export class JwksFault extends Error {}

/** The algorithms that each kind of key verifies by (RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864 §2.2). */
const algorithmsOfKind = {
  rsa: ['RS256', 'PS256'],
  p256: ['ES256'],
  p384: ['ES384'],
  ed25519: ['EdDSA', 'Ed25519'],
} as const

/** The algorithms of the signatures by which clients prove themselves. */
export const clientAlgorithms: readonly ClientAlgorithm[] = Object.values(algorithmsOfKind).flat()

const maxKeys = 10
const leastRsaBits = 2_048
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

/**
 * Reads a JWK set of public keys (RFC 7517 §5) for verifying signatures: RSA of 2048 bits or more (RS256, PS256), P-256
 * (ES256), P-384 (ES384) and Ed25519 (EdDSA, or Ed25519, which is another name for the same). Throws a `JwksFault`.
 */
export function readPublicJwks(set: unknown): VerificationKey[] {
  const keys = (set as Partial<PublicJwkSet> | null)?.keys
  if (!Array.isArray(keys)) throw new JwksFault('must be a JWK set: an object with a list named keys')
  if (keys.length === 0 || keys.length > maxKeys) throw new JwksFault(`must hold 1 to ${maxKeys} keys`)
  const read = keys.map((key, index) => readKey(key, `key ${index + 1}`))
  const kids = read.map(({ kid }) => kid)
  if (kids.length > 1 && (kids.includes(undefined) || new Set(kids).size < kids.length)) {
    throw new JwksFault('must give each of several keys a kid of its own')
  }
  return read
}

function readKey(jwk: unknown, name: string): VerificationKey {
  if (typeof jwk !== 'object' || jwk === null) throw new JwksFault(`${name} must be an object`)
  const { kid, use, alg, key_ops: operations } = jwk as Record<string, unknown>
  if (privateMembers.some((member) => member in jwk)) {
    throw new JwksFault(`${name} holds a secret: send public keys alone, and replace this one`)
  }
  if (kid !== undefined && (typeof kid !== 'string' || !/^[\x21-\x7e]{1,200}$/.test(kid))) {
    throw new JwksFault(`${name} must have a kid of 1 to 200 visible characters, or none`)
  }
  if (use !== undefined && use !== 'sig') throw new JwksFault(`${name} must be for signatures (use: sig)`)
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify'))) {
    throw new JwksFault(`${name} must be for verifying (key_ops: verify)`)
  }
  let key: KeyObject
  try {
    key = createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' })
  } catch {
    throw new JwksFault(`${name} is not a valid public key`)
  }
  const fitting = algorithmsOf(key, name)
  if (alg !== undefined && !fitting.includes(alg as string)) {
    throw new JwksFault(`${name} must name an alg that fits it (${fitting.join(', ')}), or none`)
  }
  const publicKeyPem = key.export({ type: 'spki', format: 'pem' }).toString()
  const oneByTwoNames = key.asymmetricKeyType === 'ed25519'
  return { kid, algorithms: alg === undefined || oneByTwoNames ? fitting : [alg as string], publicKeyPem }
}

function algorithmsOf(key: KeyObject, name: string): readonly string[] {
  const { modulusLength = 0, namedCurve } = key.asymmetricKeyDetails ?? {}
  if (key.asymmetricKeyType === 'rsa') {
    if (modulusLength < leastRsaBits) throw new JwksFault(`${name} must have at least ${leastRsaBits} bits`)
    return algorithmsOfKind.rsa
  }
  if (key.asymmetricKeyType === 'ed25519') return algorithmsOfKind.ed25519
  if (namedCurve === 'prime256v1') return algorithmsOfKind.p256
  if (namedCurve === 'secp384r1') return algorithmsOfKind.p384
  throw new JwksFault(`${name} must be RSA, P-256, P-384 or Ed25519`)
}
