import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { GatehouseError } from '../../core/errors.ts'
import type { UserPrincipal } from '../../core/principal.ts'
import type { Html } from '../../pages/html.ts'
import type { SignInPageOptions } from './page-routes.ts'

/** What the pages for people share. */
export interface PageTools {
  /** Who is signed in by the session cookie; nobody when it is a client's. */
  userOf(request: FastifyRequest): Promise<UserPrincipal | undefined>
  /** Throws unless the form was shown by this service to this browser. */
  checkForm(request: FastifyRequest, token: string | undefined): void
}

export const publicPage = { access: 'public' } as const
export const hidden = { hide: true } as const
export const tooManyFailures = 'Too many failed tries. Wait a few minutes and try again.'

/** The schema of a form's body. What is left out is empty. */
export const Form = <T extends Record<string, ReturnType<typeof Type.String>>>(fields: T) =>
  Type.Partial(Type.Object({ csrf_token: Type.String(), return_to: Type.String(), ...fields }))

export function createPageTools(options: SignInPageOptions): PageTools {
  const { cookies, csrf } = options
  return {
    async userOf(request) {
      const secret = cookies.session(request)
      const proven = secret === undefined ? undefined : await options.sessionCookie(secret)
      return proven?.principal.kind === 'user' ? proven.principal : undefined
    },
    checkForm(request, token) {
      if (!csrf.matches(request, token)) throw new GatehouseError('cross_site_request')
      options.checkCrossSite(request, true)
    },
  }
}

/** A sign-in proves as much as a step-up does, so it leads to the same place. */
export function toSignIn(reply: FastifyReply, target: string): FastifyReply {
  return reply.header('cache-control', 'no-store').redirect(`/login?return_to=${encodeURIComponent(target)}`, 303)
}

export function show(reply: FastifyReply, page: Html): FastifyReply {
  return reply.header('cache-control', 'no-store').type('text/html; charset=utf-8').send(String(page))
}
