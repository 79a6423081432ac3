import type { AuthenticationLevel } from '../principal.ts'
import type { Elsewhere } from './elsewhere.ts'
import type { User } from './user.ts'

/**
 * What a person has proven in a sign-in that goes on. `method`: its RFC 8176 name, or `fed` of a provider; `at`: epoch milliseconds;
 * `elsewhere`: the account at a provider that it was proven by.
 */
export interface Proof {
  method: string
  at: number
  elsewhere?: Elsewhere
}

/** What the person wants to get by their sign-in. */
export interface Wishes {
  /** To stay signed in. */
  remember: boolean
  /** Where they go afterwards, as it was checked; null for programs. */
  returnTo: string | null
  /** The level that was asked for (`acr_values`); null: none. */
  level: AuthenticationLevel | null
  /** The client that gets the session. */
  clientId: string
  /** Whether the refresh token comes in the body of the answer. */
  tokensInBody: boolean
}

/** A sign-in under way. It is no session: whoever has its secret may take the next step, and nothing else. */
export interface Interaction {
  id: string
  userId: string
  proofs: readonly Proof[]
  wishes: Wishes
  expiresAt: Date
}

export interface InteractionStore {
  /**
   * Begins a sign-in of an active user. `provenHash`: the password hash that was verified for it; false, and nothing kept, when it is
   * not the user's any more. A change of password or status that comes later ends it.
   */
  open(interaction: Interaction & { secretHash: string }, provenHash: string | null): Promise<boolean>
  /** One that goes on, with its active user. Uses nothing up. */
  find(secretHash: string, at: Date): Promise<{ interaction: Interaction; user: User } | undefined>
  /** As `find`, and counts a try: of any number of parallel calls no more than `most` find it. */
  countTry(secretHash: string, at: Date, most: number): Promise<{ interaction: Interaction; user: User } | undefined>
  /** Ends one by one statement: of any number of calls one resolves to true. */
  consume(secretHash: string, at: Date): Promise<boolean>
}
