import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from '../../json-schema.ts'
import { Form, goTo, hidden, publicPage } from '../../http/page-requests.ts'
import type { App } from '../../http/server.ts'
import type { PageOptions } from './http/page-options.ts'
import { signedOutPage, signOutPage } from './sign-out-views.ts'

/** The page that asks whether to sign out, and what its form does. */
export async function signOutPages(app: App, options: PageOptions): Promise<void> {
  const { returnTo, pages, cookies, csrf, limits, sessionsShown, userOf, address } = options
  const takingAway = { ...publicPage, address, rateLimit: limits.takingAway }

  const [root, signedOut] = [`${options.basePath}/`, `${options.basePath}/signed-out`]
  const afterSignOut = (wanted: string | undefined) => {
    const target = returnTo(wanted)
    return target === root ? signedOut : target
  }

  async function ask(request: FastifyRequest, reply: FastifyReply, wanted: string | undefined, notice?: string) {
    const target = returnTo(wanted)
    const person = await userOf(request)
    if (person === undefined && (await sessionsShown(request)).size === 0)
      return pages.show(reply, signedOutPage, { returnTo: target === root ? undefined : target })
    const csrfToken = csrf.tokenFor(request, reply)
    return pages.show(reply, signOutPage, { person, csrfToken, returnTo: target, notice })
  }

  /** Where an application sends people who want to leave. It asks: a link on any page must not sign anybody out. */
  app.get(
    '/logout',
    {
      config: takingAway,
      schema: { ...hidden, querystring: Type.Object({ return_to: Type.Optional(Type.String()) }) },
    },
    async (request, reply) => ask(request, reply, request.query.return_to),
  )

  app.post('/logout', { config: takingAway, schema: { ...hidden, body: Form({}) } }, async (request, reply) => {
    const { csrf_token, return_to } = request.body
    const again = pages.mustAskAgain(request, reply, csrf_token)
    if (again !== undefined) return ask(request, reply, return_to, again.notice)
    const shown = await sessionsShown(request)
    for (const id of shown) await options.endSession(id, 'logged_out')
    cookies.clearSignIn(reply)
    // Afterwards: here they are signed out whatever the provider does.
    return goTo(reply, (await options.upstream.signOut(shown)) ?? afterSignOut(return_to))
  })

  app.get('/signed-out', { config: takingAway, schema: hidden }, async (request, reply) =>
    (await userOf(request)) === undefined
      ? pages.show(reply, signedOutPage, { returnTo: undefined })
      : goTo(reply, root),
  )
}
