import type { Cookies } from '../../../http/cookies.ts'
import { goTo } from '../../../http/page-requests.ts'
import type { PageUsers } from '../../../http/page-users.ts'
import type { Pages } from '../../../http/pages.ts'
import type { EnrollingSignIn, FactorManagement } from '../../factors/index.ts'
import type { ContinueSignIn } from '../continue-sign-in.ts'
import type { Interactions } from '../interactions.ts'
import type { ReturnTo } from '../return-to.ts'
import { deviceOf } from '../routes.ts'
import { type BeginSession, inPlaceOf } from './begin-session.ts'

/** What the pages where somebody sets up a factor need of the sign-in that waits for it. */
export function createEnrollingSignIn(
  dependencies: {
    interactions: Pick<Interactions, 'find' | 'countTry'>
    factors: Pick<FactorManagement, 'of'>
    continueSignIn: Pick<ContinueSignIn, 'afterEnrolment'>
    beginSession: BeginSession
    cookies: Cookies
    returnTo: ReturnTo
    languageOf: Pages['languageOf']
    basePath: string
  } & PageUsers,
): EnrollingSignIn {
  const { interactions, factors, continueSignIn, beginSession, cookies, returnTo, languageOf, basePath } = dependencies
  return {
    async find(request, countTry = false) {
      const by = { holder: 'browser', secret: cookies.interaction(request) } as const
      const underWay = await (countTry ? interactions.countTry(by) : interactions.find(by))
      // Whoever has a factor by now shows it.
      if (underWay === undefined || underWay.user.hasSecondFactor) return undefined
      const { mailboxNeeded } = await factors.of(underWay.user.id)
      return { user: underWay.user, by: underWay.interaction.id, mailboxNeeded }
    },
    async finish(request, reply, methods) {
      const from = { ...deviceOf(request, cookies), language: languageOf(request), holder: 'browser' } as const
      const outcome = await continueSignIn.afterEnrolment(cookies.interaction(request), from, methods)
      if (outcome.kind === 'ended') return undefined
      await beginSession(request, reply, outcome)
      const target = returnTo(outcome.wishes.returnTo ?? undefined)
      return target.startsWith(`${basePath}/enrol`) ? `${basePath}/` : target
    },
    async takeOver(request, reply, raised) {
      await beginSession(request, reply, inPlaceOf(raised))
    },
    async leave(request, reply, back) {
      if ((await dependencies.userOf(request)) !== undefined) return goTo(reply, 'factors')
      return dependencies.toSignIn(reply, `${basePath}/${back}`)
    },
  }
}
