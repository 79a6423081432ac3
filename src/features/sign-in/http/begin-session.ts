import type { FastifyReply, FastifyRequest } from 'fastify'
import { firstPartyClientId } from '../../../core/principal.ts'
import { keptUntil, type Session } from '../../../core/records/session.ts'
import type { Cookies } from '../../../http/cookies.ts'
import type { EndSession } from '../../sessions/index.ts'
import type { IssuedTokens, TokenIssuer } from '../../tokens/index.ts'
import type { SignedIn } from '../advance.ts'
import type { SessionsShown } from './sessions-shown.ts'

/**
 * Gives a browser the cookies of a sign-in, in place of those of whoever signed in there before, and resolves to the first
 * tokens of its session. Whoever takes the refresh token from the answer gets no cookie of it. Rejects, with nothing given,
 * when a store is down.
 */
export type BeginSession = (request: FastifyRequest, reply: FastifyReply, begun: Begun) => Promise<IssuedTokens>

type Begun = Pick<SignedIn, 'started' | 'device'> & { wishes: Pick<SignedIn['wishes'], 'tokensInBody'> }

/** A session that took the place of another one in this browser, at a higher level. */
export const inPlaceOf = (started: SignedIn['started']): Begun => ({
  started,
  device: undefined,
  wishes: { tokensInBody: false },
})

/** Puts a refresh token into the cookie that it is kept in. */
export type SetRefreshCookie = (reply: FastifyReply, refreshToken: string, session: Session) => void

/** The cookie goes with the token, or with the browser where the person does not want to stay signed in. */
export function createSetRefreshCookie(dependencies: {
  cookies: Pick<Cookies, 'setRefresh'>
  /** When a refresh token goes idle that is issued now. */
  refreshExpiry(session: Session): Date
}): SetRefreshCookie {
  const { cookies, refreshExpiry } = dependencies
  return (reply, refreshToken, session) =>
    cookies.setRefresh(reply, refreshToken, session.remembered ? refreshExpiry(session) : undefined)
}

/**
 * Every way of signing in ends here, by page and by API, so that each sets the same cookies and begins one refresh family.
 *
 * The session that the browser had ends with its cookie: nobody could use it any more but who has stolen it. So do the one
 * behind a refresh cookie that is left of a sign-in before, and each of several cookies of one name: of two live sessions
 * neither would count.
 */
export function createBeginSession(dependencies: {
  cookies: Cookies
  sessionsShown: SessionsShown
  endSession: EndSession
  beginFamily: TokenIssuer['beginFamily']
  setRefreshCookie: SetRefreshCookie
}): BeginSession {
  const { cookies, sessionsShown, endSession, beginFamily, setRefreshCookie } = dependencies
  return async (request, reply, { started, device, wishes }) => {
    const { session, user, secret } = started
    const tokens = await beginFamily({ user, session, clientId: firstPartyClientId, scopes: [] })
    for (const sessionId of await sessionsShown(request)) {
      if (sessionId !== session.id) await endSession(sessionId, 'signed_in_again')
    }
    cookies.clearInteraction(reply)
    cookies.setSession(reply, secret, keptUntil(session))
    // First: below a path the refresh cookie is bound to it.
    if (device !== undefined) cookies.setDevice(reply, device.secret, device.expires)
    if (!wishes.tokensInBody && tokens.refreshToken) setRefreshCookie(reply, tokens.refreshToken, session)
    else if (cookies.refresh(request) !== undefined) cookies.clearRefresh(reply)
    return tokens
  }
}
