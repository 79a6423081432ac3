import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Static } from '../../../json-schema.ts'
import type { Session } from '../../../core/records/session.ts'
import type { User } from '../../../core/records/user.ts'
import type { IssuedTokens } from '../../tokens/index.ts'
import type { SignedIn as Outcome } from '../advance.ts'
import type { SignedIn } from '../schema.ts'
import type { BeginSession, SetRefreshCookie } from './begin-session.ts'

type Answer = Static<typeof SignedIn>

export interface Delivery {
  /** The cookies and tokens of a sign-in that is complete, as its person wanted the refresh token. */
  ofSignIn(request: FastifyRequest, reply: FastifyReply, signedIn: Outcome): Promise<Answer>
  /** Tokens of a session that goes on; the refresh token in the body, or in its cookie. */
  ofTokens(reply: FastifyReply, tokens: IssuedTokens, of: { user: User; session: Session }, inBody: boolean): Answer
}

/** Gives programs, by the API, what a sign-in has opened. */
export function createDelivery(dependencies: {
  beginSession: BeginSession
  setRefreshCookie: SetRefreshCookie
}): Delivery {
  const { beginSession, setRefreshCookie } = dependencies

  function answer(reply: FastifyReply, tokens: IssuedTokens, user: User, inBody: boolean): Answer {
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
      const tokens = await beginSession(request, reply, signedIn)
      return answer(reply, tokens, signedIn.started.user, signedIn.wishes.tokensInBody)
    },
    ofTokens(reply, tokens, { user, session }, inBody) {
      if (!inBody && tokens.refreshToken) setRefreshCookie(reply, tokens.refreshToken, session)
      return answer(reply, tokens, user, inBody)
    },
  }
}
