/** Keys of programs that prove by each request that a token is theirs (RFC 9449). */
import { createHash, randomUUID } from 'node:crypto'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import type { TestClock } from './service.ts'

interface Proof {
  method?: string
  url: string
  /** The token that it comes beside. */
  token?: string
  nonce?: string | undefined
  claims?: Record<string, unknown>
  header?: Record<string, unknown>
}

export interface Prover {
  jkt: string
  jwk: JWK
  privateJwk: JWK
  prove(proof: Proof): Promise<string>
}

export async function createProver(clock: Pick<TestClock, 'now'>, alg = 'ES256'): Promise<Prover> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
  const [jwk, privateJwk] = [await exportJWK(publicKey), await exportJWK(privateKey)]
  return {
    ...{ jwk, privateJwk, jkt: await calculateJwkThumbprint(jwk) },
    prove: ({ method = 'POST', url, token, nonce, claims, header }) =>
      new SignJWT({
        ...{ jti: randomUUID(), htm: method, htu: url, iat: Math.floor(clock.now() / 1000), nonce },
        ...(token !== undefined && { ath: createHash('sha256').update(token).digest('base64url') }),
        ...claims,
      })
        .setProtectedHeader({ typ: 'dpop+jwt', alg, jwk, ...header })
        .sign(privateKey),
  }
}
