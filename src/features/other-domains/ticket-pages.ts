import { searchOf } from '../../core/redirect-uris.ts'
import { secretForm } from '../../core/secrets.ts'
import { hostPaths } from '../../core/host-paths.ts'
import { goTo, hidden, publicPage, sentWith } from '../../http/page-requests.ts'
import type { PageUsers } from '../../http/page-users.ts'
import type { Pages } from '../../http/pages.ts'
import type { Senders } from '../../http/senders.ts'
import type { App } from '../../http/server.ts'
import { Type } from '../../json-schema.ts'
import type { ReadDestination } from './destination.ts'
import type { OtherDomainsTexts } from './texts.ts'
import { ticketEndedPage } from './ticket-views.ts'
import type { Tickets } from './tickets.ts'

/** At the issuer: whoever is signed in there is led back to the host with a ticket, whoever is not signs in first. */
export async function ticketPages(
  app: App,
  options: {
    tickets: Pick<Tickets, 'issue'>
    destinationOf: ReadDestination
    pageUsers: PageUsers
    pages: Pages<OtherDomainsTexts>
    basePath: string
    referrers: Senders
  },
): Promise<void> {
  const { tickets, destinationOf, pageUsers, pages, basePath } = options
  // From there somebody is led on to a host that gets a cookie of its own.
  options.referrers.tell('/ticket', (asked) => ({ leadsTo: asked.get('return_to') ?? '' }))
  const text = Type.Optional(Type.String())

  app.get(
    '/ticket',
    {
      config: publicPage,
      schema: {
        ...hidden,
        querystring: Type.Object({
          ...{ return_to: text, nonce: text, acr_values: text, unsent: text, ui_locales: text },
        }),
      },
    },
    async (request, reply) => {
      const { return_to = '', nonce = '', acr_values, unsent, ui_locales } = request.query
      const destination = destinationOf(return_to)
      if (destination === undefined || !secretForm.test(nonce)) return goTo(reply, 'ticket/ended')
      const user = await pageUsers.userOf(request)
      const isTooWeak = acr_values === 'aal2' && user?.level !== 'aal2'
      if (user?.sessionId === undefined || isTooWeak) {
        const here = searchOf({ return_to, nonce, acr_values })
        // Whoever proves more is led on at once.
        const on = { acr_values, unsent, ui_locales, continue: 'yes' }
        const query = searchOf({ return_to: `${basePath}/ticket?${String(here)}`, ...on })
        return goTo(reply, `${basePath}/login?${String(query)}`)
      }
      const ticket = await tickets.issue(user.sessionId, { ...destination, nonceHash: nonce })
      if (ticket === undefined) return pageUsers.toSignIn(reply, request.originalUrl)
      return goTo(reply, `${destination.origin}${hostPaths.finish}?ticket=${ticket}`)
    },
  )

  app.get(
    '/ticket/ended',
    {
      config: { ...publicPage, address: ({ return_to }) => ({ return_to }) },
      schema: { ...hidden, querystring: Type.Object({ return_to: text }) },
    },
    async (request, reply) => {
      const destination = destinationOf(sentWith(request)['return_to'] ?? '')
      return pages.show(reply.code(400), ticketEndedPage, {
        basePath,
        onwards: destination && `${destination.origin}${destination.returnTo}`,
      })
    },
  )
}
