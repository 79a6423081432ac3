import type { Session } from './session.ts'
import type { User } from './user.ts'

/** What brings a session to a host that its cookie does not reach. Used once, within seconds. */
export interface HostTicket {
  ticketHash: string
  sessionId: string
  /** The origin that it is for. */
  origin: string
  /** Path and query on it, where the person goes on. */
  returnTo: string
  /** Of the browser that has asked for it; nobody else can use it. */
  nonceHash: string
  expiresAt: Date
}

export interface HostSessionStore {
  /** Keeps a ticket of a live session; false when the session has ended. */
  issue(ticket: HostTicket, at: Date): Promise<boolean>
  /**
   * Uses a ticket up, whoever shows it: of any number of calls one gets it, and only where origin and nonce are those it was made for
   * does the origin get a cookie of its own, in place of an earlier one of this session. Nothing otherwise.
   */
  redeem(
    shown: Pick<HostTicket, 'ticketHash' | 'origin' | 'nonceHash'> & { secretHash: string; at: Date },
  ): Promise<{ session: Session; returnTo: string } | undefined>
  /** The live session that an origin knows by this cookie, with its active user. */
  findLive(secretHash: string, at: Date): Promise<{ session: Session; user: User; origin: string } | undefined>
}
