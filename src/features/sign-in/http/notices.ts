import type { FastifyRequest } from 'fastify'
import { canSignInTo } from '../../../core/cookie-reach.ts'
import type { Cookies } from '../../../http/cookies.ts'
import type { GetsTokens } from '../return-to.ts'
import type { SignInTexts } from '../texts.ts'

type Words = SignInTexts['signIn']

/** What the page for signing in says about the way on which somebody came, in whole sentences; mostly nothing. */
export interface Notices {
  /** Of several cookies under one name, and of a sign-in after which none came back. */
  ofCookies(words: Words, request: FastifyRequest): string[]
  /** Of a host that nobody is led back to, for the scheme that its proxy has told. */
  ofWayBack(words: Words, request: FastifyRequest): string[]
  /** Of where somebody goes back to who is signed in: a host that never learns of it would send them here again. */
  ofReach(words: Words, target: string): string[]
}

/** The value of `continue` in the address of the sign-in page, of a browser that has shown no cookie with its right password. */
export const afterSignIn = 'after-sign-in'

export function createNotices(dependencies: {
  cookies: Pick<Cookies, 'ambiguous' | 'site'>
  leftBehind(wanted: string | undefined): string | undefined
  getsTokens: GetsTokens
  issuer: string
  cookieDomain: string | undefined
  otherDomains: readonly string[]
}): Notices {
  const { cookies, leftBehind, getsTokens, issuer, cookieDomain } = dependencies
  const [own, other] = issuer.startsWith('https:') ? (['https', 'http'] as const) : (['http', 'https'] as const)
  return {
    ofCookies({ severalCookies, cookiesOff }, request) {
      const names = cookies.ambiguous(request)
      const { continue: on } = request.query as { continue?: string }
      if (on === afterSignIn && request.headers.cookie === undefined) return [cookiesOff(cookies.site)]
      return names.length === 0 ? [] : [severalCookies(names, cookies.site)]
    },
    ofWayBack({ wrongScheme }, { query }) {
      const { return_to: wanted } = query as { return_to?: string }
      const host = leftBehind(wanted)
      return host === undefined ? [] : [wrongScheme({ host, own, other })]
    },
    ofReach({ outOfReach, reachOfDomain }, target) {
      if (target.startsWith('/') || getsTokens(target)) return []
      const { host } = new URL(target)
      return canSignInTo(host, dependencies)
        ? []
        : [outOfReach(host, cookieDomain === undefined ? cookies.site : reachOfDomain(cookieDomain))]
    },
  }
}
