import type { FastifyReply, FastifyRequest } from 'fastify'
import { readEmail } from '../../core/email.ts'
import { GatehouseError } from '../../core/errors.ts'
import { isPlainText } from '../../core/plain-text.ts'
import { randomSecret } from '../../core/secrets.ts'
import type { CsrfTokens } from '../../http/csrf.ts'
import { keepsTyped } from '../../http/kept-forms.ts'
import { Form, goTo, hidden, publicPage, sentWith } from '../../http/page-requests.ts'
import type { Pages } from '../../http/pages.ts'
import type { RateLimits } from '../../http/rate-limits.ts'
import type { Senders } from '../../http/senders.ts'
import type { App } from '../../http/server.ts'
import { addressWithWayBack, type WaysBack, wayBackOf } from '../../http/ways-back.ts'
import { Type } from '../../json-schema.ts'
import type { Messages } from '../../pages/notices.ts'
import { withWayBack } from '../../pages/way-back.ts'
import type { Registering } from './register.ts'
import { registerPage, type RegistrationForm, registrationClosedPage } from './register-views.ts'
import type { AccountTexts } from './texts.ts'

/** Where somebody asks for an account. */
export async function registerPages(
  app: App,
  options: {
    registering: Pick<Registering, 'register'>
    isOpen: boolean
    pages: Pages<AccountTexts>
    csrf: CsrfTokens
    limits: RateLimits
    waysBack: WaysBack
    referrers: Pick<Senders, 'leadingTo'>
  },
): Promise<void> {
  const { registering, isOpen, pages, csrf, limits, waysBack, referrers } = options
  const config = { ...publicPage, address: addressWithWayBack }

  const showForm = async (request: FastifyRequest, reply: FastifyReply, words: Messages & RegistrationForm) =>
    pages.show(reply, registerPage, {
      ...{ csrfToken: csrf.tokenFor(request, reply), returnTo: wayBackOf(request) },
      sender: await referrers.leadingTo(request, wayBackOf(request)),
      ...words,
    })

  app.get('/register', { config, schema: hidden }, async (request, reply) =>
    isOpen
      ? showForm(request, reply, { email: sentWith(request)['email'] })
      : pages.show(reply.code(403), registrationClosedPage),
  )

  app.post(
    '/register',
    {
      config: { ...config, rateLimit: limits.secretTests },
      schema: { ...hidden, body: Form({ name: Type.String(), email: Type.String() }) },
      errorHandler: keepsTyped(pages, (request, reply, { name, email }, fault) =>
        showForm(request, reply, { name, email, fault }),
      ),
    },
    async (request, reply) => {
      const { csrf_token, name = '', email = '' } = request.body
      const typed = { name, email }
      const again = pages.mustAskAgain(request, reply, csrf_token)
      if (again !== undefined) return showForm(request, reply, { ...typed, notice: again.notice })
      if (!isOpen) return pages.show(reply.code(403), registrationClosedPage)
      const { kit } = pages.textsFor(request)
      const read = readEmail(email)
      const faults = {
        name: isName(name) ? undefined : kit.nameFault,
        email: 'fault' in read ? kit.emailFaults[read.fault] : undefined,
      }
      if (faults.name !== undefined || faults.email !== undefined) {
        return showForm(request, reply.code(422), { ...typed, faults, fault: kit.markedBelow })
      }
      try {
        // The one that counts is chosen where the mailed link leads (decision 16); nobody knows this one.
        const password = randomSecret()
        await registering.register(
          { name: name.trim(), email, password },
          { ip: request.ip, language: pages.languageOf(request) },
        )
      } catch (error) {
        if (!(error instanceof GatehouseError) || error.code !== 'registration_closed') throw error
        const fault = pages.textsFor(request).accounts.register.otherDomain
        return showForm(request, reply.code(422), { ...typed, faults: { email: fault }, fault: kit.markedBelow })
      }
      waysBack.keep(request, reply, email)
      return goTo(reply, withWayBack('check-your-mail', wayBackOf(request)))
    },
  )
}

/** Whether what was typed may be somebody's name, as the API has it. */
export function isName(typed: string): boolean {
  const name = typed.trim()
  return name !== '' && name.length <= 200 && isPlainText(name)
}
