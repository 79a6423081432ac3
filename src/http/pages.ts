import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type ErrorCode, GatehouseError } from '../core/errors.ts'
import { chooseLanguage, type Language } from '../core/language.ts'
import type { PasswordFault, PasswordLengths } from '../core/password-policy.ts'
import { languageParameter } from '../pages/language-switch.ts'
import { passwordFaultText } from '../pages/password-fields.ts'
import { problemPage } from '../pages/problem-views.ts'
import type { Languages, Spoken, View } from '../pages/view.ts'
import { acceptForms } from './bodies.ts'
import type { Cookies } from './cookies.ts'
import type { CsrfTokens, FormState } from './csrf.ts'
import { sendProblem, setErrorHeaders } from './errors.ts'
import { goTo, isScript, type Sent, sentWith } from './page-requests.ts'
import { toGatehouseError } from './problem.ts'
import type { App } from './server.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /**
     * What the address of a page holds, out of what was sent: the page is asked for again with it after a fault, and in
     * another language. Left out, it holds nothing.
     */
    address?(sent: Sent): Sent
  }
}

/** Why a form is shown once more, and what the person is told. */
interface AskAgain {
  state: Exclude<FormState, 'proven'>
  notice: string
}

/** What all pages are shown by, in the language of whoever looks at them. `Own`: the texts of the feature that shows them. */
export interface Pages<Own = unknown> extends Languages<Own> {
  /**
   * In which language somebody wants to read: the one that they have chosen here, or else one that the application wants for
   * them which has sent them (`ui_locales`, as OpenID Connect has it), or one that their browser wants.
   */
  languageOf(request: { headers: IncomingHttpHeaders; query?: unknown }): Language
  /** Headers of what is told in the language of whoever asks. */
  headersOf(language: Language): { 'content-language': string; vary?: string }
  /** Takes a choice for all pages from now on; what is not offered changes nothing. */
  keepLanguage(reply: FastifyReply, chosen: string): void
  /** The texts in that language. */
  textsFor(request: FastifyRequest): Spoken<Own>['texts']
  /** Why a new password is refused, in words for whoever asks. */
  passwordFault(request: FastifyRequest, fault: PasswordFault): string
  show<Known extends readonly unknown[]>(reply: FastifyReply, view: View<Known, Own>, ...known: Known): FastifyReply
  /**
   * Nothing when the form may do what it is for. Otherwise it is to be shown again, and the person told why; the status is
   * set. Throws what a script is told in place of it, and whenever the form comes from another site.
   */
  mustAskAgain(request: FastifyRequest, reply: FastifyReply, token: string | undefined): AskAgain | undefined
}

export function createPages<Own>(
  languages: Languages<Own>,
  {
    csrf,
    cookies,
    passwords,
  }: {
    csrf: Pick<CsrfTokens, 'check'>
    cookies: Pick<Cookies, 'language' | 'setLanguage'>
    passwords: PasswordLengths
  },
): Pages<Own> {
  const { offered, inLanguage } = languages
  const languageOf: Pages['languageOf'] = (request) =>
    chooseLanguage(offered, [cookies.language(request), uiLocales(request), request.headers['accept-language']])
  const textsFor = (request: FastifyRequest) => inLanguage(languageOf(request)).texts
  const headersOf: Pages['headersOf'] = (language) => ({
    'content-language': language,
    ...(offered.length > 1 && { vary: 'Accept-Language, Cookie' }),
  })
  return {
    ...languages,
    languageOf,
    headersOf,
    keepLanguage(reply, chosen) {
      if (offered.some((language) => language === chosen)) cookies.setLanguage(reply, chosen)
    },
    textsFor,
    passwordFault: (request, fault) => passwordFaultText(textsFor(request), fault, passwords),
    show(reply, view, ...known) {
      const { request } = reply
      const address = request.routeOptions.config.address?.(sentWith(request)) ?? {}
      const spoken = inLanguage(languageOf(request))
      const page = view({ ...spoken, offered, passwords, address }, ...known)
      const { vary, ...headers } = headersOf(spoken.language)
      // The CORS plugin has told of one before.
      if (vary !== undefined) reply.header('vary', [reply.getHeader('vary') ?? [], vary].flat().join(', '))
      reply.headers(headers).header('cache-control', 'no-store').type('text/html; charset=utf-8')
      return reply.send(String(page))
    },
    mustAskAgain(request, reply, token) {
      const state = csrf.check(request, token)
      if (state === 'proven') return undefined
      const error = new GatehouseError(state === 'outdated' ? 'outdated_form' : 'cross_site_request')
      if (isScript(request)) throw error
      reply.code(error.status)
      const { outdatedForm, unprovenForm } = textsFor(request).kit
      return { state, notice: state === 'outdated' ? outdatedForm : unprovenForm }
    },
  }
}

/** What pages have in common: they take forms, work without scripts, and say in words for people what went wrong. */
export function acceptPages(app: App, pages: Pages): void {
  acceptForms(app)
  app.addHook('preValidation', async (request, reply) => {
    const { [languageParameter]: chosen } = request.query as Record<string, unknown>
    if (typeof chosen !== 'string' || (request.method !== 'GET' && request.method !== 'HEAD')) return
    pages.keepLanguage(reply, chosen)
    return goTo(reply, withoutParameter(request.url, languageParameter))
  })
  app.setErrorHandler((thrown, request, reply) => {
    const error = toGatehouseError(thrown)
    if (isScript(request)) return sendProblem(request, reply, error)
    const page = proofPages[error.code]
    if (page !== undefined) return goTo(reply, wayThrough(page, request))
    setErrorHeaders(reply, error)
    const fault = pages.textsFor(request).kit.errors[error.code]
    return pages.show(reply.code(error.status), problemPage, { fault, requestId: request.id })
  })
}

/** Tags by spaces, the most wanted one first (OpenID Connect Core §3.1.2.1), as a list of them by commas. */
function uiLocales({ query }: { query?: unknown }): string | undefined {
  const { ui_locales: told } = (query ?? {}) as { ui_locales?: unknown }
  return typeof told === 'string' ? told.trim().split(/\s+/, 20).join(', ') : undefined
}

/** Where somebody proves who they are, by the code of the error that asks for it. */
const proofPages: Partial<Record<ErrorCode, string>> = {
  unauthorized: 'login',
  insufficient_user_authentication: 'step-up',
}

/** To a page, and from there to the page of this request; what a form has sent is lost on the way, which is told. */
function wayThrough(page: string, request: FastifyRequest): string {
  const back = `return_to=${encodeURIComponent(request.url)}`
  return `./${page}?${back}${request.method === 'POST' ? '&unsent=yes' : ''}`
}

/** The address of a request without one of its parameters, named by its last part alone: it leads to no other host. */
function withoutParameter(url: string, name: string): string {
  const { pathname, searchParams } = new URL(url, 'http://here.invalid')
  searchParams.delete(name)
  const query = searchParams.size === 0 ? '' : `?${searchParams.toString()}`
  return `./${pathname.slice(pathname.lastIndexOf('/') + 1)}${query}`
}
