import type { AuthenticationLevel } from '../principal.ts'
import type { Elsewhere } from './elsewhere.ts'
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
  /** Whether the person wants to stay signed in: it outlives the browser, and has the long lifetimes. */
  remembered: boolean
  ip: string
  userAgent: string
}

interface Lifetimes {
  idle_ttl_seconds: number
  absolute_ttl_seconds: number
}
/** Of the `sessions` section of gatehouse.yaml: how long a session lasts, and one that is not remembered. */
export interface SessionLifetimes extends Lifetimes {
  short: Lifetimes
}

/** How long a session lasts. */
export function lifetimesOf(settings: SessionLifetimes, { remembered }: Pick<Session, 'remembered'>): Lifetimes {
  return remembered ? settings : settings.short
}

/** Until when a browser shall keep the cookies of a session; nothing: until the browser ends. */
export function keptUntil({ remembered, expiresAt }: Pick<Session, 'remembered' | 'expiresAt'>): Date | undefined {
  return remembered ? expiresAt : undefined
}

export interface SessionStore {
  /**
   * Begins a session of an active user. `provenHash`: the password hash that was verified for it; nothing, and no session,
   * when it is not the user's any more. A change of password or status that comes later ends the session. `most`: how many
   * live sessions the user may have with it, 0 for any number; those beyond end that were used longest ago, of any number of
   * parallel calls. Resolves to the ids of those that ended. `elsewhere`: by which account at a provider it begins.
   */
  create(
    session: Session & { secretHash: string; elsewhere?: Elsewhere | undefined },
    provenHash?: string | null,
    most?: number,
  ): Promise<{ ended: string[] } | undefined>
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
   * disabled, or the session has ended. `at`: the present time, where the proof is older.
   */
  renew(
    id: string,
    proof: Pick<Session, 'methods' | 'level' | 'authenticatedAt'> & { secretHash: string; at?: Date },
    provenHash: string | null,
  ): Promise<Session | undefined>
  /** Extends the idle expiry, never past the absolute one. */
  touch(id: string, at: Date, idleExpiresAt: Date): Promise<void>
  /** Live sessions, the one begun last first; `before`: those that began before the one of this id. */
  list(asked: { userId?: string | undefined; before?: string | undefined; limit: number; at: Date }): Promise<Session[]>
  /** Live sessions of one user, the one used last first. `program`: the name of the one whose own it is, on a device. */
  listOf(userId: string, at: Date): Promise<(Session & { program: string | null })[]>
  /**
   * Ends the sessions of a user with their refresh families, sign-ins under way, and what browsers are known by, but for the session and the
   * device that are named. Resolves to the ids of the sessions that ended.
   */
  revokeAll(
    userId: string,
    reason: string,
    at: Date,
    but?: { sessionId: string; deviceHashes: readonly string[] },
  ): Promise<string[]>
  /**
   * Ends the session and its refresh families, and queues the mails about it; `ofUser`: only when it is theirs. Resolves to whose it was; to nothing, and
   * queues nothing, when it had ended already.
   */
  revoke(
    id: string,
    reason: string,
    at: Date,
    mails?: readonly QueuedMail[],
    ofUser?: string,
  ): Promise<{ userId: string; clientId: string } | undefined>
}
