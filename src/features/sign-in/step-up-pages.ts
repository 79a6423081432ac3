import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from '../../json-schema.ts'
import { GatehouseError } from '../../core/errors.ts'
import { shownCredentialIn } from '../../core/passkey-answers.ts'
import type { UserPrincipal } from '../../core/principal.ts'
import type { UserStore } from '../../core/records/user.ts'
import { keptUntil } from '../../core/records/session.ts'
import { Form, goTo, hidden, publicPage, type Sent, sentWith } from '../../http/page-requests.ts'
import type { App } from '../../http/server.ts'
import type { Messages } from '../../pages/notices.ts'
import { timeOfDay } from '../../pages/times.ts'
import { inPlaceOf } from './http/begin-session.ts'
import { provesElsewhere } from './http/by-provider.ts'
import type { PageOptions } from './http/page-options.ts'
import { deviceOf } from './routes.ts'
import { provableBy } from './second-factor-pages.ts'
import { stepUpPage } from './step-up-views.ts'

/** The page where somebody who is signed in proves once more who they are. */
export async function stepUpPages(
  app: App,
  options: PageOptions & { users: Pick<UserStore, 'findById'> },
): Promise<void> {
  const { returnTo, factors, pages, cookies, csrf, limits, userOf, toSignIn, clock } = options
  const address = ({ recovery, ...sent }: Sent) => ({ ...options.address(sent), recovery })

  /** By which providers somebody proves themselves who has nothing else. */
  async function providersOf({ subject }: UserPrincipal) {
    const user = await options.users.findById(subject)
    const isElsewhere = user !== undefined && (await provesElsewhere(user, options))
    return isElsewhere ? options.upstream.provenBy(subject) : undefined
  }
  async function show(request: FastifyRequest, reply: FastifyReply, user: UserPrincipal, words: Messages) {
    const by = provableBy(await factors.of(user.subject), options)
    const target = returnTo(sentWith(request)['return_to'])
    return pages.show(reply, stepUpPage, {
      by,
      providers: user.reachable === 'aal2' ? undefined : await providersOf(user),
      ...{ email: user.email, hasFactor: user.reachable === 'aal2', csrfToken: csrf.tokenFor(request, reply) },
      sender: await options.senderOf(request, target),
      ...{
        returnTo: target,
        isRecovery: sentWith(request)['recovery'] !== undefined,
      },
      ...words,
    })
  }

  app.get(
    '/step-up',
    {
      config: { ...publicPage, address },
      schema: {
        ...hidden,
        querystring: Type.Partial(Type.Object({ return_to: Type.String(), recovery: Type.String() })),
      },
    },
    async (request, reply) => {
      const user = await userOf(request)
      if (user === undefined) return toSignIn(reply, returnTo(request.query.return_to))
      return show(request, reply, user, {})
    },
  )

  app.post(
    '/step-up',
    {
      config: { ...publicPage, address, rateLimit: limits.secretTests },
      schema: {
        ...hidden,
        body: Form({
          ...{ password: Type.String(), code: Type.String(), recovery: Type.String() },
          credential: Type.String(),
        }),
      },
    },
    async (request, reply) => {
      const { csrf_token, return_to, password = '', code, recovery, credential } = request.body
      const target = returnTo(return_to)
      const again = pages.mustAskAgain(request, reply, csrf_token)
      const user = await userOf(request)
      if (again !== undefined && user === undefined && again.state === 'unproven') {
        throw new GatehouseError('cross_site_request')
      }
      if (again !== undefined && user !== undefined) return show(request, reply, user, { notice: again.notice })
      const shown = credential === undefined ? undefined : shownCredentialIn(credential)
      const typed = code === undefined ? { password: password.slice(0, 512) } : { code: code.slice(0, 64) }
      const proof = shown === undefined ? typed : { credential: shown }
      const outcome = user && (await options.stepUp(user, proof, deviceOf(request, cookies)))
      if (user === undefined || outcome === undefined || outcome.kind === 'session_ended') {
        return toSignIn(reply, target)
      }
      if (outcome.kind === 'proven') {
        // What hung on the former session has ended, the refresh token too.
        if (outcome.isRaised) await options.beginSession(request, reply, inPlaceOf(outcome))
        else cookies.setSession(reply, outcome.secret, keptUntil(outcome.session))
        return goTo(reply, target)
      }
      const { signIn } = pages.textsFor(request)
      if (outcome.kind === 'too_many_failures') {
        reply.code(429).header('retry-after', outcome.retryAfterSeconds)
        return show(request, reply, user, { fault: signIn.tooManyFailures })
      }
      // The factor was set up, or taken away, since the page was shown.
      if (outcome.kind === 'factor_needed') return show(request, reply.code(422), { ...user, reachable: 'aal2' }, {})
      const { wrongCode, wrongRecoveryCode } = signIn.secondFactor
      const fault = {
        invalid_credentials: signIn.wrongPassword,
        invalid_passkey: signIn.passkey.refused,
        invalid_code: recovery === undefined ? wrongCode(timeOfDay(new Date(clock.now()))) : wrongRecoveryCode,
      }[outcome.kind]
      return show(request, reply.code(422), user, { fault })
    },
  )
}
