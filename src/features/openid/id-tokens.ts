import { createHash } from 'node:crypto'
import type { TokenType } from '../../core/access-token.ts'
import type { Clock } from '../../core/clock.ts'
import type { Authorization } from '../../core/records/authorization.ts'
import { type Client, openIdSettingsOf, signingAlgorithmsOf } from '../../core/records/client.ts'
import type { SigningAlgorithm } from '../../core/records/signing-key.ts'
import type { User } from '../../core/records/user.ts'
import type { Subjects } from '../../core/subjects.ts'
import { claimsAbout } from './scopes.ts'

/** An ID token tells of a sign-in that has just been; it opens nothing. */
const lifetimeSeconds = 900

/** Makes an ID token (OpenID Connect Core §2) of an authorization; `accessToken`: the one that is handed out with it. */
export type MakeIdToken = (
  client: Client,
  authorization: Pick<
    Authorization,
    'scopes' | 'nonce' | 'authenticatedAt' | 'level' | 'methods' | 'sessionId' | 'clientId'
  >,
  user: User,
  accessToken: string,
) => string

export function createMakeIdToken(dependencies: {
  signFor(algorithm: SigningAlgorithm | undefined, claims: object): string
  /** What signs where the program has not said by which algorithm. */
  algorithms(type: TokenType): readonly SigningAlgorithm[]
  subjects: Pick<Subjects, 'sub' | 'sid'>
  clock: Clock
}): MakeIdToken {
  const { subjects, signFor, algorithms, clock } = dependencies
  return (client, authorization, user, accessToken) => {
    const { scopes, nonce, authenticatedAt, level, methods, sessionId, clientId } = authorization
    // Whole seconds that have passed: some programs refuse a token of the future without any tolerance.
    const iat = Math.floor(clock.now() / 1000)
    const { idTokenClaims, idTokenTtlSeconds } = openIdSettingsOf(client)
    const wanted = signingAlgorithmsOf(client).idTokens
    const algorithm = wanted ?? algorithms('JWT')[0]
    return signFor(wanted, {
      sub: subjects.sub(client, user.id),
      aud: clientId,
      azp: clientId,
      iat,
      exp: iat + (idTokenTtlSeconds ?? lifetimeSeconds),
      auth_time: Math.floor(authenticatedAt.getTime() / 1000),
      ...(nonce !== null && { nonce }),
      acr: level,
      amr: methods,
      sid: subjects.sid(client, sessionId),
      at_hash: halfHash(accessToken, algorithm === 'EdDSA' ? 'sha512' : 'sha256'),
      ...(idTokenClaims === 'full' && claimsAbout(user, scopes)),
    })
  }
}

/** OpenID Connect Core §3.1.3.6. */
function halfHash(text: string, algorithm: 'sha256' | 'sha512'): string {
  const digest = createHash(algorithm).update(text).digest()
  return digest.subarray(0, digest.length / 2).toString('base64url')
}
