import type { FastifyReply, FastifyRequest } from 'fastify'
import { readForm } from './bodies.ts'
import { setErrorHeaders } from './errors.ts'
import { isScript, type Sent, sentWith } from './page-requests.ts'
import type { Pages } from './pages.ts'
import { toGatehouseError } from './problem.ts'

/**
 * Makes the `errorHandler` of a route that takes a form: what was typed is not lost to a limit or an outage. `show` shows the form
 * with what was `sent`, and says the fault; of a person it may know nothing more, since nobody can say who they are. It throws
 * what it is not for, and what a script is told in place of a page.
 */
export function keepsTyped(
  pages: Pick<Pages, 'textsFor'>,
  show: (
    request: FastifyRequest,
    reply: FastifyReply,
    sent: Sent,
    fault: string,
  ) => FastifyReply | Promise<FastifyReply>,
): (thrown: Error, request: FastifyRequest, reply: FastifyReply) => void {
  return (thrown, request, reply) => {
    const error = toGatehouseError(thrown)
    if (isScript(request) || (error.status !== 429 && error.status !== 503)) throw thrown
    async function answer() {
      // The limits and the guard refuse before a body is read.
      request.body ??= await readForm(request.raw)
      setErrorHeaders(reply, error)
      const { kit } = pages.textsFor(request)
      await show(request, reply.code(error.status), sentWith(request), `${kit.errors[error.code]} ${kit.tryAgainSoon}`)
    }
    answer().catch((failed: unknown) => void reply.send(failed))
  }
}
