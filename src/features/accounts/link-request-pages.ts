import type { FastifyReply, FastifyRequest } from 'fastify'
import { readEmail } from '../../core/email.ts'
import { searchOf } from '../../core/redirect-uris.ts'
import type { CsrfTokens } from '../../http/csrf.ts'
import { keepsTyped } from '../../http/kept-forms.ts'
import { Form, goTo, hidden, publicPage, type Sent } from '../../http/page-requests.ts'
import type { Pages } from '../../http/pages.ts'
import type { RateLimits } from '../../http/rate-limits.ts'
import type { App } from '../../http/server.ts'
import { addressWithWayBack, type WaysBack, wayBackOf } from '../../http/ways-back.ts'
import { Type } from '../../json-schema.ts'
import type { Messages } from '../../pages/notices.ts'
import { checkYourMailPage, type LinkFor, linkRequestPage } from './link-request-views.ts'
import type { Registering } from './register.ts'
import type { PasswordResets } from './reset-password.ts'
import type { AccountTexts } from './texts.ts'

/** Where somebody asks for a link by mail, and what everybody reads after that, whoever the address belongs to. */
export async function linkRequestPages(
  app: App,
  options: {
    resets: Pick<PasswordResets, 'ask'>
    registering: Pick<Registering, 'resend'>
    /** Whether anybody may make an account. */
    isOpen: boolean
    pages: Pages<AccountTexts>
    csrf: CsrfTokens
    limits: RateLimits
    waysBack: WaysBack
  },
): Promise<void> {
  const { resets, registering, isOpen, pages, csrf, limits, waysBack } = options
  const config = { ...publicPage, address: addressWithWayBack }

  function linkRequest(by: LinkFor, ask: PasswordResets['ask']) {
    const show = (request: FastifyRequest, reply: FastifyReply, page: Messages & { email: string; error?: string }) =>
      pages.show(reply, linkRequestPage, {
        ...{ by, csrfToken: csrf.tokenFor(request, reply), returnTo: wayBackOf(request) },
        ...page,
      })

    app.get(`/${by}`, { config, schema: hidden }, async (request, reply) => show(request, reply, { email: '' }))
    app.post(
      `/${by}`,
      {
        config: { ...config, rateLimit: limits.secretTests },
        schema: { ...hidden, body: Form({ email: Type.String() }) },
        errorHandler: keepsTyped(pages, (request, reply, { email = '' }, fault) =>
          show(request, reply, { email, fault }),
        ),
      },
      async (request, reply) => {
        const { csrf_token, email = '' } = request.body
        const again = pages.mustAskAgain(request, reply, csrf_token)
        if (again !== undefined) return show(request, reply, { email, notice: again.notice })
        const read = readEmail(email)
        if ('fault' in read) {
          const { kit } = pages.textsFor(request)
          const faults = { error: kit.emailFaults[read.fault], fault: kit.markedBelow }
          return show(request, reply.code(422), { email, ...faults })
        }
        await ask(read.email, { ip: request.ip, language: pages.languageOf(request) })
        waysBack.keep(request, reply, read.email)
        return goTo(reply, `check-your-mail?${String(searchOf({ from: by, return_to: wayBackOf(request) }))}`)
      },
    )
  }

  linkRequest('forgot-password', resets.ask)
  linkRequest('resend-verification', registering.resend)

  app.get(
    '/check-your-mail',
    {
      config: { ...publicPage, address: ({ from, ...sent }: Sent) => ({ from, ...addressWithWayBack(sent) }) },
      schema: { ...hidden, querystring: Type.Partial(Type.Object({ from: Type.String() })) },
    },
    async (request, reply) => {
      const registered = isOpen ? ('resend-verification' as const) : undefined
      const again = request.query.from === 'forgot-password' ? 'forgot-password' : registered
      return pages.show(reply, checkYourMailPage, { again, returnTo: wayBackOf(request) })
    },
  )
}
