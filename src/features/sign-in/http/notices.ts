import type { FastifyRequest } from 'fastify'
import { cookieReaches } from '../../../core/cookie-reach.ts'
import type { Cookies } from '../../../http/cookies.ts'

/** What the page for signing in says about the way on which somebody came, in whole sentences; mostly nothing. */
export interface Notices {
  /** Of several cookies under one name. */
  ofCookies(request: FastifyRequest): string[]
  /** Of a host that nobody is led back to, for the scheme that its proxy has told. */
  ofWayBack(request: FastifyRequest): string[]
  /** Of where somebody goes back to who is signed in: a host that never learns of it would send them here again. */
  ofReach(target: string): string[]
}

export function createNotices(dependencies: {
  cookies: Pick<Cookies, 'ambiguous' | 'site'>
  leftBehind(wanted: string | undefined): string | undefined
  issuer: string
  cookieDomain: string | undefined
}): Notices {
  const { cookies, leftBehind, issuer, cookieDomain } = dependencies
  const isSecure = issuer.startsWith('https:')
  return {
    ofCookies(request) {
      const names = cookies.ambiguous(request)
      return names.length === 0 ? [] : [severalCookies(names, cookies.site)]
    },
    ofWayBack({ query }) {
      const { return_to: wanted } = query as { return_to?: string }
      const host = leftBehind(wanted)
      return host === undefined ? [] : [wrongScheme(host, isSecure)]
    },
    ofReach(target) {
      if (target.startsWith('/')) return []
      const { host } = new URL(target)
      return cookieReaches(host, dependencies)
        ? []
        : [outOfReach(host, cookieDomain === undefined ? cookies.site : `${cookieDomain} and the hosts below it`)]
    },
  }
}

function severalCookies(names: readonly string[], site: string): string {
  return (
    `Your browser holds several different cookies of the name ${names.join(' and of the name ')}. Another installation, an ` +
    'earlier setting or a neighbouring site has left them, and your browser does not say which one is yours. Sign in as ' +
    'usual: this service will go by the new cookie. If you are led here again right after that, delete the cookies of ' +
    `${site} in the settings of your browser, and sign in once more.`
  )
}

function wrongScheme(host: string, isSecure: boolean): string {
  const [own, other] = isSecure ? ['https', 'http'] : ['http', 'https']
  return (
    `You will not be led back to ${host}: its address was told with ${other}, and this sign-in is on ${own}. When you are ` +
    `signed in, open the page that you wanted once more. If you run this service: make the proxy of ${host} tell the ` +
    `scheme that browsers use (X-Forwarded-Proto: ${own}). The command "gatehouse doctor" shows what it tells.`
  )
}

function outOfReach(host: string, reach: string): string {
  return (
    `Your sign-in does not reach ${host}, which may send you here again: browsers show it to ${reach} alone. If you run this ` +
    `service: set GATEHOUSE_COOKIE_DOMAIN to a domain that ${host} and this page are both in.`
  )
}
