import { createHash } from 'node:crypto'
import type { Clock } from '../../core/clock.ts'
import type { UsedJtiStore } from '../../core/records/client.ts'
import { clientAlgorithms } from '../../core/public-jwks.ts'
import { equalSecrets, hashSecret } from '../../core/secrets.ts'
import { maxTokenLength } from '../../core/sizes.ts'
import type { Nonces } from './nonces.ts'

/** The algorithms of proofs: of keys that nobody shares. */
export const proofAlgorithms = clientAlgorithms

interface Asked {
  /** The header `DPoP` as it came; several arrive joined by a comma, and are none. */
  proof: string
  method: string
  /** What was asked for; a query says nothing. */
  url: string
  /** Where it stands beside a token: the token, and the thumbprint of the key that this is bound to. */
  bound?: { token: string; jkt: string }
  /** Whether it must hold a nonce of ours. One that it holds must be ours and young anyway. */
  needsNonce: boolean
}

/** `nonce`: the proof is right but for a nonce of ours, which the sender gets. */
export type CheckedProof = { kind: 'proven'; jkt: string } | { kind: 'invalid' } | { kind: 'nonce' }

export type CheckProof = (asked: Asked) => Promise<CheckedProof>

/** How old a proof may be, and by how much the sender's clock may be ahead. */
const maxAgeSeconds = 60
const aheadSeconds = 30
const maxIdLength = 512

/**
 * Checks a DPoP proof (RFC 9449 §4.3) and uses up its id, last of all and by one statement: of any number of parallel uses on all replicas
 * one is good, and no forgery uses up another's. Rejects when a store is down.
 */
export function createCheckProof(dependencies: { usedJtis: UsedJtiStore; nonces: Nonces; clock: Clock }): CheckProof {
  const { usedJtis, nonces, clock } = dependencies
  const invalid = { kind: 'invalid' } as const

  return async ({ proof, method, url, bound, needsNonce }) => {
    const read = proof.length > maxTokenLength ? undefined : await readProof(proof, new Date(clock.now()))
    if (read === undefined) return invalid
    const { jkt, htm, htu, iat, jti, ath, nonce } = read
    const now = clock.now() / 1000
    if (htm !== method || !isSamePlace(htu, url)) return invalid
    if (typeof jti !== 'string' || jti === '' || jti.length > maxIdLength) return invalid
    if (typeof iat !== 'number' || iat < now - maxAgeSeconds || iat > now + aheadSeconds) return invalid
    if (bound !== undefined) {
      if (typeof ath !== 'string' || !equalSecrets(ath, digestOf(bound.token)) || jkt !== bound.jkt) return invalid
    }
    if (nonce === undefined ? needsNonce : !nonces.isFresh(nonce)) return { kind: 'nonce' }
    // No client has an id with a space, so that nothing of theirs is used up by it.
    const until = new Date((iat + maxAgeSeconds + aheadSeconds) * 1000)
    return (await usedJtis.use(`dpop ${jkt}`, hashSecret(jti), until)) ? { kind: 'proven', jkt } : invalid
  }
}

type Claims = Record<'htm' | 'htu' | 'iat' | 'jti' | 'ath' | 'nonce', unknown>

/** The claims of a proof that is signed by the public key in its own header, with the thumbprint of that (RFC 7638). */
async function readProof(proof: string, now: Date): Promise<(Claims & { jkt: string }) | undefined> {
  // Most services see none.
  const { jwtVerify, EmbeddedJWK, calculateJwkThumbprint } = await import('jose')
  try {
    const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, {
      typ: 'dpop+jwt',
      algorithms: [...proofAlgorithms],
      currentDate: now,
    })
    const { htm, htu, iat, jti, ath, nonce } = payload as Partial<Claims>
    return { htm, htu, iat, jti, ath, nonce, jkt: await calculateJwkThumbprint(protectedHeader.jwk!) }
  } catch {
    return undefined
  }
}

/** RFC 9449 §4.3 no. 9: after the normalisation of RFC 3986 §6.2.2 and §6.2.3, without query and fragment. */
function isSamePlace(claimed: unknown, url: string): boolean {
  if (typeof claimed !== 'string' || claimed.length > maxTokenLength) return false
  // What a parser of URLs passes over silently, no sender has reason to write.
  if (!/^https?:\/\/[\x21-\x5b\x5d-\x7e]+$/i.test(claimed)) return false
  const [one, other] = [placeOf(claimed), placeOf(url)]
  return one !== undefined && one === other
}

function placeOf(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined
  const { origin, pathname, username, password } = new URL(text)
  if (username !== '' || password !== '') return undefined
  const path = pathname.replaceAll(/%[0-9a-f]{2}/gi, (escape) => {
    const character = String.fromCharCode(Number.parseInt(escape.slice(1), 16))
    return /[A-Za-z0-9._~-]/.test(character) ? character : escape.toUpperCase()
  })
  return origin + path
}

function digestOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url')
}
