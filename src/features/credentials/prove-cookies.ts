import type { Clock } from '../../core/clock.ts'
import type { Log } from '../../core/log.ts'
import type { HostSessionStore } from '../../core/records/host-session.ts'
import { lifetimesOf, type Session, type SessionLifetimes, type SessionStore } from '../../core/records/session.ts'
import type { User } from '../../core/records/user.ts'
import { hashSecret } from '../../core/secrets.ts'
import type { RevocationFeed } from '../revocations/index.ts'
import { userPrincipal } from './person.ts'
import { anyKey, type Remembered } from './proof-cache.ts'

/** A cookie is looked up again this often at least, or at half its session's idle time, to keep it from going idle. */
const rememberSeconds = 300
const touchAfterSeconds = 60

/** Proves the cookie of the service, and the one that a host of another domain has of its own. */
export function createProveCookies(dependencies: {
  sessions: Pick<SessionStore, 'findLive' | 'touch'>
  hostSessions: Pick<HostSessionStore, 'findLive'>
  feed: Pick<RevocationFeed, 'position'>
  clock: Clock
  log: Log
  settings: SessionLifetimes
}) {
  const { sessions, hostSessions, feed, clock, log, settings } = dependencies

  async function proveCookie(secret: string): Promise<Remembered | undefined> {
    const [asOf, now] = [feed.position, clock.now()]
    const live = await sessions.findLive({ secretHash: hashSecret(secret) }, new Date(now))
    return live && rememberedOf(live, asOf, now)
  }

  async function proveHostCookie(secret: string): Promise<Remembered | undefined> {
    const [asOf, now] = [feed.position, clock.now()]
    const live = await hostSessions.findLive(hashSecret(secret), new Date(now))
    return live && { ...rememberedOf(live, asOf, now), origin: live.origin }
  }

  /** A session that was found by a cookie, which keeps it from going idle. */
  function rememberedOf({ session, user }: { session: Session; user: User }, asOf: number, now: number): Remembered {
    const { idle_ttl_seconds: idleSeconds } = lifetimesOf(settings, session)
    if (now - session.lastSeenAt.getTime() >= Math.min(touchAfterSeconds, idleSeconds / 4) * 1000) {
      sessions
        .touch(session.id, new Date(now), new Date(now + idleSeconds * 1000))
        .catch((error: unknown) => log.warn({ event: 'session.touch_failed', err: error }, 'session not touched'))
    }
    return {
      principal: userPrincipal(user, session, [], session.clientId),
      audiences: [],
      expiresAt: Math.min(
        now + Math.min(rememberSeconds, idleSeconds / 2) * 1000,
        session.expiresAt.getTime(),
        session.idleExpiresAt.getTime(),
      ),
      asOf,
      // The assertions that were written for it were signed too.
      entities: [`session:${session.id}`, `user:${user.id}`, anyKey],
    }
  }

  return { proveCookie, proveHostCookie }
}
