import type { TokenType } from '../../core/access-token.ts'
import type { Clock } from '../../core/clock.ts'
import type { Client } from '../../core/records/client.ts'
import { qualityOf } from '../../core/accept.ts'
import type { Introspection } from './introspect.ts'

export const signedIntrospectionType = 'application/token-introspection+jwt'

/** Whether a caller asks for the signed answer by name, and likes it at least as much as the plain one. */
export function wantsSigned(accept: string | undefined): boolean {
  const signed = qualityOf(accept, signedIntrospectionType, true)
  return signed > 0 && signed >= qualityOf(accept, 'application/json')
}

/**
 * Signs what introspection says, for the caller alone (RFC 9701 §5). The claims of the token stay inside
 * `token_introspection`, so that the answer can never be taken for the token.
 */
export function createSignIntrospection(dependencies: { sign(type: TokenType, claims: object): string; clock: Clock }) {
  const { sign, clock } = dependencies
  return (caller: Client, introspection: Introspection): string =>
    sign('token-introspection+jwt', {
      aud: caller.id,
      iat: Math.floor(clock.now() / 1000),
      token_introspection: introspection,
    })
}
