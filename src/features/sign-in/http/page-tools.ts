import type { FastifyReply, FastifyRequest } from 'fastify'
import type { UserPrincipal } from '../../../core/principal.ts'
import type { Cookies } from '../../../http/cookies.ts'
import type { CsrfTokens } from '../../../http/csrf.ts'
import { goTo, type Sent } from '../../../http/page-requests.ts'
import type { Pages } from '../../../http/pages.ts'
import type { RateLimits } from '../../../http/rate-limits.ts'
import type { Credentials } from '../../credentials/index.ts'
import type { Applications } from '../../forward-auth/index.ts'
import type { EndSession } from '../../sessions/index.ts'
import type { BeginSession } from './begin-session.ts'
import type { LogIn } from '../log-in.ts'
import type { Notices } from './notices.ts'
import type { ReturnTo } from '../return-to.ts'
import type { SessionsShown } from './sessions-shown.ts'
import type { StepUp } from '../step-up.ts'
import type { SignInTexts } from '../texts.ts'

/** What the pages for signing in and out ask for. */
export interface PageOptions {
  logIn: LogIn
  beginSession: BeginSession
  stepUp: StepUp
  sessionCookie: Credentials['sessionCookie']
  sessionsShown: SessionsShown
  endSession: EndSession
  returnTo: ReturnTo
  applications: Applications
  /** Whether anybody may make an account. */
  isOpen: boolean
  /** What the path of each page begins with. */
  basePath: string
  notices: Notices
  pages: Pages<SignInTexts>
  cookies: Cookies
  csrf: CsrfTokens
  limits: RateLimits
}

/** What these pages share. */
export interface PageTools {
  /** Who is signed in by the session cookie; nobody when it is a client's. */
  userOf(request: FastifyRequest): Promise<UserPrincipal | undefined>
  /** What their addresses hold. */
  address(sent: Sent): Sent
}

export function createPageTools({ cookies, sessionCookie, returnTo }: PageOptions): PageTools {
  return {
    async userOf(request) {
      const shown = cookies.session(request)
      const proven = shown === undefined ? undefined : await sessionCookie(shown)
      return proven?.principal.kind === 'user' ? proven.principal : undefined
    },
    address: ({ return_to, acr_values, unsent }) => ({
      return_to: return_to && returnTo(return_to),
      acr_values,
      unsent,
    }),
  }
}

/** A sign-in proves as much as a step-up does, so it leads to the same place. */
export function toSignIn(reply: FastifyReply, basePath: string, target: string): FastifyReply {
  return goTo(reply, `${basePath}/login?return_to=${encodeURIComponent(target)}`)
}
