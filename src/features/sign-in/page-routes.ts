import type {} from '@fastify/swagger'
import { errorTable } from '../../core/errors.ts'
import { logFault, sendProblem, setErrorHeaders } from '../../http/errors.ts'
import { toGatehouseError } from '../../http/problem.ts'
import { acceptForms } from '../../http/bodies.ts'
import type { App } from '../../http/server.ts'
import { problemPage } from '../../pages/problem.ts'
import { isScript, type PageOptions, sentWith, show } from './http/page-tools.ts'
import { signInPages } from './sign-in-pages.ts'
import { signOutPages } from './sign-out-pages.ts'
import { stepUpPages } from './step-up-pages.ts'
import { verifyEmailPages } from './verify-email-pages.ts'

/** The pages for people. They work without scripts, and are not part of the API document. */
export async function signInPageRoutes(app: App, options: PageOptions): Promise<void> {
  acceptForms(app)
  app.setErrorHandler((thrown, request, reply) => {
    const error = toGatehouseError(thrown)
    logFault(request, error)
    if (isScript(request)) return sendProblem(request, reply, error)
    setErrorHeaders(reply, error)
    const { title } = errorTable[error.code]
    const { return_to, acr_values, token } = sentWith(request)
    const fields = { return_to: return_to && options.returnTo(return_to), acr_values, token }
    return show(reply.code(error.status), problemPage({ title, requestId: request.id, fields }))
  })
  for (const pages of [signInPages, signOutPages, stepUpPages, verifyEmailPages]) await app.register(pages, options)
}
