import type { AuthenticationLevel } from '../principal.ts'
import type { QueuedMail } from './mail.ts'
import type { User } from './user.ts'

export interface Session {
  id: string
  userId: string
  clientId: string
  methods: string[]
  level: AuthenticationLevel
  authenticatedAt: Date
  idleExpiresAt: Date
  expiresAt: Date
  lastSeenAt: Date
  ip: string
  userAgent: string
}

export interface SessionStore {
  /**
   * Begins a session of an active user. `provenHash`: the password hash that was verified for it; false, and no session,
   * when it is not the user's any more. A change of password or status that comes later ends the session.
   */
  create(session: Session & { secretHash: string }, provenHash?: string | null): Promise<boolean>
  /**
   * A session that is neither revoked nor expired, with its active user: one look-up. `tokenIds`: only when none of these
   * access tokens was revoked.
   */
  findLive(
    by: { id: string; tokenIds?: readonly string[] } | { secretHash: string },
    at: Date,
  ): Promise<{ session: Session; user: User } | undefined>
  /**
   * Notes that the person was proven again within a live session, and replaces the secret of its cookie. Also tells the
   * revocation feed. `provenHash`: as for `create`; nothing happens when it is not the user's any more, or the user is
   * disabled, or the session has ended.
   */
  renew(
    id: string,
    proof: Pick<Session, 'methods' | 'level' | 'authenticatedAt'> & { secretHash: string },
    provenHash: string | null,
  ): Promise<Session | undefined>
  /** Extends the idle expiry, never past the absolute one. */
  touch(id: string, at: Date, idleExpiresAt: Date): Promise<void>
  /**
   * Ends the session and its refresh families, and queues the mails about it. Resolves to whose it was; to nothing, and
   * queues nothing, when it had ended already.
   */
  revoke(
    id: string,
    reason: string,
    at: Date,
    mails?: readonly QueuedMail[],
  ): Promise<{ userId: string; clientId: string } | undefined>
}
