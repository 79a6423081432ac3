import type { FastifyReply, FastifyRequest } from 'fastify'
import { errorTable, GatehouseError } from '../core/errors.ts'
import type { Html } from '../pages/html.ts'
import { problemPage } from '../pages/problem-views.ts'
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

/**
 * Nothing when the form may do what it is for. Otherwise it is to be shown again, and the person told why; the status is set. Throws
 * what a script is told in place of it, and whenever the form comes from another site.
 */
export type MustAskAgain = (
  request: FastifyRequest,
  reply: FastifyReply,
  token: string | undefined,
) => AskAgain | undefined

const notices: Record<AskAgain['state'], string> = {
  outdated: 'This page had been open for a while. Please send it once more.',
  unproven:
    'Your browser did not say where this was sent from. Please send it once more. ' +
    'If you see this again, allow cookies for this site.',
}

export function createMustAskAgain(csrf: Pick<CsrfTokens, 'check'>): MustAskAgain {
  return (request, reply, token) => {
    const state = csrf.check(request, token)
    if (state === 'proven') return undefined
    const error = new GatehouseError(state === 'outdated' ? 'outdated_form' : 'cross_site_request')
    if (isScript(request)) throw error
    reply.code(error.status)
    return { state, notice: notices[state] }
  }
}

export function show(reply: FastifyReply, page: Html): FastifyReply {
  return reply.header('cache-control', 'no-store').type('text/html; charset=utf-8').send(String(page))
}

/** What pages have in common: they take forms, work without scripts, and say in words for people what went wrong. */
export function acceptPages(app: App): void {
  acceptForms(app)
  app.setErrorHandler((thrown, request, reply) => {
    const error = toGatehouseError(thrown)
    logFault(request, error)
    if (isScript(request)) return sendProblem(request, reply, error)
    setErrorHeaders(reply, error)
    const { title } = errorTable[error.code]
    const address = request.routeOptions.config.address?.(sentWith(request)) ?? {}
    return show(reply.code(error.status), problemPage({ title, requestId: request.id, address }))
  })
}
