import type { FastifyReply, FastifyRequest } from 'fastify'
import { GatehouseError } from '../../core/errors.ts'
import { PasswordRejected } from '../../core/password-policy.ts'
import type { CsrfTokens } from '../../http/csrf.ts'
import { keepsTyped } from '../../http/kept-forms.ts'
import { Form, hidden, publicPage, type Sent } from '../../http/page-requests.ts'
import type { Pages } from '../../http/pages.ts'
import type { RateLimits } from '../../http/rate-limits.ts'
import type { App } from '../../http/server.ts'
import type { WaysBack } from '../../http/ways-back.ts'
import { Type } from '../../json-schema.ts'
import type { Invitations } from './invitations.ts'
import {
  invitationPage,
  newPasswordLinkUselessPage,
  passwordChosenPage,
  resetPasswordPage,
} from './new-password-views.ts'
import { isName } from './register-pages.ts'
import type { PasswordResets } from './reset-password.ts'
import type { AccountTexts } from './texts.ts'

const address = ({ token }: Sent) => ({ token })
const ofLink = { ...hidden, querystring: Type.Partial(Type.Object({ token: Type.String() })) }

/** Where the mailed links lead by which somebody chooses a password: for a forgotten one, and of an invitation. */
export async function newPasswordPages(
  app: App,
  options: {
    resets: Pick<PasswordResets, 'find' | 'reset'>
    invitations: Pick<Invitations, 'find' | 'accept'>
    pages: Pages<AccountTexts>
    csrf: CsrfTokens
    limits: RateLimits
    waysBack: WaysBack
  },
): Promise<void> {
  const { resets, invitations, pages, csrf, limits, waysBack } = options
  const config = { ...publicPage, address }
  const secretTest = { ...config, rateLimit: limits.secretTests }

  const useless = (reply: FastifyReply, by: 'resetPassword' | 'invitation') =>
    pages.show(reply.code(400), newPasswordLinkUselessPage, { by })
  const rejected = (request: FastifyRequest, error: PasswordRejected) => ({
    faults: { password: pages.passwordFault(request, error.fault) },
    fault: pages.textsFor(request).kit.markedBelow,
  })

  app.get('/reset-password', { config, schema: ofLink }, async (request, reply) => {
    const { token = '' } = request.query
    const found = await resets.find(token)
    if (found === undefined) return useless(reply, 'resetPassword')
    const { email, name: personName } = found
    return pages.show(reply, resetPasswordPage, { csrfToken: csrf.tokenFor(request, reply), token, email, personName })
  })

  app.post(
    '/reset-password',
    {
      config: secretTest,
      schema: {
        ...hidden,
        body: Form({ token: Type.String(), password: Type.String(), end_api_keys: Type.String() }),
      },
    },
    async (request, reply) => {
      const { csrf_token, token = '', password = '', end_api_keys } = request.body
      const endApiKeys = end_api_keys !== undefined
      const again = pages.mustAskAgain(request, reply, csrf_token)
      const found = await resets.find(token)
      if (found === undefined) return useless(reply, 'resetPassword')
      const { email, name: personName } = found
      const form = () => ({ csrfToken: csrf.tokenFor(request, reply), token, email, personName, endApiKeys })
      if (again !== undefined) return pages.show(reply, resetPasswordPage, { ...form(), notice: again.notice })
      try {
        const done = await resets.reset(token, { password, endApiKeys }, pages.languageOf(request))
        if (done === undefined) return useless(reply, 'resetPassword')
        const endedApiKeys = endApiKeys ? done.endedApiKeys : undefined
        return pages.show(reply, passwordChosenPage, {
          ...{ by: 'resetPassword', endedApiKeys },
          returnTo: waysBack.take(request, reply, email),
        })
      } catch (error) {
        if (!(error instanceof PasswordRejected)) throw error
        return pages.show(reply.code(422), resetPasswordPage, { ...form(), ...rejected(request, error) })
      }
    },
  )

  app.get('/invitation', { config, schema: ofLink }, async (request, reply) => {
    const { token = '' } = request.query
    const found = await invitations.find(token)
    if (found === undefined) return useless(reply, 'invitation')
    const { email } = found
    return pages.show(reply, invitationPage, { csrfToken: csrf.tokenFor(request, reply), token, email, name: '' })
  })

  app.post(
    '/invitation',
    {
      config: secretTest,
      schema: { ...hidden, body: Form({ token: Type.String(), name: Type.String(), password: Type.String() }) },
      errorHandler: keepsTyped(pages, (request, reply, { token = '', name = '' }, fault) =>
        pages.show(reply, invitationPage, { csrfToken: csrf.tokenFor(request, reply), token, name, fault }),
      ),
    },
    async (request, reply) => {
      const { csrf_token, token = '', name = '', password = '' } = request.body
      const again = pages.mustAskAgain(request, reply, csrf_token)
      const found = await invitations.find(token)
      if (found === undefined) return useless(reply, 'invitation')
      const form = () => ({ csrfToken: csrf.tokenFor(request, reply), token, email: found.email, name })
      if (again !== undefined) return pages.show(reply, invitationPage, { ...form(), notice: again.notice })
      const { kit } = pages.textsFor(request)
      if (!isName(name)) {
        const faults = { name: kit.nameFault }
        return pages.show(reply.code(422), invitationPage, { ...form(), faults, fault: kit.markedBelow })
      }
      try {
        const isAccepted = await invitations.accept({ invitation: token, name: name.trim(), password })
        if (!isAccepted) return useless(reply, 'invitation')
        // Of somebody who has asked for an account as well.
        const returnTo = waysBack.take(request, reply, found.email)
        return pages.show(reply, passwordChosenPage, { by: 'invitation', returnTo })
      } catch (error) {
        if (error instanceof PasswordRejected) {
          return pages.show(reply.code(422), invitationPage, { ...form(), ...rejected(request, error) })
        }
        if (!(error instanceof GatehouseError) || error.code !== 'conflict') throw error
        const fault = pages.textsFor(request).accounts.invitation.gone
        return pages.show(reply.code(409), invitationPage, { ...form(), fault })
      }
    },
  )
}
