import type { PresentedRefreshToken } from './ports.ts'

/** Whether nothing can come of a refresh token any more, used or not: it, its session or its user has ended. */
export function hasEnded({ revoked, expiresAt, session, user }: PresentedRefreshToken, now: number): boolean {
  const end = Math.min(expiresAt.getTime(), session.expiresAt.getTime(), session.idleExpiresAt.getTime())
  return revoked || user.status !== 'active' || end <= now
}
