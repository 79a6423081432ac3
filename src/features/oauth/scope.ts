import { OAuthError } from '../../core/oauth-error.ts'

/** Splits a scope (RFC 6749 §3.3), without repeats. Throws `invalid_scope`. */
export function parseScope(scope: string): string[] {
  const scopes = scope.split(' ')
  if (scopes.some((name) => !/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(name))) {
    throw new OAuthError('invalid_scope', 'The scope is malformed.')
  }
  return [...new Set(scopes)]
}
