import { Type } from '../../json-schema.ts'
import { PasswordRejected } from '../../core/password-policy.ts'
import type { CsrfTokens } from '../../http/csrf.ts'
import { Form, hidden, publicPage, type Sent } from '../../http/page-requests.ts'
import type { Pages } from '../../http/pages.ts'
import type { RateLimits } from '../../http/rate-limits.ts'
import type { App } from '../../http/server.ts'
import type { WaysBack } from '../../http/ways-back.ts'
import type { Messages } from '../../pages/notices.ts'
import type { AccountTexts } from './texts.ts'
import type { EmailVerification } from './verify-email.ts'
import { emailNotVerifiedPage, emailVerifiedPage, verifyEmailPage } from './verify-email-views.ts'

const address = ({ token }: Sent) => ({ token })

/** Where the link of a registration’s mail leads. */
export async function verifyEmailPages(
  app: App,
  options: {
    emailVerification: EmailVerification
    pages: Pages<AccountTexts>
    csrf: CsrfTokens
    limits: RateLimits
    waysBack: WaysBack
  },
): Promise<void> {
  const { emailVerification, pages, csrf, limits } = options

  app.get(
    '/verify-email',
    {
      config: { ...publicPage, address },
      schema: { ...hidden, querystring: Type.Object({ token: Type.Optional(Type.String()) }) },
    },
    async (request, reply) => {
      const { token = '' } = request.query
      const registered = await emailVerification.find(token)
      if (registered === undefined) return pages.show(reply.code(400), emailNotVerifiedPage)
      return pages.show(reply, verifyEmailPage, {
        token,
        csrfToken: csrf.tokenFor(request, reply),
        email: registered.email,
      })
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
      const again = pages.mustAskAgain(request, reply, csrf_token)
      const registered = await emailVerification.find(token)
      if (registered === undefined) {
        return pages.show(again === undefined ? reply.code(400) : reply, emailNotVerifiedPage)
      }
      const showForm = (words: Messages) => {
        const csrfToken = csrf.tokenFor(request, reply)
        return pages.show(reply, verifyEmailPage, { token, csrfToken, email: registered.email, ...words })
      }
      if (again !== undefined) return showForm({ notice: again.notice })
      const askAgain = (fault: string) => {
        reply.code(422)
        return showForm({ fault })
      }
      if (password === undefined) return askAgain(pages.textsFor(request).accounts.verifyEmail.passwordMissing)
      try {
        const outcome = await emailVerification.confirm(token, password)
        return outcome === 'confirmed'
          ? pages.show(reply, emailVerifiedPage, { returnTo: options.waysBack.take(request, reply, registered.email) })
          : pages.show(reply.code(400), emailNotVerifiedPage)
      } catch (error) {
        if (!(error instanceof PasswordRejected)) throw error
        return askAgain(pages.passwordFault(request, error.fault))
      }
    },
  )
}
