import type {} from '@fastify/swagger'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { errorTable, GatehouseError } from '../../core/errors.ts'
import type { Principal } from '../../core/principal.ts'
import type { Cookies } from '../../http/cookies.ts'
import type { CheckCrossSite } from '../../http/cross-site.ts'
import type { CsrfTokens } from '../../http/csrf.ts'
import { logFault, setErrorHeaders, toGatehouseError } from '../../http/errors.ts'
import type { RateLimits } from '../../http/rate-limits.ts'
import { acceptForms, type App } from '../../http/server.ts'
import { signedInPage, signedOutPage, signOutPage, strongerSignInPage } from '../../pages/account.ts'
import type { Html } from '../../pages/html.ts'
import { problemPage } from '../../pages/problem.ts'
import { signInPage } from '../../pages/sign-in.ts'
import { stepUpPage } from '../../pages/step-up.ts'
import { emailNotVerifiedPage, emailVerifiedPage, verifyEmailPage } from '../../pages/verify-email.ts'
import type { BeginSession } from './begin-session.ts'
import type { LogIn } from './log-in.ts'
import type { ReturnTo } from './return-to.ts'
import { deviceOf, type Started } from './routes.ts'
import type { StepUp } from './step-up.ts'

export interface SignInPageOptions {
  logIn: LogIn<Started>
  beginSession: BeginSession
  stepUp: StepUp
  sessionCookie(secret: string): Promise<{ principal: Principal } | undefined> | { principal: Principal } | undefined
  sessionOfRefreshToken(token: string): Promise<string | undefined>
  endSession(sessionId: string, reason: string): Promise<unknown>
  emailVerification: {
    find(token: string): Promise<{ email: string } | undefined>
    /** Throws `password_rejected`. */
    confirm(token: string, password: string): Promise<'confirmed' | 'password_required' | 'invalid_token'>
  }
  returnTo: ReturnTo
  cookies: Cookies
  csrf: CsrfTokens
  checkCrossSite: CheckCrossSite
  limits: RateLimits
}

const tooManyFailures = 'Too many failed tries. Wait a few minutes and try again.'

const Form = <T extends Record<string, ReturnType<typeof Type.String>>>(fields: T) =>
  Type.Partial(Type.Object({ csrf_token: Type.String(), return_to: Type.String(), ...fields }))

/** The pages for people. They work without scripts, and are not part of the API document. */
export async function signInPageRoutes(app: App, options: SignInPageOptions): Promise<void> {
  const { logIn, returnTo, cookies, csrf, limits } = options
  const page = { access: 'public' } as const
  const takingAway = { ...page, rateLimit: limits.takingAway }
  const hidden = { hide: true } as const

  acceptForms(app)
  app.setErrorHandler((thrown, request, reply) => {
    const error = toGatehouseError(thrown)
    logFault(request, error)
    setErrorHeaders(reply, error)
    return show(reply.code(error.status), problemPage(errorTable[error.code].title, request.id))
  })

  async function userOf(request: FastifyRequest) {
    const secret = cookies.session(request)
    const proven = secret === undefined ? undefined : await options.sessionCookie(secret)
    return proven?.principal.kind === 'user' ? proven.principal : undefined
  }
  /** Throws unless the form was shown by this service to this browser. */
  function checkForm(request: FastifyRequest, token: string | undefined): void {
    if (!csrf.matches(request, token)) throw new GatehouseError('cross_site_request')
    options.checkCrossSite(request, true)
  }

  const afterSignOut = (wanted: string | undefined) => {
    const target = returnTo(wanted)
    // The root would lead there too.
    return target === '/' ? '/login' : target
  }

  // Where the form to sign out is.
  app.get('/', { config: takingAway, schema: hidden }, async (request, reply) => {
    const user = await userOf(request)
    if (user === undefined) return reply.redirect('/login', 303)
    return show(reply, signedInPage({ ...user, csrfToken: csrf.tokenFor(request, reply) }))
  })

  app.get(
    '/login',
    {
      config: page,
      schema: {
        ...hidden,
        querystring: Type.Partial(Type.Object({ return_to: Type.String(), acr_values: Type.String() })),
      },
    },
    async (request, reply) => {
      const target = returnTo(request.query.return_to)
      const csrfToken = csrf.tokenFor(request, reply)
      const user = await userOf(request)
      if (user !== undefined && request.query.acr_values === 'aal2' && user.level !== 'aal2') {
        return show(reply, strongerSignInPage({ ...user, csrfToken }))
      }
      // No automatic way back: a browser that keeps the cookie from the application would go in circles.
      if (user !== undefined) return show(reply, signedInPage({ ...user, csrfToken, returnTo: target }))
      return show(reply, signInPage({ csrfToken, returnTo: target }))
    },
  )

  app.post(
    '/login',
    {
      config: { ...page, rateLimit: limits.secretTests },
      schema: { ...hidden, body: Form({ email: Type.String(), password: Type.String() }) },
    },
    async (request, reply) => {
      const { csrf_token, return_to, email = '', password = '' } = request.body
      checkForm(request, csrf_token)
      const target = returnTo(return_to)
      const outcome = await logIn(
        { email: email.slice(0, 254), password: password.slice(0, 512) },
        deviceOf(request, cookies),
      )
      if (outcome.kind === 'signed_in') {
        await options.beginSession(request, reply, outcome)
        // One may be left of whoever signed in before, by the API.
        cookies.clearRefresh(reply)
        return reply.header('cache-control', 'no-store').redirect(target, 303)
      }
      const fault = {
        invalid_credentials: 'The email address or the password is wrong.',
        too_many_failures: tooManyFailures,
      }[outcome.kind]
      if (outcome.kind === 'too_many_failures') reply.header('retry-after', outcome.retryAfterSeconds)
      reply.code(outcome.kind === 'too_many_failures' ? 429 : 422)
      return show(reply, signInPage({ csrfToken: csrf.tokenFor(request, reply), returnTo: target, email, fault }))
    },
  )

  async function sessionOfRefresh(request: FastifyRequest): Promise<string | undefined> {
    const token = cookies.refresh(request)
    return token === undefined ? undefined : options.sessionOfRefreshToken(token)
  }

  /** Where an application sends people who want to leave. It asks: a link on any page must not sign anybody out. */
  app.get(
    '/logout',
    {
      config: takingAway,
      schema: { ...hidden, querystring: Type.Object({ return_to: Type.Optional(Type.String()) }) },
    },
    async (request, reply) => {
      const back = afterSignOut(request.query.return_to)
      const user = await userOf(request)
      if (user === undefined && (await sessionOfRefresh(request)) === undefined) return show(reply, signedOutPage(back))
      return show(reply, signOutPage({ ...user, csrfToken: csrf.tokenFor(request, reply), returnTo: back }))
    },
  )

  app.get(
    '/step-up',
    { config: page, schema: { ...hidden, querystring: Type.Object({ return_to: Type.Optional(Type.String()) }) } },
    async (request, reply) => {
      const target = returnTo(request.query.return_to)
      const user = await userOf(request)
      if (user === undefined) return toSignIn(reply, target)
      return show(reply, stepUpPage({ ...user, csrfToken: csrf.tokenFor(request, reply), returnTo: target }))
    },
  )

  app.post(
    '/step-up',
    {
      config: { ...page, rateLimit: limits.secretTests },
      schema: { ...hidden, body: Form({ password: Type.String() }) },
    },
    async (request, reply) => {
      const { csrf_token, return_to, password = '' } = request.body
      checkForm(request, csrf_token)
      const target = returnTo(return_to)
      const user = await userOf(request)
      const outcome =
        user && (await options.stepUp(user, { password: password.slice(0, 512) }, cookies.device(request)))
      if (user === undefined || outcome === undefined || outcome.kind === 'session_ended') {
        return toSignIn(reply, target)
      }
      if (outcome.kind === 'proven') {
        cookies.setSession(reply, outcome.secret, outcome.session.expiresAt)
        return reply.header('cache-control', 'no-store').redirect(target, 303)
      }
      const limited = outcome.kind === 'too_many_failures'
      if (limited) reply.header('retry-after', outcome.retryAfterSeconds)
      const fault = limited ? tooManyFailures : 'The password is wrong.'
      const csrfToken = csrf.tokenFor(request, reply)
      return show(reply.code(limited ? 429 : 422), stepUpPage({ ...user, csrfToken, returnTo: target, fault }))
    },
  )

  app.post('/logout', { config: takingAway, schema: { ...hidden, body: Form({}) } }, async (request, reply) => {
    checkForm(request, request.body.csrf_token)
    // Each cookie may have a session of its own, as after a sign-in by the API.
    const sessions = new Set([(await userOf(request))?.sessionId, await sessionOfRefresh(request)])
    for (const id of sessions) if (id !== undefined) await options.endSession(id, 'logged_out')
    cookies.clearSignIn(reply)
    return reply.redirect(afterSignOut(request.body.return_to), 303)
  })

  app.get(
    '/verify-email',
    { config: page, schema: { ...hidden, querystring: Type.Object({ token: Type.Optional(Type.String()) }) } },
    async (request, reply) => {
      const { token = '' } = request.query
      const registered = await options.emailVerification.find(token)
      if (registered === undefined) return show(reply.code(400), emailNotVerifiedPage())
      return show(reply, verifyEmailPage({ token, csrfToken: csrf.tokenFor(request, reply), email: registered.email }))
    },
  )

  app.post(
    '/verify-email',
    {
      config: { ...page, rateLimit: limits.secretTests },
      schema: { ...hidden, body: Form({ token: Type.String(), password: Type.String() }) },
    },
    async (request, reply) => {
      const { csrf_token, token = '', password } = request.body
      checkForm(request, csrf_token)
      const registered = await options.emailVerification.find(token)
      if (registered === undefined) return show(reply.code(400), emailNotVerifiedPage())
      const askAgain = (fault: string) => {
        const csrfToken = csrf.tokenFor(request, reply)
        return show(reply.code(422), verifyEmailPage({ token, csrfToken, email: registered.email, fault }))
      }
      if (password === undefined) return askAgain('Type a password.')
      try {
        const outcome = await options.emailVerification.confirm(token, password)
        return outcome === 'confirmed'
          ? show(reply, emailVerifiedPage())
          : show(reply.code(400), emailNotVerifiedPage())
      } catch (error) {
        if (!(error instanceof GatehouseError) || error.code !== 'password_rejected') throw error
        return askAgain(`The password ${error.fields?.[0]?.message ?? 'cannot be used'}.`)
      }
    },
  )
}

/** A sign-in proves as much as a step-up does, so it leads to the same place. */
function toSignIn(reply: FastifyReply, target: string): FastifyReply {
  return reply.header('cache-control', 'no-store').redirect(`/login?return_to=${encodeURIComponent(target)}`, 303)
}

function show(reply: FastifyReply, page: Html): FastifyReply {
  return reply.header('cache-control', 'no-store').type('text/html; charset=utf-8').send(String(page))
}
