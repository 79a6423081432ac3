import type { FastifyReply, FastifyRequest } from 'fastify'
import { GatehouseError } from '../../core/errors.ts'
import { firstPartyClientId } from '../../core/principal.ts'
import type { UserStore } from '../../core/records/user.ts'
import type { CsrfTokens } from '../../http/csrf.ts'
import { personWithSession, userOf } from '../../http/guard.ts'
import { Form, goTo, hidden, ownPage } from '../../http/page-requests.ts'
import type { Pages } from '../../http/pages.ts'
import type { App } from '../../http/server.ts'
import { Type } from '../../json-schema.ts'
import type { Messages } from '../../pages/notices.ts'
import type { LeadToProvider } from './http/lead-to-provider.ts'
import { linkedAccountsPage } from './identity-views.ts'
import type { IdentityManagement } from './manage-identities.ts'
import type { UpstreamTexts } from './texts.ts'

/** Where people see, link and unlink the accounts elsewhere by which they sign in. */
export async function identityPages(
  app: App,
  options: {
    management: IdentityManagement
    users: Pick<UserStore, 'findById'>
    /** The providers that there are. */
    offered: readonly { name: string; title: string }[]
    leadTo: LeadToProvider
    pages: Pages<UpstreamTexts>
    csrf: CsrfTokens
    basePath: string
  },
): Promise<void> {
  const { management, users, offered, leadTo, pages, csrf, basePath } = options

  async function show(
    request: FastifyRequest,
    reply: FastifyReply,
    words: Messages & { told?: string | undefined },
  ): Promise<FastifyReply> {
    const linked = await management.of(userOf(request).subject)
    const { titleOf } = management
    const others = offered.filter(({ name }) => linked.every(({ source }) => source !== `provider:${name}`))
    return pages.show(reply, linkedAccountsPage, {
      ...{ csrfToken: csrf.tokenFor(request, reply), linked, titleOf, others },
      ...words,
    })
  }

  app.get(
    '/linked-accounts',
    {
      config: ownPage,
      schema: { ...hidden, querystring: Type.Partial(Type.Object({ done: Type.String(), unsent: Type.String() })) },
    },
    async (request, reply) => {
      const told: Record<string, string> = pages.textsFor(request).upstream.linked.done
      const { done = '' } = request.query
      return show(request, reply, { told: Object.hasOwn(told, done) ? told[done] : undefined })
    },
  )

  app.post(
    '/linked-accounts',
    {
      config: { ...ownPage, fresh: true },
      schema: { ...hidden, body: Form({ link: Type.String(), unlink: Type.String() }) },
    },
    async (request, reply) => {
      const { csrf_token, link, unlink = '' } = request.body
      const again = pages.mustAskAgain(request, reply, csrf_token)
      if (again !== undefined) return show(request, reply, { notice: again.notice })
      const { subject, sessionId } = personWithSession(request)
      if (link !== undefined) {
        const returnTo = `${basePath}/linked-accounts`
        const wishes = { remember: false, returnTo, level: null, clientId: firstPartyClientId, tokensInBody: false }
        return leadTo(request, reply, { provider: link, purpose: 'link', sessionId, wishes })
      }
      const user = await users.findById(subject)
      if (user === undefined) throw new GatehouseError('unauthorized')
      const outcome = await management.unlink(user, unlink, { sessionId })
      const { lastWay, gone } = pages.textsFor(request).upstream.linked
      if (outcome === 'last_way') return show(request, reply.code(409), { fault: lastWay })
      if (outcome === 'not_found') return show(request, reply.code(404), { fault: gone })
      return goTo(reply, 'linked-accounts?done=unlinked')
    },
  )
}
