import { Type } from 'typebox'
import type { App } from '../../http/server.ts'
import { signedInPage, strongerSignInPage } from '../../pages/account.ts'
import { signInPage } from '../../pages/sign-in.ts'
import type { SignInPageOptions } from './page-routes.ts'
import { createPageTools, Form, hidden, publicPage, show, tooManyFailures } from './page-tools.ts'
import { deviceOf } from './routes.ts'

/** The root and the page for signing in. */
export async function signInPages(app: App, options: SignInPageOptions): Promise<void> {
  const { logIn, returnTo, cookies, csrf, limits } = options
  const { userOf, checkForm } = createPageTools(options)

  // Where the form to sign out is.
  app.get('/', { config: { ...publicPage, rateLimit: limits.takingAway }, schema: hidden }, async (request, reply) => {
    const user = await userOf(request)
    if (user === undefined) return reply.redirect('/login', 303)
    return show(reply, signedInPage({ ...user, csrfToken: csrf.tokenFor(request, reply) }))
  })

  app.get(
    '/login',
    {
      config: publicPage,
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
      config: { ...publicPage, rateLimit: limits.secretTests },
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
}
