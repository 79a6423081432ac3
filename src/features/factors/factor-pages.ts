import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from '../../core/clock.ts'
import type { CsrfTokens } from '../../http/csrf.ts'
import { personWithSession, userOf } from '../../http/guard.ts'
import { Form, goTo, hidden, ownPage } from '../../http/page-requests.ts'
import type { Pages } from '../../http/pages.ts'
import type { App } from '../../http/server.ts'
import { addressWithWayBack as address, wayBackOf, wayOnOf } from '../../http/ways-back.ts'
import { Type } from '../../json-schema.ts'
import type { Messages } from '../../pages/notices.ts'
import { timeOfDay } from '../../pages/times.ts'
import type { EnrollingSignIn } from './enrol-pages.ts'
import { confirmChangePage, factorsPage, recoveryCodesPage, setUpAuthenticatorPage } from './factor-views.ts'
import type { PasskeyOptions } from './passkeys/passkey-routes.ts'
import { createAccountOf } from './routes.ts'
import type { FactorTexts } from './texts.ts'

/** Where people see, set up and remove their own second factors. */
export async function factorPages(
  app: App,
  options: PasskeyOptions & {
    signIn: Pick<EnrollingSignIn, 'takeOver'>
    pages: Pages<FactorTexts>
    csrf: CsrfTokens
    clock: Clock
  },
): Promise<void> {
  const { management, passkeys, ceremonies, limits, pages, csrf, clock } = options
  const accountOf = createAccountOf(options.users)
  const fresh = { ...ownPage, fresh: true } as const

  app.get(
    '/factors',
    {
      config: { ...ownPage, address },
      schema: { ...hidden, querystring: Type.Partial(Type.Object({ done: Type.String() })) },
    },
    async (request, reply) => {
      const { removed, passkeys: words } = pages.textsFor(request).factors
      const { subject } = userOf(request)
      const [facts, list] = await Promise.all([management.of(subject), passkeys.listOf(subject)])
      const told = new Map([
        ['removed', removed],
        ...Object.entries(words.done).map(([what, said]) => [`passkey-${what}`, said] as const),
      ]).get(request.query.done ?? '')
      const returnTo = wayBackOf(request)
      const mayAdd = ceremonies !== undefined
      return pages.show(reply, factorsPage, { facts, passkeys: list, mayAdd, told, returnTo })
    },
  )

  /** The key that this session was shown before, so that nobody has to scan twice, or a new one. */
  async function showSetUp(request: FastifyRequest, reply: FastifyReply, words: Messages & { isWrong?: boolean }) {
    const owner = await accountOf(request)
    const by = personWithSession(request).sessionId
    const proposed = (await management.proposed(owner, by)) ?? (await management.propose(owner, by))
    const shown = { csrfToken: csrf.tokenFor(request, reply), proposed, returnTo: wayBackOf(request) }
    return pages.show(reply, setUpAuthenticatorPage, { ...shown, ...words })
  }
  const setUp = { ...fresh, address }
  app.get('/authenticator', { config: setUp, schema: hidden }, async (request, reply) => showSetUp(request, reply, {}))
  app.post(
    '/authenticator',
    {
      config: { ...setUp, rateLimit: limits.secretTests },
      schema: { ...hidden, body: Form({ code: Type.String() }) },
    },
    async (request, reply) => {
      const { csrf_token, code = '' } = request.body
      const again = pages.mustAskAgain(request, reply, csrf_token)
      if (again !== undefined) return showSetUp(request, reply, { notice: again.notice })
      const person = personWithSession(request)
      const outcome = await options.inSession.confirm(person, code, pages.languageOf(request))
      if (outcome.kind === 'confirmed') {
        const raised = await options.inSession.raise(person, ['otp'])
        if (raised !== undefined) await options.signIn.takeOver(request, reply, raised)
        const { done } = pages.textsFor(request).factors.codesPage
        const to = wayOnOf(request, 'factors')
        return pages.show(reply, recoveryCodesPage, { codes: outcome.recoveryCodes, done, to })
      }
      const { wrongCode, gone } = pages.textsFor(request).factors.setUpPage
      if (outcome.kind === 'nothing_proposed') return showSetUp(request, reply.code(409), { fault: gone })
      const fault = wrongCode(timeOfDay(new Date(clock.now())))
      return showSetUp(request, reply.code(422), { fault, isWrong: true })
    },
  )

  /** A page that asks whether something shall be changed, and what its form does. */
  function asks(
    path: string,
    change: Parameters<typeof confirmChangePage>[1]['change'],
    act: (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>,
  ): void {
    async function show(request: FastifyRequest, reply: FastifyReply, words: Messages) {
      const hasPasskeys = (await passkeys.listOf(userOf(request).subject)).length > 0
      const csrfToken = csrf.tokenFor(request, reply)
      return pages.show(reply, confirmChangePage, { csrfToken, change, hasPasskeys, ...words })
    }
    app.get(path, { config: fresh, schema: hidden }, async (request, reply) => show(request, reply, {}))
    app.post(path, { config: fresh, schema: { ...hidden, body: Form({}) } }, async (request, reply) => {
      const again = pages.mustAskAgain(request, reply, request.body.csrf_token)
      return again === undefined ? act(request, reply) : show(request, reply, { notice: again.notice })
    })
  }
  asks('/remove-authenticator', 'removePage', async (request, reply) => {
    const isRemoved = await management.removeTotp(await accountOf(request), pages.languageOf(request))
    return goTo(reply, isRemoved ? 'factors?done=removed' : 'factors')
  })
  asks('/recovery-codes', 'newCodesPage', async (request, reply) => {
    const codes = await management.renewRecoveryCodes(await accountOf(request), pages.languageOf(request))
    if (codes === undefined) return goTo(reply, 'factors')
    return pages.show(reply, recoveryCodesPage, { codes, to: 'factors' })
  })
}
