import type { FastifyReply, FastifyRequest } from 'fastify'
import { GatehouseError } from '../../core/errors.ts'
import type { BrowserGuards } from '../../http/browser-guards.ts'
import { userOf } from '../../http/guard.ts'
import { Form, goTo, hidden, ownPage } from '../../http/page-requests.ts'
import type { Pages } from '../../http/pages.ts'
import type { App } from '../../http/server.ts'
import { Type } from '../../json-schema.ts'
import type { Messages } from '../../pages/notices.ts'
import type { Consents } from './consents.ts'
import { grantsPage } from './grants-views.ts'
import type { OpenIdTexts } from './texts.ts'

/** Where people see the programs that they have let in, and shut them out. */
export async function grantsPages(
  app: App,
  options: BrowserGuards & { consents: Consents; pages: Pages<OpenIdTexts> },
): Promise<void> {
  const { consents, pages, csrf, limits } = options
  const config = { ...ownPage, rateLimit: limits.takingAway }

  async function show(request: FastifyRequest, reply: FastifyReply, words: Messages & { told?: string | undefined }) {
    const list = await consents.of(userOf(request).subject)
    return pages.show(reply, grantsPage, { csrfToken: csrf.tokenFor(request, reply), list, ...words })
  }

  app.get(
    '/grants',
    { config, schema: { ...hidden, querystring: Type.Partial(Type.Object({ done: Type.String() })) } },
    async (request, reply) => {
      const { done } = pages.textsFor(request).openid.grants
      return show(request, reply, { told: request.query.done === undefined ? undefined : done })
    },
  )

  app.post(
    '/grants',
    { config, schema: { ...hidden, body: Form({ client: Type.String() }) } },
    async (request, reply) => {
      const { csrf_token, client = '' } = request.body
      const again = pages.mustAskAgain(request, reply, csrf_token)
      if (again !== undefined) return show(request, reply, { notice: again.notice })
      try {
        await consents.withdraw(userOf(request).subject, client)
      } catch (error) {
        if (!(error instanceof GatehouseError) || error.code !== 'not_found') throw error
        return show(request, reply.code(404), { fault: pages.textsFor(request).openid.grants.gone })
      }
      return goTo(reply, 'grants?done=shut-out')
    },
  )
}
