import type { AuthenticationLevel } from '../principal.ts'
import type { Client } from './client.ts'
import type { RefreshFamily } from './refresh-token.ts'
import type { Session } from './session.ts'
import type { User } from './user.ts'

/** That a person has let a program in within a session; what the program gets for it hangs on this. */
export interface Authorization {
  id: string
  userId: string
  clientId: string
  sessionId: string
  redirectUri: string
  /** S256 (RFC 7636 §4.2); null where the program has sent none. */
  challenge: string | null
  nonce: string | null
  /** The thumbprint of the key to which its code is bound (RFC 9449 §10). */
  dpopJkt?: string | null
  scopes: string[]
  /** Where access tokens are good; never empty. */
  audiences: string[]
  /** How the person had signed in by then. */
  authenticatedAt: Date
  level: AuthenticationLevel
  methods: string[]
  createdAt: Date
  /** Until when its code can be redeemed. */
  codeExpiresAt: Date
}

/** What a person has allowed a program. */
export interface Consent {
  userId: string
  clientId: string
  scopes: string[]
  grantedAt: Date
}

/** A refresh family as it begins. */
export interface BegunFamily {
  family: RefreshFamily
  token: { hash: string; createdAt: Date; expiresAt: Date }
}

export interface AuthorizationStore {
  /**
   * Keeps an authorization with its code. `given`: the person allows its scopes now, and what was allowed before is allowed still;
   * `own`: the same of a program of the operator's, about which nobody is asked; `before`: all of it was allowed before. Nothing is kept when that is not so any more, or the session or
   * the person has ended. `requestHash`: of the pushed request that this answers, which is used up with it; nothing is kept where it
   * was before.
   */
  issue(
    authorization: Authorization & { codeHash: string },
    consent: 'given' | 'own' | 'before',
    requestHash?: string,
  ): Promise<'issued' | 'consent_missing' | 'session_ended' | 'request_used'>
  find(id: string): Promise<Authorization | undefined>
  findByCode(codeHash: string): Promise<(Authorization & { redeemedAt: Date | null }) | undefined>
  /**
   * Uses a code in ONE statement: of any number of parallel calls one gets the session and the person. Nothing happens when it was
   * used, has expired, or has ended with the consent, the session or the person. `family`: begun with it. `isToldOfEnd`: whether the program
   * is to be told when the session ends.
   */
  redeem(
    codeHash: string,
    at: Date,
    begun: { family?: ((session: Session) => BegunFamily) | undefined; isToldOfEnd?: boolean },
  ): Promise<{ session: Session; user: User } | undefined>
  /**
   * As `redeem`, and begins a session of its own, on which everything hangs from now on: the one in which the person has let the
   * program in may end. `endsAt`: when that one ends at the latest, by the account elsewhere that it was begun by; `most`: as for the
   * sessions of people. `ended`: those that it has put an end to.
   */
  redeemForDevice(
    codeHash: string,
    at: Date,
    begin: (former: Session, endsAt: number | null) => BegunFamily & { session: Session & { secretHash: string } },
    options: { most: number; isToldOfEnd?: boolean },
  ): Promise<{ session: Session; user: User; ended: readonly string[] } | undefined>
  /**
   * Ends an authorization: its code, its refresh tokens, every access token that names it, and the session that is the program's own.
   * Also tells the revocation feed. Of any number of calls one returns true.
   */
  end(id: string, at: Date): Promise<boolean>
  consentOf(userId: string, clientId: string): Promise<Consent | undefined>
  /** What a person has allowed, by the name of the program. */
  consentsOf(userId: string): Promise<(Consent & { clientName: string; openid: Client['openid'] })[]>
  /** Takes a consent back, and ends all authorizations of that program for that person. */
  withdraw(userId: string, clientId: string, at: Date): Promise<boolean>
}
