import type { Elsewhere } from '../../core/records/elsewhere.ts'
import { uuidv7 } from '../../core/ids.ts'
import type { Clock } from '../../core/clock.ts'
import type { Audit } from '../../core/audit.ts'
import { lifetimesOf, type Session, type SessionLifetimes, type SessionStore } from '../../core/records/session.ts'
import type { User } from '../../core/records/user.ts'
import { firstPartyClientId } from '../../core/principal.ts'
import { hashSecret, randomSecret } from '../../core/secrets.ts'
import type { sessionsEvents } from './audit-events.ts'
import type { SessionSettings } from './settings.ts'

interface Device {
  ip: string
  userAgent: string
  /** Whether the person wants to stay signed in. */
  remember: boolean
  /** The account at a provider by which it begins. */
  elsewhere?: Elsewhere | undefined
}

/** A session that has just begun, with the secret that its cookie carries and that is kept nowhere else. */
export interface StartedSession {
  session: Session
  user: User
  secret: string
}

export type StartSession = (
  user: User,
  proof: Pick<Session, 'level'> & { methods: readonly string[]; at?: number },
  device: Device,
) => Promise<StartedSession | undefined>

/**
 * Begins a session of one person on one device, at the level that was proven; nothing when the account changed meanwhile. Where the
 * person has as many as they may have, those end that were used longest ago. `at`: when the proof was given, where that is not now.
 */
export function createStartSession(dependencies: {
  sessions: Pick<SessionStore, 'create'>
  clock: Clock
  audit: Audit<typeof sessionsEvents>
  settings: SessionLifetimes & Pick<SessionSettings, 'max_per_user'>
}): StartSession {
  const { sessions, clock, audit, settings } = dependencies
  return async (user, { methods, level, at }, device) => {
    const now = clock.now()
    const secret = randomSecret()
    const remembered = device.remember
    const lifetimes = lifetimesOf(settings, { remembered })
    const { elsewhere } = device
    const within = (seconds: number) => new Date(Math.min(now + seconds * 1000, elsewhere?.endsAt ?? Infinity))
    const session: Session = {
      id: uuidv7(now),
      userId: user.id,
      clientId: firstPartyClientId,
      methods: [...methods],
      level,
      authenticatedAt: new Date(Math.min(at ?? now, now)),
      lastSeenAt: new Date(now),
      idleExpiresAt: within(lifetimes.idle_ttl_seconds),
      expiresAt: within(lifetimes.absolute_ttl_seconds),
      remembered,
      ip: device.ip,
      userAgent: device.userAgent.slice(0, 512),
    }
    const stored = { ...session, secretHash: hashSecret(secret), elsewhere }
    const begun = await sessions.create(stored, user.passwordHash, settings.max_per_user)
    if (begun === undefined) return undefined
    for (const sessionId of begun.ended) {
      audit.record({ event: 'session.revoked', subject: user.id, sessionId, reason: 'too_many_sessions' })
    }
    return { session, user, secret }
  }
}
