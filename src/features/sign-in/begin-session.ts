import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Cookies } from '../../http/cookies.ts'

/** What a sign-in has begun. */
interface SignedIn {
  started: { session: { id: string; expiresAt: Date }; secret: string }
  device: { secret: string; expires: Date } | undefined
}

/** Gives a browser the cookies of a sign-in, in place of those of whoever signed in there before. */
export type BeginSession = (request: FastifyRequest, reply: FastifyReply, signedIn: SignedIn) => Promise<void>

/**
 * The session that the browser had ends with its cookie: nobody could use it any more but who has stolen it. So does the
 * one behind a refresh cookie that is left of a sign-in before.
 */
export function createBeginSession(dependencies: {
  cookies: Cookies
  sessionOfCookie(secret: string): Promise<string | undefined>
  sessionOfRefreshToken(refreshToken: string): Promise<string | undefined>
  endSession(sessionId: string, reason: string): Promise<unknown>
}): BeginSession {
  const { cookies, sessionOfCookie, sessionOfRefreshToken, endSession } = dependencies
  return async (request, reply, { started, device }) => {
    const [secret, refreshToken] = [cookies.session(request), cookies.refresh(request)]
    const before = new Set([
      secret === undefined ? undefined : await sessionOfCookie(secret),
      refreshToken === undefined ? undefined : await sessionOfRefreshToken(refreshToken),
    ])
    for (const sessionId of before) {
      if (sessionId !== undefined && sessionId !== started.session.id) await endSession(sessionId, 'signed_in_again')
    }
    cookies.setSession(reply, started.secret, started.session.expiresAt)
    if (refreshToken !== undefined) cookies.clearRefresh(reply)
    if (device !== undefined) cookies.setDevice(reply, device.secret, device.expires)
  }
}
