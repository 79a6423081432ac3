import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Principal, UserPrincipal } from '../core/principal.ts'
import type { Shown } from '../core/secrets.ts'
import type { Cookies } from './cookies.ts'
import { goTo } from './page-requests.ts'

/** Who looks at a page, and the way of those who have to sign in first. */
export interface PageUsers {
  /** Who is signed in by the session cookie; nobody when it is a client's. Rejects when a store is down. */
  userOf(request: FastifyRequest): Promise<UserPrincipal | undefined>
  /**
   * To the page for signing in, and from there to `target`: a path of the service, or an address that it leads back to. Also for
   * those who have to step up and whose session has ended: a sign-in proves as much as a step-up does.
   */
  toSignIn(reply: FastifyReply, target: string): FastifyReply
}

export function createPageUsers(dependencies: {
  cookies: Pick<Cookies, 'session'>
  sessionCookie(shown: Shown): Promise<{ principal: Principal } | undefined> | { principal: Principal } | undefined
  /** What the path of each page begins with. */
  basePath: string
}): PageUsers {
  const { cookies, sessionCookie, basePath } = dependencies
  return {
    async userOf(request) {
      const shown = cookies.session(request)
      const proven = shown === undefined ? undefined : await sessionCookie(shown)
      return proven?.principal.kind === 'user' ? proven.principal : undefined
    },
    toSignIn: (reply, target) => goTo(reply, `${basePath}/login?return_to=${encodeURIComponent(target)}`),
  }
}
