import { constants, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import type { SigningAlgorithm } from './records/signing-key.ts'

/**
 * Signatures of compact JWS (RFC 7515 §3.1) by one key that is read once. The key itself is handed to OpenSSL's functions:
 * as of Node 24 each call with an object of options, which would spare the conversion below, costs up to twice as much.
 */

/** Signs a text; the result is the third segment. `key`: PKCS #8 PEM. */
export function createJwsSigner(algorithm: SigningAlgorithm, key: string): (signed: string) => string {
  const privateKey = createPrivateKey(key)
  if (algorithm === 'PS256') {
    return (signed) => sign('sha256', Buffer.from(signed), { key: privateKey, ...pss }).toString('base64url')
  }
  if (algorithm !== 'ES256') {
    const digest = digestOf[algorithm]
    return (signed) => sign(digest, Buffer.from(signed), privateKey).toString('base64url')
  }
  return (signed) => rawSignature(sign('sha256', Buffer.from(signed), privateKey)).toString('base64url')
}

/**
 * Says whether a segment is the key's signature of a text, in the one spelling that an encoder gives it: decoders pass over
 * the spare bits of its last character, which gives each signature further spellings. `key`: SPKI PEM.
 */
export function createJwsVerifier(
  algorithm: SigningAlgorithm,
  key: string,
): (signed: string, signature: string) => boolean {
  const publicKey = createPublicKey(key)
  const digest = digestOf[algorithm]
  return (signed, signature) => {
    const bytes = Buffer.from(signature, 'base64url')
    if (bytes.toString('base64url') !== signature) return false
    const read = algorithm === 'ES256' ? derSignature(bytes) : bytes
    const how = algorithm === 'PS256' ? { key: publicKey, ...pss } : publicKey
    return read !== undefined && verify(digest, Buffer.from(signed), how, read)
  }
}

const digestOf = { ES256: 'sha256', RS256: 'sha256', PS256: 'sha256', EdDSA: null } as const
/** RFC 7518 §3.5: the salt is as long as the digest. */
const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 } as const

/** The bytes of each of the two numbers of a P-256 signature (RFC 7518 §3.4). */
const numberBytes = 32
const sequenceTag = 0x30
const integerTag = 0x02
/** Tag and length of the sequence and of both numbers, each with a zero in front. */
const maxDerLength = 2 + 2 * (2 + 1 + numberBytes)

/**
 * A P-256 signature as JWS has it, r and s one after the other, in the form that OpenSSL reads: a DER sequence of two
 * integers, each without needless zeros (X.690 §8.3.2). Nothing when it has another length.
 */
export function derSignature(raw: Uint8Array): Buffer | undefined {
  if (raw.length !== 2 * numberBytes) return undefined
  const der = Buffer.allocUnsafe(maxDerLength)
  let at = 2
  for (const end of [numberBytes, 2 * numberBytes]) {
    let start = end - numberBytes
    while (start < end - 1 && raw[start] === 0) start += 1
    // A zero in front keeps a high first bit from being read as a sign.
    const sign = raw[start]! >= 0x80 ? 1 : 0
    der[at++] = integerTag
    der[at++] = sign + end - start
    if (sign === 1) der[at++] = 0
    while (start < end) der[at++] = raw[start++]!
  }
  der[0] = sequenceTag
  der[1] = at - 2
  return der.subarray(0, at)
}

/** The reverse, for what OpenSSL has written. Throws when it is not such a sequence: that would be a fault of ours. */
export function rawSignature(der: Uint8Array): Buffer {
  const raw = Buffer.alloc(2 * numberBytes)
  if (der[0] !== sequenceTag || der[1] !== der.length - 2) throw new Error('no DER signature')
  let at = 2
  for (const end of [numberBytes, 2 * numberBytes]) {
    const length = der[at + 1] ?? 0
    const number = der.subarray(at + 2, at + 2 + length)
    const digits = number[0] === 0 ? number.subarray(1) : number
    if (der[at] !== integerTag || length === 0 || number.length !== length || digits.length > numberBytes) {
      throw new Error('no DER signature')
    }
    raw.set(digits, end - digits.length)
    at += 2 + length
  }
  if (at !== der.length) throw new Error('no DER signature')
  return raw
}
