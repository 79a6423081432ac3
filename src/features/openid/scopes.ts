import type { User } from '../../core/records/user.ts'

/** The scopes that mean something here; every other one is a permission, or a matter of who receives the token. */
export const openIdScopes = ['openid', 'profile', 'email', 'groups', 'offline_access'] as const

/** The scope that brings each claim, for programs that ask for the claim alone. */
export const scopesOfClaims: Readonly<Record<string, string>> = {
  ...{ name: 'profile', preferred_username: 'profile', locale: 'profile' },
  ...{ email: 'email', email_verified: 'email', groups: 'groups' },
}

/** What programs are told of a person. */
export const openIdClaims = [
  ...['sub', 'name', 'preferred_username', 'locale', 'email', 'email_verified', 'groups'],
  ...['iss', 'aud', 'azp', 'exp', 'iat', 'auth_time', 'nonce', 'acr', 'amr', 'sid', 'at_hash'],
] as const

/**
 * What a person's program is told of them by its scopes (OpenID Connect Core §5.4). Who has no user name is called by the address,
 * where the program is told it anyway.
 */
export function claimsAbout(user: User, scopes: readonly string[]): Record<string, unknown> {
  const username = user.username ?? (scopes.includes('email') ? user.email : undefined)
  return {
    ...(scopes.includes('profile') && {
      name: user.name,
      ...(username !== undefined && { preferred_username: username }),
      ...(user.locale !== null && { locale: user.locale }),
    }),
    ...(scopes.includes('email') && { email: user.email, email_verified: user.emailVerifiedAt !== null }),
    ...(scopes.includes('groups') && { groups: user.groups }),
  }
}
