import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { GatehouseError } from '../core/errors.ts'
import type { Language } from '../core/language.ts'
import { problemPage } from '../pages/problem-views.ts'
import type { Languages, Spoken, View } from '../pages/view.ts'
import { acceptForms } from './bodies.ts'
import type { CsrfTokens, FormState } from './csrf.ts'
import { logFault, sendProblem, setErrorHeaders } from './errors.ts'
import { isScript, type Sent, sentWith } from './page-requests.ts'
import { toGatehouseError } from './problem.ts'
import type { App } from './server.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the address of a page holds, out of what was sent: the page is asked for again with it after a fault. */
    address?(sent: Sent): Sent
  }
}

/** Why a form is shown once more, and what the person is told. */
export interface AskAgain {
  state: Exclude<FormState, 'proven'>
  notice: string
}

/** What all pages are shown by, in the language of whoever looks at them. `Own`: the texts of the feature that shows them. */
export interface Pages<Own = unknown> extends Languages<Own> {
  /** In which language somebody wants to read. */
  languageOf(request: { headers: IncomingHttpHeaders }): Language
  /** The texts in that language. */
  textsFor(request: FastifyRequest): Spoken<Own>['texts']
  show<Known extends readonly unknown[]>(reply: FastifyReply, view: View<Known, Own>, ...known: Known): FastifyReply
  /**
   * Nothing when the form may do what it is for. Otherwise it is to be shown again, and the person told why; the status is
   * set. Throws what a script is told in place of it, and whenever the form comes from another site.
   */
  mustAskAgain(request: FastifyRequest, reply: FastifyReply, token: string | undefined): AskAgain | undefined
}

export function createPages<Own>(languages: Languages<Own>, { csrf }: { csrf: Pick<CsrfTokens, 'check'> }): Pages<Own> {
  const languageOf = () => languages.offered[0]
  const textsFor = () => languages.inLanguage(languageOf()).texts
  return {
    ...languages,
    languageOf,
    textsFor,
    show(reply, view, ...known) {
      const { request } = reply
      const address = request.routeOptions.config.address?.(sentWith(request)) ?? {}
      const page = view({ ...languages.inLanguage(languageOf()), address }, ...known)
      return reply.header('cache-control', 'no-store').type('text/html; charset=utf-8').send(String(page))
    },
    mustAskAgain(request, reply, token) {
      const state = csrf.check(request, token)
      if (state === 'proven') return undefined
      const error = new GatehouseError(state === 'outdated' ? 'outdated_form' : 'cross_site_request')
      if (isScript(request)) throw error
      reply.code(error.status)
      const { outdatedForm, unprovenForm } = textsFor().kit
      return { state, notice: state === 'outdated' ? outdatedForm : unprovenForm }
    },
  }
}

/** What pages have in common: they take forms, work without scripts, and say in words for people what went wrong. */
export function acceptPages(app: App, pages: Pages): void {
  acceptForms(app)
  app.setErrorHandler((thrown, request, reply) => {
    const error = toGatehouseError(thrown)
    logFault(request, error)
    if (isScript(request)) return sendProblem(request, reply, error)
    setErrorHeaders(reply, error)
    const fault = pages.textsFor(request).kit.errors[error.code]
    return pages.show(reply.code(error.status), problemPage, { fault, requestId: request.id })
  })
}
