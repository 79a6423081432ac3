import type { FastifyRequest } from 'fastify'
import { eachOf } from '../../../core/secrets.ts'
import type { Cookies } from '../../../http/cookies.ts'

/** The sessions that the cookies of a browser stand for. Rejects when a store is down. */
export type SessionsShown = (request: FastifyRequest) => Promise<Set<string>>

/**
 * Each session cookie and each refresh cookie may have a session of its own, as after a sign-in by the API, or where a
 * neighbouring host has set one. Whoever holds a secret may end what it stands for, so none is left out.
 */
export function createSessionsShown(dependencies: {
  cookies: Pick<Cookies, 'session' | 'refresh'>
  /** The live session of a cookie. */
  sessionOfCookie(secret: string): Promise<string | undefined>
  /** The session behind a refresh token, whether or not the token is still usable. */
  sessionOfRefreshToken(refreshToken: string): Promise<string | undefined>
}): SessionsShown {
  const { cookies, sessionOfCookie, sessionOfRefreshToken } = dependencies
  return async (request) => {
    const ids = await Promise.all([
      ...eachOf(cookies.session(request)).map(sessionOfCookie),
      ...eachOf(cookies.refresh(request)).map(sessionOfRefreshToken),
    ])
    return new Set(ids.filter((id) => id !== undefined))
  }
}
