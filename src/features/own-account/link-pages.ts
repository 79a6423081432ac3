import type { CsrfTokens } from '../../http/csrf.ts'
import { Form, hidden, publicPage, type Sent } from '../../http/page-requests.ts'
import type { Pages } from '../../http/pages.ts'
import type { RateLimits } from '../../http/rate-limits.ts'
import type { App } from '../../http/server.ts'
import { Type } from '../../json-schema.ts'
import type { EmailChanges } from './change-email.ts'
import { confirmEmailPage, linkDonePage, linkUselessPage, undoEmailPage } from './link-views.ts'
import type { OwnAccountTexts } from './texts.ts'

const address = ({ token }: Sent) => ({ token })
const ofLink = { ...hidden, querystring: Type.Partial(Type.Object({ token: Type.String() })) }
const ofForm = { ...hidden, body: Form({ token: Type.String() }) }

/** Where the links of mails about another address lead. */
export async function emailLinkPages(
  app: App,
  options: {
    emailChanges: Pick<EmailChanges, 'findPending' | 'confirm' | 'findUndoable' | 'undo'>
    pages: Pages<OwnAccountTexts>
    csrf: CsrfTokens
    limits: RateLimits
  },
): Promise<void> {
  const { emailChanges, pages, csrf, limits } = options

  app.get('/confirm-email', { config: { ...publicPage, address }, schema: ofLink }, async (request, reply) => {
    const { token = '' } = request.query
    const email = await emailChanges.findPending(token)
    if (email === undefined) return pages.show(reply.code(400), linkUselessPage)
    return pages.show(reply, confirmEmailPage, { csrfToken: csrf.tokenFor(request, reply), token, email })
  })
  app.post(
    '/confirm-email',
    { config: { ...publicPage, address, rateLimit: limits.secretTests }, schema: ofForm },
    async (request, reply) => {
      const { csrf_token, token = '' } = request.body
      const again = pages.mustAskAgain(request, reply, csrf_token)
      if (again !== undefined) {
        const email = await emailChanges.findPending(token)
        if (email === undefined) return pages.show(reply, linkUselessPage)
        const csrfToken = csrf.tokenFor(request, reply)
        return pages.show(reply, confirmEmailPage, { csrfToken, token, email, notice: again.notice })
      }
      const isConfirmed = await emailChanges.confirm(token, pages.languageOf(request))
      return isConfirmed
        ? pages.show(reply, linkDonePage, { done: 'confirmed' })
        : pages.show(reply.code(400), linkUselessPage)
    },
  )

  app.get(
    '/undo-email',
    { config: { ...publicPage, address, rateLimit: limits.takingAway }, schema: ofLink },
    async (request, reply) => {
      const { token = '' } = request.query
      const found = await emailChanges.findUndoable(token)
      if (found === undefined) return pages.show(reply.code(400), linkUselessPage)
      const { fromEmail: email, isConfirmed } = found
      return pages.show(reply, undoEmailPage, { csrfToken: csrf.tokenFor(request, reply), token, email, isConfirmed })
    },
  )
  app.post(
    '/undo-email',
    // It takes rights away, and must work while nobody can count.
    { config: { ...publicPage, address, rateLimit: limits.takingAway }, schema: ofForm },
    async (request, reply) => {
      const { csrf_token, token = '' } = request.body
      const again = pages.mustAskAgain(request, reply, csrf_token)
      if (again !== undefined) {
        const found = await emailChanges.findUndoable(token)
        if (found === undefined) return pages.show(reply, linkUselessPage)
        const { fromEmail: email, isConfirmed } = found
        const csrfToken = csrf.tokenFor(request, reply)
        return pages.show(reply, undoEmailPage, { csrfToken, token, email, isConfirmed, notice: again.notice })
      }
      const done = await emailChanges.undo(token, pages.languageOf(request))
      return done === undefined
        ? pages.show(reply.code(400), linkUselessPage)
        : pages.show(reply, linkDonePage, { done })
    },
  )
}
