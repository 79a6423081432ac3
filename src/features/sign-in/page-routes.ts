import type {} from '@fastify/swagger'
import { errorTable } from '../../core/errors.ts'
import type { Principal } from '../../core/principal.ts'
import type { Shown } from '../../core/secrets.ts'
import type { Cookies } from '../../http/cookies.ts'
import type { CsrfTokens } from '../../http/csrf.ts'
import { logFault, sendProblem, setErrorHeaders, toGatehouseError } from '../../http/errors.ts'
import type { RateLimits } from '../../http/rate-limits.ts'
import { acceptForms, type App } from '../../http/server.ts'
import { problemPage } from '../../pages/problem.ts'
import type { BeginSession } from './begin-session.ts'
import type { LogIn } from './log-in.ts'
import type { Notices } from './notices.ts'
import { isScript, sentWith, show } from './page-tools.ts'
import type { ReturnTo } from './return-to.ts'
import type { Started } from './routes.ts'
import type { SessionsShown } from './sessions-shown.ts'
import { signInPages } from './sign-in-pages.ts'
import { signOutPages } from './sign-out-pages.ts'
import type { StepUp } from './step-up.ts'
import { stepUpPages } from './step-up-pages.ts'
import { verifyEmailPages } from './verify-email-pages.ts'

export interface SignInPageOptions {
  logIn: LogIn<Started>
  beginSession: BeginSession
  stepUp: StepUp
  sessionCookie(shown: Shown): Promise<{ principal: Principal } | undefined> | { principal: Principal } | undefined
  sessionsShown: SessionsShown
  endSession(sessionId: string, reason: string): Promise<unknown>
  emailVerification: {
    find(token: string): Promise<{ email: string } | undefined>
    /** Throws `password_rejected`. */
    confirm(token: string, password: string): Promise<'confirmed' | 'password_required' | 'invalid_token'>
  }
  returnTo: ReturnTo
  /** What the path of each page begins with. */
  basePath: string
  notices: Notices
  cookies: Cookies
  csrf: CsrfTokens
  limits: RateLimits
}

/** The pages for people. They work without scripts, and are not part of the API document. */
export async function signInPageRoutes(app: App, options: SignInPageOptions): Promise<void> {
  acceptForms(app)
  app.setErrorHandler((thrown, request, reply) => {
    const error = toGatehouseError(thrown)
    logFault(request, error)
    if (isScript(request)) return sendProblem(request, reply, error)
    setErrorHeaders(reply, error)
    const { title } = errorTable[error.code]
    const { return_to, acr_values, token } = sentWith(request)
    const fields = { return_to: return_to && options.returnTo(return_to), acr_values, token }
    return show(reply.code(error.status), problemPage({ title, requestId: request.id, fields }))
  })
  for (const pages of [signInPages, signOutPages, stepUpPages, verifyEmailPages]) await app.register(pages, options)
}
