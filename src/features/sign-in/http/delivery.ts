import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Static } from '../../../json-schema.ts'
import { firstPartyClientId } from '../../../core/principal.ts'
import type { Session } from '../../../core/records/session.ts'
import type { User } from '../../../core/records/user.ts'
import type { Cookies } from '../../../http/cookies.ts'
import type { IssuedTokens, TokenIssuer } from '../../tokens/index.ts'
import type { SignedIn as Outcome } from '../advance.ts'
import type { SignedIn } from '../schema.ts'
import type { BeginSession } from './begin-session.ts'

type Answer = Static<typeof SignedIn>

export interface Delivery {
  /** The cookies and tokens of a sign-in that is complete, as its person wanted the refresh token. */
  ofSignIn(request: FastifyRequest, reply: FastifyReply, signedIn: Outcome): Promise<Answer>
  /** Tokens of a session that goes on; the refresh token in the body, or in its cookie. */
  ofTokens(reply: FastifyReply, tokens: IssuedTokens, of: { user: User; session: Session }, inBody: boolean): Answer
}

/** Gives programs, by the API, what a sign-in has opened. */
export function createDelivery(dependencies: {
  cookies: Cookies
  beginFamily: TokenIssuer['beginFamily']
  beginSession: BeginSession
  /** When a refresh token goes idle that is issued now. */
  refreshExpiry(session: Session): Date
}): Delivery {
  const { cookies, beginFamily, beginSession, refreshExpiry } = dependencies

  const ofTokens: Delivery['ofTokens'] = (reply, tokens, { user, session }, inBody) => {
    if (!inBody && tokens.refreshToken) {
      cookies.setRefresh(reply, tokens.refreshToken, session.remembered ? refreshExpiry(session) : undefined)
    }
    reply.header('cache-control', 'no-store')
    return {
      access_token: tokens.accessToken,
      token_type: 'Bearer',
      expires_in: tokens.expiresInSeconds,
      ...(inBody && tokens.refreshToken ? { refresh_token: tokens.refreshToken } : {}),
      user: { id: user.id, email: user.email, username: user.username, name: user.name, roles: user.roles },
    }
  }

  return {
    async ofSignIn(request, reply, signedIn) {
      const { started, wishes } = signedIn
      const { session, user } = started
      const tokens = await beginFamily({ user, session, clientId: firstPartyClientId, scopes: [] })
      await beginSession(request, reply, signedIn)
      return ofTokens(reply, tokens, started, wishes.tokensInBody)
    },
    ofTokens,
  }
}
