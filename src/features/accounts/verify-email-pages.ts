import { Type } from '../../json-schema.ts'
import { GatehouseError } from '../../core/errors.ts'
import type { CsrfTokens } from '../../http/csrf.ts'
import { Form, hidden, publicPage, type Sent } from '../../http/page-requests.ts'
import { type MustAskAgain, show } from '../../http/pages.ts'
import type { RateLimits } from '../../http/rate-limits.ts'
import type { App } from '../../http/server.ts'
import type { Messages } from '../../pages/notices.ts'
import type { EmailVerification } from './verify-email.ts'
import { emailNotVerifiedPage, emailVerifiedPage, verifyEmailPage } from './verify-email-views.ts'

const address = ({ token }: Sent) => ({ token })

/** Where the link of a registration’s mail leads. */
export async function verifyEmailPages(
  app: App,
  options: { emailVerification: EmailVerification; mustAskAgain: MustAskAgain; csrf: CsrfTokens; limits: RateLimits },
): Promise<void> {
  const { emailVerification, mustAskAgain, csrf, limits } = options

  app.get(
    '/verify-email',
    {
      config: { ...publicPage, address },
      schema: { ...hidden, querystring: Type.Object({ token: Type.Optional(Type.String()) }) },
    },
    async (request, reply) => {
      const { token = '' } = request.query
      const registered = await emailVerification.find(token)
      if (registered === undefined) return show(reply.code(400), emailNotVerifiedPage())
      return show(reply, verifyEmailPage({ token, csrfToken: csrf.tokenFor(request, reply), email: registered.email }))
    },
  )

  app.post(
    '/verify-email',
    {
      config: { ...publicPage, address, rateLimit: limits.secretTests },
      schema: { ...hidden, body: Form({ token: Type.String(), password: Type.String() }) },
    },
    async (request, reply) => {
      const { csrf_token, token = '', password } = request.body
      const again = mustAskAgain(request, reply, csrf_token)
      const registered = await emailVerification.find(token)
      if (registered === undefined) {
        return show(again === undefined ? reply.code(400) : reply, emailNotVerifiedPage())
      }
      const showForm = (words: Messages) => {
        const csrfToken = csrf.tokenFor(request, reply)
        return show(reply, verifyEmailPage({ token, csrfToken, email: registered.email, ...words }))
      }
      if (again !== undefined) return showForm({ notice: again.notice })
      const askAgain = (fault: string) => {
        reply.code(422)
        return showForm({ fault })
      }
      if (password === undefined) return askAgain('Type a password.')
      try {
        const outcome = await emailVerification.confirm(token, password)
        return outcome === 'confirmed'
          ? show(reply, emailVerifiedPage())
          : show(reply.code(400), emailNotVerifiedPage())
      } catch (error) {
        if (!(error instanceof GatehouseError) || error.code !== 'password_rejected') throw error
        return askAgain(`The password ${error.fields?.[0]?.message ?? 'cannot be used'}.`)
      }
    },
  )
}
