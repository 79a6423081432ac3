/** Single sign-on to hosts that the session cookie does not reach, since they are of another domain (decision 46). */
import type { Base } from '../../base.ts'
import type { RequestTarget } from '../../core/request-target.ts'
import type { BrowserGuards } from '../../http/browser-guards.ts'
import type { Feature } from '../../http/feature.ts'
import type { PageUsers } from '../../http/page-users.ts'
import type { Pages } from '../../http/pages.ts'
import type { Senders } from '../../http/senders.ts'
import { createDestinations } from './destination.ts'
import { hostRoutes } from './host-routes.ts'
import type { OtherDomainsTexts } from './texts.ts'
import { ticketPages } from './ticket-pages.ts'
import { createTickets } from './tickets.ts'

export function createOtherDomains(
  { stores, clock, audit, issuer, basePath }: Base,
  config: { cookieDomain: string | undefined; sessions: { other_domains: readonly string[] } },
  needs: {
    browser: BrowserGuards
    pages: Pages<OtherDomainsTexts>
    pageUsers: PageUsers
    /** Told where a ticket leads. */
    referrers: Senders
    /** Whether the rules of a host decide about a target. */
    decidesAbout(target: RequestTarget): boolean
  },
): Feature {
  const { pages, pageUsers, decidesAbout, browser, referrers } = needs
  const { cookieDomain, sessions } = config
  const tickets = createTickets({ hostSessions: stores.hostSessions, audit, clock })
  const destinationOf = createDestinations({
    ...{ issuer, cookieDomain, otherDomains: sessions.other_domains, decidesAbout },
  })
  return {
    routes: {
      hosts: (app) => hostRoutes(app, { tickets, destinationOf, cookies: browser.cookies, issuer }),
      pages: (app) => ticketPages(app, { tickets, destinationOf, pageUsers, pages, basePath, referrers }),
    },
  }
}
