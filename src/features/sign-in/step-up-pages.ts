import { Type } from '../../json-schema.ts'
import { GatehouseError } from '../../core/errors.ts'
import { keptUntil } from '../../core/records/session.ts'
import { Form, goTo, hidden, publicPage } from '../../http/page-requests.ts'
import type { App } from '../../http/server.ts'
import type { PageOptions } from './http/page-options.ts'
import { deviceOf } from './routes.ts'
import { stepUpPage } from './step-up-views.ts'

/** The page where somebody who is signed in proves once more who they are. */
export async function stepUpPages(app: App, options: PageOptions): Promise<void> {
  const { returnTo, pages, cookies, csrf, limits, userOf, toSignIn, address } = options

  app.get(
    '/step-up',
    {
      config: { ...publicPage, address },
      schema: { ...hidden, querystring: Type.Object({ return_to: Type.Optional(Type.String()) }) },
    },
    async (request, reply) => {
      const target = returnTo(request.query.return_to)
      const user = await userOf(request)
      if (user === undefined) return toSignIn(reply, target)
      return pages.show(reply, stepUpPage, { ...user, csrfToken: csrf.tokenFor(request, reply), returnTo: target })
    },
  )

  app.post(
    '/step-up',
    {
      config: { ...publicPage, address, rateLimit: limits.secretTests },
      schema: { ...hidden, body: Form({ password: Type.String() }) },
    },
    async (request, reply) => {
      const { csrf_token, return_to, password = '' } = request.body
      const target = returnTo(return_to)
      const again = pages.mustAskAgain(request, reply, csrf_token)
      const user = await userOf(request)
      if (again !== undefined && user === undefined && again.state === 'unproven') {
        throw new GatehouseError('cross_site_request')
      }
      if (again !== undefined && user !== undefined) {
        const { notice } = again
        const csrfToken = csrf.tokenFor(request, reply)
        return pages.show(reply, stepUpPage, { ...user, csrfToken, returnTo: target, notice })
      }
      const outcome =
        user && (await options.stepUp(user, { password: password.slice(0, 512) }, deviceOf(request, cookies)))
      if (user === undefined || outcome === undefined || outcome.kind === 'session_ended') {
        return toSignIn(reply, target)
      }
      if (outcome.kind === 'proven') {
        cookies.setSession(reply, outcome.secret, keptUntil(outcome.session))
        return goTo(reply, target)
      }
      const limited = outcome.kind === 'too_many_failures'
      if (limited) reply.header('retry-after', outcome.retryAfterSeconds)
      const { tooManyFailures, wrongPassword } = pages.textsFor(request).signIn
      const fault = limited ? tooManyFailures : wrongPassword
      const csrfToken = csrf.tokenFor(request, reply)
      return pages.show(reply.code(limited ? 429 : 422), stepUpPage, { ...user, csrfToken, returnTo: target, fault })
    },
  )
}
