/** How sure the service is of who it is: one factor, or two factors (or a user-verifying passkey). */
export type AuthenticationLevel = 'aal1' | 'aal2'

/** A person, acting within one session, or a program of theirs by an API key. */
export interface UserPrincipal {
  readonly kind: 'user'
  /** The user's id: the `sub` of every token. */
  readonly subject: string
  readonly email: string
  /** Empty: the person has none. */
  readonly username: string
  readonly name: string
  readonly roles: readonly string[]
  readonly groups: readonly string[]
  readonly permissions: readonly string[]
  readonly scopes: readonly string[]
  readonly clientId: string
  /** Absent for an API key, which is no sign-in. */
  readonly sessionId: string | undefined
  readonly level: AuthenticationLevel
  /** The highest level that the person can reach: with a second factor `aal2`. Of an API key `aal1`. */
  readonly reachable: AuthenticationLevel
  /** Authentication methods, RFC 8176 names; `key` for an API key. */
  readonly methods: readonly string[]
  /** When the person proved who they are, epoch seconds. */
  readonly authenticatedAt: number
}

/** A program, acting for itself. */
interface ClientPrincipal {
  readonly kind: 'client'
  /** The client's id: the `sub` of its tokens. */
  readonly subject: string
  readonly name: string
  readonly scopes: readonly string[]
  readonly clientId: string
}

/** Who a request turned out to be. */
export type Principal = UserPrincipal | ClientPrincipal

/** The role that opens the service's own administration. It is there without being defined, and permits nothing else. */
export const adminRole = 'admin'

/** The client of the service's own pages and JSON API. */
export const firstPartyClientId = 'gatehouse'
