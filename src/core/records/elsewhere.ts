import type { QueuedMail } from './mail.ts'

/** An account at a provider by which a session was begun. When the provider ends its session, ours ends with it. */
export interface Elsewhere {
  /** Its name in gatehouse.yaml. */
  provider: string
  issuer: string
  subject: string
  /** Of the session there; null where the provider names none. */
  sid: string | null
  /** The sealed ID token, which its page for signing out wants to see; null where that is not used. */
  sealedIdToken: string | null
  /** When the session ends at the latest, epoch milliseconds; null: when any session does. */
  endsAt: number | null
}

/** Why a browser was led to a provider. */
export type TripPurpose = 'sign_in' | 'link' | 'step_up'

/** A way to a provider and back. It is no session, and what comes back with it counts once. */
interface ProviderTrip {
  id: string
  provider: string
  purpose: TripPurpose
  /** Within which session; null for a sign-in. */
  sessionId: string | null
  /** The nonce, the verifier of PKCE, and what the person wants; sealed. */
  sealed: string
  startedAt: Date
  expiresAt: Date
}

/** Somebody whom a provider has proven, and who has yet to say, or to show, what account is theirs. No session either. */
interface ProviderArrival {
  id: string
  provider: string
  /** What the provider has said, and what the person wants; sealed. */
  sealed: string
  /** The address that a link was mailed to, which shows that the person reads it; null before that. */
  email: string | null
  expiresAt: Date
}

/** Which arrival: of a browser, by its id or by the link that was mailed. Nobody else's browser finds it. */
export type ArrivalKey = { browserHash: string } & ({ id: string } | { tokenHash: string })

export interface ElsewhereStore {
  /** `stateHash` and `browserHash`: of what comes back by the address, and of what the browser shows. */
  beginTrip(trip: ProviderTrip & { stateHash: string; browserHash: string }): Promise<void>
  /** Ends one by one statement: of any number of calls one gets it, and none for another provider or from another browser. */
  consumeTrip(
    key: { provider: string; stateHash: string; browserHash: string },
    at: Date,
  ): Promise<ProviderTrip | undefined>
  keepArrival(arrival: Omit<ProviderArrival, 'email'> & { browserHash: string }): Promise<void>
  /** Uses nothing up. */
  findArrival(key: ArrivalKey, at: Date): Promise<ProviderArrival | undefined>
  /** Puts a mailed link in place of one before, and queues the mails with it. False when there is no such arrival any more. */
  mailArrival(
    key: ArrivalKey,
    link: { email: string; tokenHash: string; at: Date; expiresAt: Date; mails: readonly QueuedMail[] },
  ): Promise<boolean>
  /** Ends one by one statement: of any number of calls one gets it. */
  consumeArrival(key: ArrivalKey, at: Date): Promise<ProviderArrival | undefined>
  /** By which account elsewhere a session was begun, live or not. */
  ofSession(sessionId: string): Promise<Elsewhere | undefined>
  /**
   * Ends the live sessions that were begun by an account elsewhere, and sign-ins under way by it: those of one session there, or all of
   * them. Also tells the revocation feed. Resolves to those that ended. `once`: the id of what has asked for it, which works once; to
   * nothing where it was used before.
   */
  endSessions(
    by: { provider: string; issuer: string } & (
      { sid: string; subject?: string | undefined } | { sid?: undefined; subject: string }
    ),
    how: {
      reason: string
      at: Date
      but?: string | undefined
      once?: { provider: string; tokenId: string; expiresAt: Date }
    },
  ): Promise<{ id: string; userId: string; clientId: string }[] | undefined>
}
