import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from '../../core/clock.ts'
import type { ReadDevice } from '../../core/device.ts'
import { GatehouseError } from '../../core/errors.ts'
import { newCredentialIn } from '../../core/passkey-answers.ts'
import type { User } from '../../core/records/user.ts'
import type { CheckCrossSite } from '../../http/cross-site.ts'
import type { CsrfTokens } from '../../http/csrf.ts'
import { Form, hidden, publicPage, type Sent, sentWith } from '../../http/page-requests.ts'
import type { Pages } from '../../http/pages.ts'
import type { RateLimits } from '../../http/rate-limits.ts'
import type { App } from '../../http/server.ts'
import { Type } from '../../json-schema.ts'
import type { Messages } from '../../pages/notices.ts'
import { timeOfDay } from '../../pages/times.ts'
import { enrolPage, mailboxPage, recoveryCodesPage } from './factor-views.ts'
import type { StartedSession } from '../sessions/index.ts'
import type { FactorManagement } from './manage-factors.ts'
import type { Ceremonies } from './passkeys/ceremonies.ts'
import { suggestedName } from './passkeys/suggested-name.ts'
import type { FactorReset } from './reset-factors.ts'
import type { FactorTexts } from './texts.ts'

/** What the pages need of a sign-in that goes no further until its person has a second factor. */
export interface EnrollingSignIn {
  /** Whose sign-in a browser continues, and by which one it is; nothing where there is none. `countTry`: it is about to be tried. */
  find(
    request: FastifyRequest,
    countTry?: boolean,
  ): Promise<{ user: User; by: string; mailboxNeeded: boolean } | undefined>
  /**
   * Signs the person in who has set a factor up. `methods`: how they were proven by it. Resolves to where they go; to nothing when the
   * sign-in has ended meanwhile.
   */
  finish(request: FastifyRequest, reply: FastifyReply, methods: readonly string[]): Promise<string | undefined>
  /** Gives the browser of somebody who is signed in the session that took the place of theirs. */
  takeOver(request: FastifyRequest, reply: FastifyReply, raised: StartedSession): Promise<void>
  /** To the page for signing in, or on, where somebody is signed in. */
  leave(request: FastifyRequest, reply: FastifyReply, back: string): Promise<FastifyReply>
}

/** Where somebody sets up a second factor in order to be signed in. */
export async function enrolPages(
  app: App,
  options: {
    signIn: EnrollingSignIn
    management: FactorManagement
    reset: Pick<FactorReset, 'isLink'>
    ceremonies: Ceremonies | undefined
    readDevice: ReadDevice
    checkCrossSite: CheckCrossSite
    pages: Pages<FactorTexts>
    csrf: CsrfTokens
    limits: RateLimits
    clock: Clock
  },
): Promise<void> {
  const { signIn, management, reset, ceremonies, pages, csrf, limits, clock } = options
  const address = ({ token }: Sent) => ({ token })
  type UnderWay = NonNullable<Awaited<ReturnType<EnrollingSignIn['find']>>>

  const backWith = (token: string | undefined) =>
    token === undefined ? 'enrol' : `enrol?token=${encodeURIComponent(token)}`
  /** After a reset the password alone shows nothing that a factor could be set up with. */
  const mayEnrol = async ({ user, mailboxNeeded }: UnderWay, token: string | undefined) =>
    !mailboxNeeded || reset.isLink(user.id, token)

  async function show(
    [request, reply]: [FastifyRequest, FastifyReply],
    { user, by }: UnderWay,
    words: Messages & { isWrong?: boolean },
  ) {
    const proposed = (await management.proposed(user, by)) ?? (await management.propose(user, by))
    const mailboxToken = sentWith(request)['token']
    return pages.show(reply, enrolPage, {
      ...{ csrfToken: csrf.tokenFor(request, reply), proposed, mailboxToken, mayAdd: ceremonies !== undefined },
      ...words,
    })
  }

  app.get(
    '/enrol',
    {
      config: { ...publicPage, address },
      schema: { ...hidden, querystring: Type.Partial(Type.Object({ token: Type.String() })) },
    },
    async (request, reply) => {
      const { token } = request.query
      const underWay = await signIn.find(request)
      if (underWay === undefined) return signIn.leave(request, reply, backWith(token))
      if (!(await mayEnrol(underWay, token))) return pages.show(reply, mailboxPage)
      return show([request, reply], underWay, {})
    },
  )

  app.post(
    '/enrol',
    {
      config: { ...publicPage, address, rateLimit: limits.secretTests },
      schema: { ...hidden, body: Form({ code: Type.String(), token: Type.String(), credential: Type.String() }) },
    },
    async (request, reply) => {
      const { csrf_token, code = '', token, credential } = request.body
      const again = pages.mustAskAgain(request, reply, csrf_token)
      const underWay = await signIn.find(request, again === undefined)
      if (underWay === undefined) return signIn.leave(request, reply, backWith(token))
      if (!(await mayEnrol(underWay, token))) return pages.show(reply, mailboxPage)
      if (again !== undefined) return show([request, reply], underWay, { notice: again.notice })
      const { user, by } = underWay
      const how = { by, language: pages.languageOf(request), isFirst: true, mailboxToken: token }
      const { addPasskeyPage, codesPage, passkeys, setUpPage } = pages.textsFor(request).factors
      if (credential !== undefined && ceremonies !== undefined) {
        const made = newCredentialIn(credential)
        const given = made && {
          name: suggestedName(request.headers['user-agent'], options.readDevice),
          credential: made,
        }
        const added = given && (await ceremonies.add(user, given, how))
        if (added?.kind !== 'added')
          return show([request, reply.code(422)], underWay, { fault: addPasskeyPage.refused })
        const to = (await signIn.finish(request, reply, added.methods)) ?? 'login'
        // Whoever enrols has none, so that these are there.
        return pages.show(reply, recoveryCodesPage, { codes: added.recoveryCodes ?? [], done: passkeys.done.added, to })
      }
      const outcome = await management.confirm(user, code, how)
      if (outcome.kind === 'confirmed') {
        const to = (await signIn.finish(request, reply, ['otp'])) ?? 'login'
        return pages.show(reply, recoveryCodesPage, { codes: outcome.recoveryCodes, done: codesPage.done, to })
      }
      const { wrongCode, gone } = setUpPage
      if (outcome.kind === 'nothing_proposed') return show([request, reply.code(409)], underWay, { fault: gone })
      const fault = wrongCode(timeOfDay(new Date(clock.now())))
      return show([request, reply.code(422)], underWay, { fault, isWrong: true })
    },
  )

  if (ceremonies === undefined) return
  app.post(
    '/enrol-options',
    {
      config: publicPage,
      schema: { ...hidden, querystring: Type.Partial(Type.Object({ token: Type.String() })) },
    },
    async (request, reply) => {
      options.checkCrossSite(request)
      const underWay = await signIn.find(request)
      if (underWay === undefined || !(await mayEnrol(underWay, request.query.token)))
        throw new GatehouseError('unauthorized')
      const made = await ceremonies.challenges.toMake(underWay.user, underWay.by)
      return reply.header('cache-control', 'no-store').send(made)
    },
  )
}
