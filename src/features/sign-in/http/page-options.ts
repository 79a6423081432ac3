import type { Clock } from '../../../core/clock.ts'
import type { Cookies } from '../../../http/cookies.ts'
import type { CheckCrossSite } from '../../../http/cross-site.ts'
import type { CsrfTokens } from '../../../http/csrf.ts'
import type { Sent } from '../../../http/page-requests.ts'
import type { PageUsers } from '../../../http/page-users.ts'
import type { Pages } from '../../../http/pages.ts'
import type { RateLimits } from '../../../http/rate-limits.ts'
import type { Ceremonies, FactorManagement } from '../../factors/index.ts'
import type { Applications } from '../../forward-auth/index.ts'
import type { Directories } from '../../directories/index.ts'
import type { EndSession } from '../../sessions/index.ts'
import type { Upstream } from '../../upstream/index.ts'
import type { BeginSession } from './begin-session.ts'
import type { ContinueSignIn } from '../continue-sign-in.ts'
import type { Interactions } from '../interactions.ts'
import type { LogIn } from '../log-in.ts'
import type { LogInByPasskey } from '../log-in-by-passkey.ts'
import type { Notices } from './notices.ts'
import type { GetsTokens, ReturnTo } from '../return-to.ts'
import type { SenderOf } from './sender-of.ts'
import type { SessionsShown } from './sessions-shown.ts'
import type { StepUp } from '../step-up.ts'
import type { SignInTexts } from '../texts.ts'

/** What the pages for signing in and out ask for. */
export interface PageOptions extends PageUsers {
  logIn: LogIn
  /** Nothing where there are no passkeys. */
  logInByPasskey: LogInByPasskey | undefined
  ceremonies: Ceremonies | undefined
  factors: Pick<FactorManagement, 'of'>
  checkCrossSite: CheckCrossSite
  beginSession: BeginSession
  continueSignIn: ContinueSignIn
  interactions: Pick<Interactions, 'find'>
  /** For how many days a browser may be remembered; 0: not at all. */
  rememberDays: number
  clock: Clock
  stepUp: StepUp
  sessionsShown: SessionsShown
  endSession: EndSession
  returnTo: ReturnTo
  getsTokens: GetsTokens
  senderOf: SenderOf
  applications: Applications
  /** Whether anybody may make an account. */
  isOpen: boolean
  /** What the addresses of these pages hold. */
  address(sent: Sent): Sent
  /** What the path of each page begins with. */
  basePath: string
  issuer: string
  notices: Notices
  /** Providers by which people sign in. */
  upstream: Pick<Upstream, 'offered' | 'choosesByAddress' | 'ofAddress' | 'leadTo' | 'provenBy' | 'signOut'>
  /** Whether anybody signs in by a password. */
  takesPasswords: boolean
  keeperOf: Directories['keeperOf']
  pages: Pages<SignInTexts>
  cookies: Cookies
  csrf: CsrfTokens
  limits: RateLimits
}

/** Makes what the addresses of these pages hold, of what was sent. */
export function createAddress(returnTo: ReturnTo): PageOptions['address'] {
  return ({ return_to, acr_values, max_age, unsent }) => ({
    return_to: return_to && returnTo(return_to),
    ...{ acr_values, max_age, unsent },
  })
}
