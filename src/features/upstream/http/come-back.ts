import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from '../../../core/clock.ts'
import type { UserPrincipal } from '../../../core/principal.ts'
import type { IdentityStore } from '../../../core/records/identity.ts'
import type { UserStore } from '../../../core/records/user.ts'
import type { Cookies } from '../../../http/cookies.ts'
import { goTo } from '../../../http/page-requests.ts'
import type { LinkIdentity } from '../link-identity.ts'
import type { ProviderProblem } from '../provider-views.ts'
import type { Recognise } from '../recognise.ts'
import type { Account } from '../claims.ts'
import type { Known, Refusal, Returned, Trips } from '../trips.ts'
import type { LeadToProblem } from './lead-to-provider.ts'
import type { SignInElsewhere } from './sign-in-elsewhere.ts'

/** Answers a browser that comes back from a provider. It is always led on: what it came by must not stay in its address. */
export type ComeBack = (
  request: FastifyRequest,
  reply: FastifyReply,
  provider: string,
  answer: URLSearchParams,
) => Promise<FastifyReply>

export function createComeBack(dependencies: {
  signIn: SignInElsewhere
  trips: Pick<Trips, 'end'>
  knownOf(name: string): Known | undefined
  recognise: Recognise
  linkIdentity: LinkIdentity
  identities: Pick<IdentityStore, 'find' | 'note'>
  users: Pick<UserStore, 'findById'>
  cookies: Pick<Cookies, 'provider'>
  toProblem: LeadToProblem
  /** Tell the trail of a browser that came back in another session, and of somebody who proved that they are another one. */
  noteOtherSession(provider: string): void
  noteOtherPerson(provider: string, subject: string): void
  clock: Clock
  basePath: string
}): ComeBack {
  const { signIn, trips, knownOf, recognise, linkIdentity, identities, users, cookies, clock, basePath } = dependencies

  return async (request, reply, name, answer) => {
    const toProblem = (problem: ProviderProblem, returnTo?: string | null) =>
      dependencies.toProblem(reply, problem, { provider: name, returnTo })
    const known = knownOf(name)
    const browser = cookies.provider(request)
    if (known === undefined) return toProblem('unknown_trip')
    const returned = await trips.end(known, browser, answer)
    if (returned.kind === 'refused' && returned.unwanted !== undefined) await takeRights(returned.unwanted)
    if (returned.kind !== 'returned') return toProblem(problemOf(returned), returnToOf(returned))
    if (returned.purpose === 'sign_in') return signInBy(returned, browser!)
    const person = await signIn.userOf(request)
    if (person?.sessionId === undefined || person.sessionId !== returned.sessionId) {
      dependencies.noteOtherSession(name)
      return toProblem('other_session', returned.wishes.returnTo)
    }
    return returned.purpose === 'link' ? link(returned, person) : stepUp(returned, person)

    /** Whoever may not sign in by an account has nothing from it either, by whatever else they sign in. */
    async function takeRights({ issuer, subject, label }: Account): Promise<void> {
      const found = await identities.find(issuer, subject)
      if (found === undefined) return
      const at = new Date(clock.now())
      await identities.note(found.identity.id, { label, groups: [], roles: [] }, { at, isUsed: false })
    }

    async function signInBy(proven: Returned, shown: string): Promise<FastifyReply> {
      const recognised = await recognise(proven, shown)
      const { returnTo } = proven.wishes
      if (recognised.kind === 'arrived')
        return goTo(reply, `${basePath}/provider-account?arrival=${recognised.arrivalId}`)
      if (recognised.kind !== 'known') return toProblem(recognised.kind, returnTo)
      const target = await signIn.goOn(request, reply, recognised)
      return target === undefined ? toProblem('account_changed', returnTo) : goTo(reply, target)
    }

    async function link(proven: Returned, { subject }: UserPrincipal): Promise<FastifyReply> {
      const user = await users.findById(subject)
      if (user === undefined) return toProblem('account_changed')
      const outcome = await linkIdentity(user, proven, 'by_person')
      const { issuer, subject: theirs } = proven.account
      const isTheirsAlready = outcome === 'taken' && (await identities.find(issuer, theirs))?.user.id === subject
      if (outcome !== 'linked' && !isTheirsAlready) return toProblem(outcome)
      return goTo(reply, `${basePath}/linked-accounts?done=linked`)
    }

    async function stepUp(proven: Returned, person: UserPrincipal): Promise<FastifyReply> {
      const { issuer, subject } = proven.account
      const found = await identities.find(issuer, subject)
      const { returnTo } = proven.wishes
      if (found === undefined || found.user.id !== person.subject) {
        dependencies.noteOtherPerson(name, person.subject)
        return toProblem('other_person', returnTo)
      }
      const isProven = await signIn.stepUp(request, reply, person, proven.proofs)
      return isProven ? goTo(reply, returnTo ?? `${basePath}/`) : toProblem('account_changed', returnTo)
    }
  }
}

function problemOf(refusal: Refusal): ProviderProblem {
  if (refusal.kind === 'unknown_trip') return 'unknown_trip'
  const { reason } = refusal
  if (refusal.kind === 'failed') return reason as ProviderProblem
  return reason === 'level' || reason === 'age' ? reason : 'not_allowed'
}

function returnToOf(refusal: Refusal): string | null | undefined {
  return refusal.kind === 'unknown_trip' ? undefined : refusal.wishes.returnTo
}
