import type { FastifyReply, FastifyRequest } from 'fastify'
import { keptUntil } from '../../../core/records/session.ts'
import type { Cookies } from '../../../http/cookies.ts'
import type { EndSession } from '../../sessions/index.ts'
import type { SignedIn } from '../advance.ts'
import type { SessionsShown } from './sessions-shown.ts'

/** Gives a browser the cookies of a sign-in, in place of those of whoever signed in there before. */
export type BeginSession = (request: FastifyRequest, reply: FastifyReply, signedIn: SignedIn) => Promise<void>

/**
 * The session that the browser had ends with its cookie: nobody could use it any more but who has stolen it. So do the one
 * behind a refresh cookie that is left of a sign-in before, and each of several cookies of one name: of two live sessions
 * neither would count.
 */
export function createBeginSession(dependencies: {
  cookies: Cookies
  sessionsShown: SessionsShown
  endSession: EndSession
}): BeginSession {
  const { cookies, sessionsShown, endSession } = dependencies
  return async (request, reply, { started, device }) => {
    for (const sessionId of await sessionsShown(request)) {
      if (sessionId !== started.session.id) await endSession(sessionId, 'signed_in_again')
    }
    cookies.clearInteraction(reply)
    cookies.setSession(reply, started.secret, keptUntil(started.session))
    if (cookies.refresh(request) !== undefined) cookies.clearRefresh(reply)
    if (device !== undefined) cookies.setDevice(reply, device.secret, device.expires)
  }
}
