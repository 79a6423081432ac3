import type { FastifyReply, FastifyRequest } from 'fastify'
import { readEmail } from '../../core/email.ts'
import { GatehouseError } from '../../core/errors.ts'
import { PasswordRejected } from '../../core/password-policy.ts'
import type { CsrfTokens } from '../../http/csrf.ts'
import { userOf } from '../../http/guard.ts'
import { keepsTyped } from '../../http/kept-forms.ts'
import { Form, goTo, hidden, ownPage } from '../../http/page-requests.ts'
import type { Pages } from '../../http/pages.ts'
import type { App } from '../../http/server.ts'
import { Type } from '../../json-schema.ts'
import { keptUntil } from '../../core/records/session.ts'
import {
  accountEndsPage,
  changeEmailPage,
  changePasswordPage,
  deleteAccountPage,
  exportPage,
  passwordElsewherePage,
} from './change-views.ts'
import type { Keeper } from '../directories/index.ts'
import type { NotProven } from './prove-owner.ts'
import type { OwnAccountOptions } from './routes.ts'
import { showExport } from './show-export.ts'
import type { OwnAccountTexts } from './texts.ts'

interface Words {
  fault?: string
  notice?: string
  faults?: Record<string, string | undefined>
}

/** Where people change what opens their account, take a copy of it, and end it. */
export async function ownAccountPages(
  app: App,
  options: OwnAccountOptions & {
    pages: Pages<OwnAccountTexts>
    csrf: CsrfTokens
    graceDays: number
    /** How many API keys of a person count. */
    countApiKeys(userId: string): Promise<number>
    /** Where the password of a person is kept; nothing where that is here. */
    keeperOfPerson(userId: string): Promise<Keeper | undefined>
  },
): Promise<void> {
  const { changePassword, emailChanges, deletion, exportAccount, cookies, limits, clock, pages, csrf, graceDays } =
    options
  // The password of the form is not enough where there is a second factor.
  const byFactor = { ...ownPage, fresh: 'with_factor' } as const
  const secretTest = { ...byFactor, rateLimit: limits.secretTests }
  const fromOf = (request: FastifyRequest) => ({
    ip: request.ip,
    known: cookies.device(request),
    language: pages.languageOf(request),
  })
  const asked = (request: FastifyRequest, reply: FastifyReply, words: Words) => ({
    csrfToken: csrf.tokenFor(request, reply),
    email: userOf(request).email,
    ...words,
  })

  /** What is said at a form whose password did not prove who somebody is; sets the status. */
  function notProven(request: FastifyRequest, reply: FastifyReply, outcome: NotProven, field: string): Words {
    const { kit, ownAccount } = pages.textsFor(request)
    if (outcome.kind === 'too_many_failures') {
      reply.code(429).header('retry-after', outcome.retryAfterSeconds)
      return { fault: ownAccount.tooManyFailures }
    }
    reply.code(422)
    return { faults: { [field]: ownAccount.wrongPassword }, fault: kit.markedBelow }
  }

  const showPassword = async (request: FastifyRequest, reply: FastifyReply, words: Words, endApiKeys = false) => {
    const { subject, name } = userOf(request)
    const keeper = await options.keeperOfPerson(subject)
    if (keeper !== undefined) return pages.show(reply, passwordElsewherePage, { keeper })
    const keys = await options.countApiKeys(subject)
    return pages.show(reply, changePasswordPage, { ...asked(request, reply, words), name, keys, endApiKeys })
  }
  app.get('/change-password', { config: byFactor, schema: hidden }, async (request, reply) =>
    showPassword(request, reply, {}),
  )
  app.post(
    '/change-password',
    {
      config: secretTest,
      schema: {
        ...hidden,
        body: Form({ current_password: Type.String(), password: Type.String(), end_api_keys: Type.String() }),
      },
    },
    async (request, reply) => {
      const { csrf_token, current_password: typed = '', password = '', end_api_keys } = request.body
      const endApiKeys = end_api_keys !== undefined
      const again = pages.mustAskAgain(request, reply, csrf_token)
      if (again !== undefined) return showPassword(request, reply, { notice: again.notice }, endApiKeys)
      try {
        const wanted = { currentPassword: typed.slice(0, 512), password, endApiKeys }
        const outcome = await changePassword(userOf(request), wanted, fromOf(request))
        if (outcome.kind === 'kept_elsewhere') return await showPassword(request, reply.code(409), {})
        if (outcome.kind !== 'changed') {
          return showPassword(request, reply, notProven(request, reply, outcome, 'current_password'), endApiKeys)
        }
        const { renewed } = outcome
        if (renewed !== undefined) cookies.setSession(reply, renewed.secret, keptUntil(renewed.session))
        return goTo(reply, 'account?done=password')
      } catch (error) {
        if (!(error instanceof PasswordRejected)) throw error
        const faults = { password: pages.passwordFault(request, error.fault) }
        const words = { faults, fault: pages.textsFor(request).kit.markedBelow }
        return showPassword(request, reply.code(422), words, endApiKeys)
      }
    },
  )

  const showEmail = (request: FastifyRequest, reply: FastifyReply, typed: string, words: Words) =>
    pages.show(reply, changeEmailPage, { ...asked(request, reply, words), typed })
  app.get('/change-email', { config: byFactor, schema: hidden }, async (request, reply) =>
    showEmail(request, reply, '', {}),
  )
  app.post(
    '/change-email',
    {
      config: secretTest,
      schema: { ...hidden, body: Form({ email: Type.String(), password: Type.String() }) },
      errorHandler: keepsTyped(pages, (request, reply, { email: typed = '' }, fault) =>
        pages.show(reply, changeEmailPage, { csrfToken: csrf.tokenFor(request, reply), typed, fault }),
      ),
    },
    async (request, reply) => {
      const { csrf_token, email = '', password = '' } = request.body
      const again = pages.mustAskAgain(request, reply, csrf_token)
      if (again !== undefined) return showEmail(request, reply, email, { notice: again.notice })
      const { kit } = pages.textsFor(request)
      const read = readEmail(email)
      if ('fault' in read) {
        const faults = { email: kit.emailFaults[read.fault] }
        return showEmail(request, reply.code(422), email, { faults, fault: kit.markedBelow })
      }
      const wanted = { email: read.email, password: password.slice(0, 512) }
      const outcome = await emailChanges.request(userOf(request), wanted, fromOf(request)).catch(refusedAddress)
      if (typeof outcome === 'string') {
        const { otherDomain, changeEmail } = pages.textsFor(request).ownAccount
        const faults = { email: outcome === 'other_domain' ? otherDomain : changeEmail.same }
        return showEmail(request, reply.code(422), email, { faults, fault: kit.markedBelow })
      }
      if (outcome.kind === 'requested') return goTo(reply, 'account?done=email')
      return showEmail(request, reply, email, notProven(request, reply, outcome, 'password'))
    },
  )

  // It takes rights away, and waits for no counter: who somebody is was proven by the page that asks for it.
  const lastWord = { ...ownPage, fresh: true, rateLimit: limits.takingAway }
  const showDeletion = (request: FastifyRequest, reply: FastifyReply, words: Words) =>
    pages.show(reply, deleteAccountPage, { ...asked(request, reply, words), days: graceDays })
  app.get('/delete-account', { config: lastWord, schema: hidden }, async (request, reply) =>
    showDeletion(request, reply, {}),
  )
  app.post('/delete-account', { config: lastWord, schema: { ...hidden, body: Form({}) } }, async (request, reply) => {
    const again = pages.mustAskAgain(request, reply, request.body.csrf_token)
    if (again !== undefined) return showDeletion(request, reply, { notice: again.notice })
    const outcome = await deletion.request(userOf(request), {}, fromOf(request))
    if (outcome.kind === 'not_there') throw new GatehouseError('unauthorized')
    if (outcome.kind === 'last_administrator') {
      const fault = pages.textsFor(request).kit.errors.last_administrator
      return showDeletion(request, reply.code(409), { fault })
    }
    // No password was tested.
    if (outcome.kind !== 'requested') throw new GatehouseError('insufficient_user_authentication')
    cookies.clearSignIn(reply)
    return pages.show(reply, accountEndsPage, { deletesAt: outcome.deletesAt, canBeKept: graceDays > 0 })
  })

  // As for the API: a copy of everything wants a new proof of who asks.
  const fresh = { ...ownPage, fresh: true }
  const showExportForm = (request: FastifyRequest, reply: FastifyReply, words: Words) =>
    pages.show(reply, exportPage, { csrfToken: csrf.tokenFor(request, reply), ...words })
  app.get('/export', { config: fresh, schema: hidden }, async (request, reply) => showExportForm(request, reply, {}))
  app.post('/export', { config: fresh, schema: { ...hidden, body: Form({}) } }, async (request, reply) => {
    const again = pages.mustAskAgain(request, reply, request.body.csrf_token)
    if (again !== undefined) return showExportForm(request, reply, { notice: again.notice })
    const exported = await exportAccount(userOf(request).subject, pages.languageOf(request))
    if (exported === undefined) throw new GatehouseError('unauthorized')
    return reply
      .header('content-disposition', 'attachment; filename="account.json"')
      .header('cache-control', 'no-store')
      .type('application/json')
      .send(JSON.stringify(showExport(exported, new Date(clock.now())), null, 2))
  })
}

/** Why an address that can be one is refused; all else is thrown on. */
function refusedAddress(error: unknown): 'same_address' | 'other_domain' {
  const code = error instanceof GatehouseError ? error.code : undefined
  if (code === 'invalid_request') return 'same_address'
  if (code === 'registration_closed') return 'other_domain'
  throw error
}
