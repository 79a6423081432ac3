import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from '../../../json-schema.ts'
import { GatehouseError } from '../../../core/errors.ts'
import type { UserPrincipal } from '../../../core/principal.ts'
import type { Cookies } from '../../../http/cookies.ts'
import type { CsrfTokens, FormState } from '../../../http/csrf.ts'
import type { RateLimits } from '../../../http/rate-limits.ts'
import { qualityOf } from '../../../core/accept.ts'
import type { Html } from '../../../pages/html.ts'
import type { EmailVerification } from '../../accounts/index.ts'
import type { Credentials } from '../../credentials/index.ts'
import type { EndSession } from '../../sessions/index.ts'
import type { BeginSession } from './begin-session.ts'
import type { LogIn } from '../log-in.ts'
import type { Notices } from './notices.ts'
import type { ReturnTo } from '../return-to.ts'
import type { SessionsShown } from './sessions-shown.ts'
import type { StepUp } from '../step-up.ts'

/** What the pages for people ask for. */
export interface PageOptions {
  logIn: LogIn
  beginSession: BeginSession
  stepUp: StepUp
  sessionCookie: Credentials['sessionCookie']
  sessionsShown: SessionsShown
  endSession: EndSession
  emailVerification: EmailVerification
  returnTo: ReturnTo
  /** What the path of each page begins with. */
  basePath: string
  notices: Notices
  cookies: Cookies
  csrf: CsrfTokens
  limits: RateLimits
}

/** Why a form is shown once more, and what the person is told. */
interface AskAgain {
  state: Exclude<FormState, 'proven'>
  notice: string
}

/** What the pages for people share. */
export interface PageTools {
  /** Who is signed in by the session cookie; nobody when it is a client's. */
  userOf(request: FastifyRequest): Promise<UserPrincipal | undefined>
  /**
   * Nothing when the form may do what it is for. Otherwise it is to be shown again, and the person told why; the status is set. Throws
   * what a script is told in place of it, and whenever the form comes from another site.
   */
  mustAskAgain(request: FastifyRequest, reply: FastifyReply, token: string | undefined): AskAgain | undefined
}

export const publicPage = { access: 'public' } as const
export const hidden = { hide: true } as const
export const tooManyFailures = 'Too many failed tries. Wait a few minutes and try again.'

/** The schema of a form's body. What is left out is empty. */
export const Form = <T extends Record<string, ReturnType<typeof Type.String>>>(fields: T) =>
  Type.Partial(Type.Object({ csrf_token: Type.String(), return_to: Type.String(), ...fields }))

export function createPageTools(options: PageOptions): PageTools {
  const { cookies, csrf } = options
  return {
    async userOf(request) {
      const shown = cookies.session(request)
      const proven = shown === undefined ? undefined : await options.sessionCookie(shown)
      return proven?.principal.kind === 'user' ? proven.principal : undefined
    },
    mustAskAgain(request, reply, token) {
      const state = csrf.check(request, token)
      if (state === 'proven') return undefined
      const error = new GatehouseError(state === 'outdated' ? 'outdated_form' : 'cross_site_request')
      if (isScript(request)) throw error
      reply.code(error.status)
      return { state, notice: notices[state] }
    },
  }
}

const notices: Record<AskAgain['state'], string> = {
  outdated: 'This page had been open for a while. Please send it once more.',
  unproven:
    'Your browser did not say where this was sent from. Please send it once more. ' +
    'If you see this again, allow cookies for this site.',
}

/** Whether an answer is read by a script instead of being looked at. What takes anything may get a page. */
export function isScript({ headers }: FastifyRequest): boolean {
  const mode = headers['sec-fetch-mode']
  if (mode !== undefined) return mode !== 'navigate'
  if (headers['x-requested-with'] !== undefined) return true
  const wanted = (type: string) => qualityOf(headers.accept, type, true)
  return Math.max(wanted('application/json'), wanted('application/problem+json')) > wanted('text/html')
}

/** The texts that an address or a form was sent with, also where nobody has checked them yet. The form's count. */
export function sentWith({ query, body }: FastifyRequest): Record<string, string | undefined> {
  const entries = Object.entries({ ...(query as object), ...(body as object | undefined) })
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'))
}

/** A sign-in proves as much as a step-up does, so it leads to the same place. */
export function toSignIn(reply: FastifyReply, basePath: string, target: string): FastifyReply {
  return goTo(reply, `${basePath}/login?return_to=${encodeURIComponent(target)}`)
}

/** Leads on by GET, whatever was asked; the browser takes the fragment of the address along. */
export function goTo(reply: FastifyReply, target: string): FastifyReply {
  return reply.header('cache-control', 'no-store').redirect(target, 303)
}

export function show(reply: FastifyReply, page: Html): FastifyReply {
  return reply.header('cache-control', 'no-store').type('text/html; charset=utf-8').send(String(page))
}
