import { uuidv7 } from '../../core/ids.ts'
import type { Clock } from '../../core/clock.ts'
import type { Session, SessionStore } from '../../core/records/session.ts'
import type { User } from '../../core/records/user.ts'
import { firstPartyClientId } from '../../core/principal.ts'
import { hashSecret, randomSecret } from '../../core/secrets.ts'
import type { SessionSettings } from './settings.ts'

interface Device {
  ip: string
  userAgent: string
}

/** A session that has just begun, with the secret that its cookie carries and that is kept nowhere else. */
export interface StartedSession {
  session: Session
  user: User
  secret: string
}

export type StartSession = (
  user: User,
  methods: readonly string[],
  device: Device,
) => Promise<StartedSession | undefined>

/** Begins a session of one person on one device, with one factor proven; nothing when the account changed meanwhile. */
export function createStartSession(dependencies: {
  sessions: Pick<SessionStore, 'create'>
  clock: Clock
  settings: Pick<SessionSettings, 'idle_ttl_seconds' | 'absolute_ttl_seconds'>
}): StartSession {
  const { sessions, clock, settings } = dependencies
  return async (user, methods, device) => {
    const now = clock.now()
    const secret = randomSecret()
    const session: Session = {
      id: uuidv7(now),
      userId: user.id,
      clientId: firstPartyClientId,
      methods: [...methods],
      level: 'aal1',
      authenticatedAt: new Date(now),
      lastSeenAt: new Date(now),
      idleExpiresAt: new Date(now + settings.idle_ttl_seconds * 1000),
      expiresAt: new Date(now + settings.absolute_ttl_seconds * 1000),
      ip: device.ip,
      userAgent: device.userAgent.slice(0, 512),
    }
    const begun = await sessions.create({ ...session, secretHash: hashSecret(secret) }, user.passwordHash)
    if (!begun) return undefined
    return { session, user, secret }
  }
}
