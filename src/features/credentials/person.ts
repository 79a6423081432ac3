import type { Session } from '../../core/records/session.ts'
import type { User } from '../../core/records/user.ts'
import type { UserPrincipal } from '../../core/principal.ts'

/**
 * What a program may do that a person has let in: of what the person may do that which its scopes name. The person's roles and groups
 * are none of its own, as for API keys (decision 8).
 */
export function withinScopes(person: UserPrincipal): UserPrincipal {
  const permissions = person.permissions.filter((one) => person.scopes.includes(one))
  return { ...person, roles: [], groups: [], permissions }
}

/** A person by one of their sessions. */
export function userPrincipal(user: User, session: Session, scopes: string[], clientId: string): UserPrincipal {
  return {
    kind: 'user',
    subject: user.id,
    email: user.email,
    username: user.username ?? '',
    name: user.name,
    roles: user.roles,
    groups: user.groups,
    permissions: user.permissions,
    scopes,
    clientId,
    sessionId: session.id,
    level: session.level,
    reachable: user.hasSecondFactor ? 'aal2' : 'aal1',
    methods: session.methods,
    authenticatedAt: Math.floor(session.authenticatedAt.getTime() / 1000),
  }
}
