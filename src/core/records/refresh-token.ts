import type { Confirmation } from '../confirmation.ts'
import type { Session } from './session.ts'
import type { User } from './user.ts'

export interface RefreshFamily {
  id: string
  sessionId: string
  userId: string
  clientId: string
  scopes: string[]
  /**
   * Where its access tokens are good: those of a program that a person has let in. None: the whole deployment, as for the person's own
   * sign-in. The id of such a family is that of the authorization.
   */
  audiences: string[]
  /** What its tokens are bound to, where nothing else proves the client (RFC 9449 §5, RFC 8705 §4). */
  confirmation?: Confirmation | null
  expiresAt: Date
}

/** A refresh token as presented, with everything that decides what becomes of it. */
export interface PresentedRefreshToken {
  family: RefreshFamily
  expiresAt: Date
  usedAt: Date | null
  /** The sealed answer of the rotation that used it. */
  replay: string | null
  revoked: boolean
  session: Session
  user: User
  /** Until when the refreshes that were made use up the session's pace; null before the first. */
  paidUntil: Date | null
  /** The newest number of the revocation feed in what was read. */
  feedStandsAt: number
}

export interface RefreshTokenStore {
  createFamily(family: RefreshFamily, token: { hash: string; createdAt: Date; expiresAt: Date }): Promise<void>
  find(hash: string): Promise<PresentedRefreshToken | undefined>
  /** The token of a family that was made last. */
  newestOf(familyId: string): Promise<{ createdAt: Date; usedAt: Date | null } | undefined>
  /**
   * Uses the token and stores its successor in ONE statement: of any number of parallel calls, one returns true. Nothing
   * happens when the token is used, expired or revoked, its session ended or its user disabled.
   */
  rotate(rotation: Rotation): Promise<boolean>
  /** The same for a token that stays good, and has no successor: it goes idle later. */
  renew(renewal: Renewal): Promise<boolean>
}

export interface Rotation extends Renewal {
  successorHash: string
  replay: string
}

export interface Renewal {
  hash: string
  /** When the token goes idle that the client has from now on. */
  successorExpiresAt: Date
  /** Using the token is using the session. */
  sessionIdleExpiresAt: Date
  at: Date
  /** How fast a session may be refreshed; nothing happens beyond it. Absent: as fast as anybody likes. */
  pace?: Pace | undefined
  /**
   * Nothing happens unless this is the newest number of the revocation feed: after a later row, or in a database that was
   * set back, what was known may not hold any more.
   */
  whileFeedStandsAt: number
}

/**
 * A pace by one time alone (the generic cell rate algorithm): each use pays for `everyMilliseconds`, and is refused when it
 * would be paid for longer than `withinMilliseconds` ahead. So many fit in there at once, and one more each interval.
 */
interface Pace {
  everyMilliseconds: number
  withinMilliseconds: number
}

/** Whether nothing can come of a refresh token any more, used or not: it, its session or its user has ended. */
export function hasEnded({ revoked, expiresAt, session, user }: PresentedRefreshToken, now: number): boolean {
  const end = Math.min(expiresAt.getTime(), session.expiresAt.getTime(), session.idleExpiresAt.getTime())
  return revoked || user.status !== 'active' || end <= now
}
