import type { FastifyReply, FastifyRequest } from 'fastify'
import { shownCredentialIn } from '../../core/passkey-answers.ts'
import type { FactorFacts } from '../../core/records/factor.ts'
import { Type } from '../../json-schema.ts'
import { Form, goTo, hidden, publicPage, sentWith } from '../../http/page-requests.ts'
import type { App } from '../../http/server.ts'
import { timeOfDay } from '../../pages/times.ts'
import { afterSignIn } from './http/notices.ts'
import type { PageOptions } from './http/page-options.ts'
import type { UnderWay } from './interactions.ts'
import { deviceOf } from './routes.ts'
import type { Provable } from './code-views.ts'
import { secondFactorPage } from './second-factor-views.ts'

/** The page where somebody whose password was right shows their second factor. */
export async function secondFactorPages(app: App, options: PageOptions): Promise<void> {
  const { continueSignIn, interactions, factors, rememberDays, returnTo, pages, cookies, csrf, limits, clock } = options
  const address = ({ return_to, recovery }: { return_to?: string; recovery?: string }) => ({
    return_to: return_to && returnTo(return_to),
    recovery,
  })

  async function show(
    request: FastifyRequest,
    reply: FastifyReply,
    { user, interaction }: UnderWay,
    words: { fault?: string; notice?: string },
  ) {
    const by = provableBy(await factors.of(user.id), options)
    return pages.show(reply, secondFactorPage, {
      by,
      ...{ csrfToken: csrf.tokenFor(request, reply), email: user.email },
      ...{ returnTo: targetOf(interaction), isRecovery: sentWith(request)['recovery'] !== undefined },
      ...{ rememberDays, ...words },
    })
  }
  const targetOf = ({ wishes }: UnderWay['interaction']) => returnTo(wishes.returnTo ?? undefined)

  /** Nothing is under way any more: from the beginning. A browser that keeps no cookie is told so there. */
  function startAnew(request: FastifyRequest, reply: FastifyReply) {
    const on = request.headers.cookie === undefined ? `continue=${afterSignIn}&` : ''
    return goTo(reply, `login?${on}return_to=${encodeURIComponent(returnTo(sentWith(request)['return_to']))}`)
  }

  app.get(
    '/second-factor',
    {
      config: { ...publicPage, address },
      schema: {
        ...hidden,
        querystring: Type.Partial(Type.Object({ return_to: Type.String(), recovery: Type.String() })),
      },
    },
    async (request, reply) => {
      const underWay = await interactions.find({ holder: 'browser', secret: cookies.interaction(request) })
      if (underWay === undefined) return startAnew(request, reply)
      if (!underWay.user.hasSecondFactor) return goTo(reply, 'enrol')
      return show(request, reply, underWay, {})
    },
  )

  app.post(
    '/second-factor',
    {
      config: { ...publicPage, address, rateLimit: limits.secretTests },
      schema: {
        ...hidden,
        body: Form({
          ...{ code: Type.String(), recovery: Type.String(), remember_device: Type.String() },
          credential: Type.String(),
        }),
      },
    },
    async (request, reply) => {
      const { csrf_token, code = '', recovery, remember_device, credential } = request.body
      const secret = cookies.interaction(request)
      const again = pages.mustAskAgain(request, reply, csrf_token)
      if (again !== undefined) {
        const underWay = await interactions.find({ holder: 'browser', secret })
        if (underWay === undefined) return startAnew(request, reply)
        return show(request, reply, underWay, { notice: again.notice })
      }
      const device = {
        ...deviceOf(request, cookies),
        ...{ language: pages.languageOf(request), holder: 'browser' as const },
      }
      const rememberDevice = remember_device !== undefined
      const shown = credential === undefined ? undefined : shownCredentialIn(credential)
      const outcome =
        shown === undefined
          ? await continueSignIn.withCode(secret, { code: code.slice(0, 64), rememberDevice }, device)
          : await continueSignIn.withPasskey(secret, { credential: shown, rememberDevice }, device)
      if (outcome.kind === 'ended') return startAnew(request, reply)
      if (outcome.kind === 'signed_in') {
        await options.beginSession(request, reply, outcome)
        return goTo(reply, returnTo(outcome.wishes.returnTo ?? undefined))
      }
      const { signIn } = pages.textsFor(request)
      if (outcome.kind === 'too_many_failures') {
        reply.code(429).header('retry-after', outcome.retryAfterSeconds)
        return show(request, reply, outcome.underWay, { fault: signIn.tooManyFailures })
      }
      if (outcome.kind === 'invalid_passkey') {
        return show(request, reply.code(422), outcome.underWay, { fault: signIn.passkey.refused })
      }
      const { wrongCode, wrongRecoveryCode } = signIn.secondFactor
      // No further step is tried to find out how wrong a clock is: its person compares it.
      const fault = recovery === undefined ? wrongCode(timeOfDay(new Date(clock.now()))) : wrongRecoveryCode
      return show(request, reply.code(422), outcome.underWay, { fault })
    },
  )
}

/** What somebody can prove themselves by on a page. */
export function provableBy({ factors }: FactorFacts, { ceremonies }: Pick<PageOptions, 'ceremonies'>): Provable {
  const has = (wanted: string) => factors.some(({ kind }) => kind === wanted)
  return { hasApp: has('totp'), hasPasskey: has('passkey') && ceremonies !== undefined }
}
