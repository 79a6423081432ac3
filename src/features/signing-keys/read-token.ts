import { createJwsVerifier } from '../../core/jws.ts'
import type { SigningKey } from '../../core/records/signing-key.ts'

/** Reads a token whose header is known already to be one that the service writes for this key; times are the caller's. */
export function verifierOf<Claims>(
  key: SigningKey,
  issuer: string,
  needed: readonly string[],
): (token: string) => Claims | undefined {
  const isSignature = createJwsVerifier(key.algorithm, key.publicKeyPem)
  return (token) => {
    const start = token.indexOf('.') + 1
    const end = token.indexOf('.', start)
    if (end === -1 || !isSignature(token.slice(0, end), token.slice(end + 1))) return undefined
    // Nothing is read before the signature has proven who wrote it.
    const claims = readJson(token.slice(start, end)) as Record<string, unknown> | null | undefined
    const isWhole = claims?.['iss'] === issuer && needed.every((name) => claims[name] !== undefined)
    return isWhole ? (claims as Claims) : undefined
  }
}

function readJson(segment: string): unknown {
  try {
    return JSON.parse(Buffer.from(segment, 'base64url').toString())
  } catch {
    return undefined
  }
}
