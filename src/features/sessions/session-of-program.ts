import type { Clock } from '../../core/clock.ts'
import { uuidv7 } from '../../core/ids.ts'
import type { Authorization } from '../../core/records/authorization.ts'
import { lifetimesOf, type Session, type SessionLifetimes } from '../../core/records/session.ts'
import { hashSecret, randomSecret } from '../../core/secrets.ts'

export type SessionOfProgram = (
  proven: Pick<Authorization, 'userId' | 'clientId' | 'authenticatedAt' | 'level' | 'methods'>,
  device: Pick<Session, 'ip' | 'userAgent'>,
  endsAt: number | null,
) => Session & { secretHash: string }

/**
 * Makes the session of a program on a device without a browser: as long as one that is remembered, and no longer than `endsAt` (epoch
 * milliseconds). It says how the person was proven when they let the program in. Nobody has the secret of its cookie.
 */
export function createSessionOfProgram(dependencies: { clock: Clock; settings: SessionLifetimes }): SessionOfProgram {
  const { clock, settings } = dependencies
  const lifetimes = lifetimesOf(settings, { remembered: true })
  return ({ userId, clientId, authenticatedAt, level, methods }, { ip, userAgent }, endsAt) => {
    const now = clock.now()
    const within = (seconds: number) => new Date(Math.min(now + seconds * 1000, endsAt ?? Infinity))
    return {
      ...{ id: uuidv7(now), userId, clientId, authenticatedAt, level, methods, ip, userAgent },
      lastSeenAt: new Date(now),
      idleExpiresAt: within(lifetimes.idle_ttl_seconds),
      expiresAt: within(lifetimes.absolute_ttl_seconds),
      remembered: true,
      secretHash: hashSecret(randomSecret()),
    }
  }
}
