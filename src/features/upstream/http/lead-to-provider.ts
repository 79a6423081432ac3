import type { FastifyReply, FastifyRequest } from 'fastify'
import { randomSecret } from '../../../core/secrets.ts'
import type { Cookies } from '../../../http/cookies.ts'
import { goTo } from '../../../http/page-requests.ts'
import type { ProviderProblem } from '../provider-views.ts'
import type { Known, Trips, TripWanted } from '../trips.ts'

/** Leads a browser to a provider, or to a page that says why that does not work. */
export type LeadToProvider = (
  request: FastifyRequest,
  reply: FastifyReply,
  wanted: TripWanted & { provider: string },
) => Promise<FastifyReply>

/** To the page that says why nobody is signed in. `returnTo`: where they wanted to go. */
export type LeadToProblem = (
  reply: FastifyReply,
  problem: ProviderProblem,
  about: { provider: string; returnTo?: string | null | undefined },
) => FastifyReply

/** Addresses of pages begin with the base path: what leads back from a provider lies deeper than they do. */
export function createLeadToProblem(basePath: string): LeadToProblem {
  return (reply, problem, { provider, returnTo }) => {
    const told = new URLSearchParams({ problem, provider, ...(returnTo && { return_to: returnTo }) })
    return goTo(reply, `${basePath}/provider-problem?${told.toString()}`)
  }
}

/** All ways of one browser to providers share a secret, so that several tabs do not undo one another. */
export function createLeadToProvider(dependencies: {
  trips: Pick<Trips, 'begin'>
  knownOf(name: string): Known | undefined
  cookies: Pick<Cookies, 'provider' | 'setProvider'>
  toProblem: LeadToProblem
}): LeadToProvider {
  const { trips, knownOf, cookies, toProblem } = dependencies
  return async (request, reply, { provider, ...wanted }) => {
    const { returnTo } = wanted.wishes
    const known = knownOf(provider)
    if (known === undefined) return toProblem(reply, 'unknown_trip', { provider, returnTo })
    const shown = cookies.provider(request)
    const browser = shown ?? randomSecret()
    const begun = await trips.begin(known, browser, wanted)
    if (begun.kind === 'failed') return toProblem(reply, begun.reason, { provider, returnTo })
    if (shown === undefined) cookies.setProvider(reply, browser)
    return goTo(reply, begun.url)
  }
}
