import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from '../../json-schema.ts'
import { DirectoryFault } from '../../core/directory.ts'
import { GatehouseError } from '../../core/errors.ts'
import { shownCredentialIn } from '../../core/passkey-answers.ts'
import { firstPartyClientId, type UserPrincipal } from '../../core/principal.ts'
import { readLogin } from '../../core/username.ts'
import { keepsTyped } from '../../http/kept-forms.ts'
import { Form, goTo, hidden, publicPage, sentWith } from '../../http/page-requests.ts'
import type { App } from '../../http/server.ts'
import type { Messages } from '../../pages/notices.ts'
import { withWayBack } from '../../pages/way-back.ts'
import type { PageOptions } from './http/page-options.ts'
import { afterSignIn } from './http/notices.ts'
import { deviceOf } from './routes.ts'
import { applicationsPage } from './applications-views.ts'
import { keepAccountPage, mustChangePage, signedInPage, signInPage, strongerSignInPage } from './sign-in-views.ts'

/** The root and the page for signing in. */
export async function signInPages(app: App, options: PageOptions): Promise<void> {
  const { logIn, returnTo, applications, isOpen, notices, pages, cookies, csrf, limits, userOf, address } = options
  const { upstream, takesPasswords, senderOf } = options

  async function showForm(request: FastifyRequest, reply: FastifyReply, words: Messages): Promise<FastifyReply> {
    const { return_to, email, remember, unsent, acr_values: level } = sentWith(request)
    const csrfToken = csrf.tokenFor(request, reply)
    const { signIn } = pages.textsFor(request)
    // Where the proxy has led somebody here in place of taking a form (`answer.ts` of forward-auth).
    const told = words.notice ?? (unsent && signIn.hasNotArrived) ?? []
    const notice = [told, notices.ofCookies(signIn, request), notices.ofWayBack(signIn, request)].flat()
    const target = returnTo(return_to)
    const wayOn = target === `${options.basePath}/` ? undefined : target
    const ways = takesPasswords && {
      register: isOpen ? withWayBack('register', wayOn) : undefined,
      recover: withWayBack('forgot-password', wayOn),
    }
    return pages.show(reply, signInPage, {
      ...{ csrfToken, returnTo: target, email, remember: remember !== undefined },
      ...{
        sender: await senderOf(request, target),
        ways: ways || {},
        hasPasskeys: options.logInByPasskey !== undefined,
      },
      ...{ providers: upstream.offered, choosesByAddress: upstream.choosesByAddress, takesPasswords },
      level: level === 'aal2' ? level : undefined,
      ...words,
      notice,
    })
  }

  /** Whether somebody who is signed in has to prove themselves once more for what has sent them here. */
  function isTooWeak(user: UserPrincipal, { isStrong, maxAge }: { isStrong: boolean; maxAge: number | undefined }) {
    const age = Math.floor(options.clock.now() / 1000) - user.authenticatedAt
    return (isStrong && user.level !== 'aal2') || (maxAge !== undefined && age > maxAge)
  }

  // Where the form to sign out is.
  const root = { config: { ...publicPage, rateLimit: limits.takingAway }, schema: hidden }
  // The links of a page lead astray where its address lacks the slash.
  if (options.basePath !== '') {
    app.get('', { ...root, prefixTrailingSlash: 'no-slash' }, async (_request, reply) =>
      reply.redirect(`${options.basePath}/`, 301),
    )
  }
  app.get('/', { ...root, prefixTrailingSlash: 'slash' }, async (request, reply) => {
    const user = await userOf(request)
    if (user === undefined) return reply.redirect(`${options.basePath}/login`, 303)
    return pages.show(reply, applicationsPage, { person: user, applications: applications.openTo(user, request.ip) })
  })

  app.get(
    '/login',
    {
      config: { ...publicPage, address },
      schema: {
        ...hidden,
        querystring: Type.Partial(
          Type.Object({
            return_to: Type.String(),
            acr_values: Type.String(),
            max_age: Type.String(),
            continue: Type.String(),
            unsent: Type.String(),
          }),
        ),
      },
    },
    async (request, reply) => {
      const target = returnTo(request.query.return_to)
      const csrfToken = csrf.tokenFor(request, reply)
      // Whoever is sent by a script that gets no tokens by what this browser has signs in anew. A proxy sends nobody else here
      // who is signed in but to raise the level, or for a newer proof.
      const lacksTokens = options.getsTokens(target) && cookies.refresh(request) === undefined
      const wanted = { isStrong: request.query.acr_values === 'aal2', maxAge: maxAgeOf(request.query.max_age) }
      const isRaised = wanted.isStrong || wanted.maxAge !== undefined
      const user = lacksTokens && !isRaised ? undefined : await userOf(request)
      if (user !== undefined && wanted.isStrong && user.level !== 'aal2' && user.reachable !== 'aal2') {
        return pages.show(reply, strongerSignInPage, { ...user, csrfToken, returnTo: target })
      }
      if (user !== undefined && isTooWeak(user, wanted)) {
        return goTo(reply, `step-up?return_to=${encodeURIComponent(target)}`)
      }
      if (user !== undefined && request.query.continue !== undefined) return goTo(reply, target)
      // No automatic way back: a browser that keeps the cookie from the application would go in circles.
      if (user !== undefined) {
        const { signIn } = pages.textsFor(request)
        const notice = [...notices.ofWayBack(signIn, request), ...notices.ofReach(signIn, target)]
        // Nothing to go on to but what the root shows.
        if (target === `${options.basePath}/` && notice.length === 0) return goTo(reply, target)
        return pages.show(reply, signedInPage, {
          ...user,
          ...{ csrfToken, returnTo: target, notice, sender: await senderOf(request, target) },
        })
      }
      return showForm(request, reply, {})
    },
  )

  app.post(
    '/login',
    {
      config: { ...publicPage, address, rateLimit: limits.secretTests },
      schema: {
        ...hidden,
        body: Form({
          ...{ email: Type.String(), password: Type.String(), remember: Type.String() },
          credential: Type.String(),
        }),
      },
      errorHandler: keepsTyped(pages, (request, reply, _sent, fault) => showForm(request, reply, { fault })),
    },
    async (request, reply) => {
      const { csrf_token, email = '', password = '', remember, credential } = request.body
      const again = pages.mustAskAgain(request, reply, csrf_token)
      if (again !== undefined) return showForm(request, reply, { notice: again.notice })
      const { kit, signIn } = pages.textsFor(request)
      const read = credential === undefined ? readLogin(email) : { login: '' }
      if ('fault' in read) {
        const fault = read.fault === 'no_login' ? signIn.noLogin : kit.emailFaults[read.fault]
        return showForm(request, reply.code(422), { fault })
      }
      const { return_to: wanted, acr_values: level } = sentWith(request)
      const target = returnTo(wanted)
      const wishes = {
        ...{ remember: remember !== undefined, returnTo: target, clientId: firstPartyClientId, tokensInBody: false },
        level: level === 'aal2' ? level : null,
      } as const
      const provider = password === '' ? upstream.ofAddress(read.login) : undefined
      if (provider !== undefined) {
        const trip = { purpose: 'sign_in', sessionId: null, wishes, loginHint: read.login } as const
        return upstream.leadTo(request, reply, { provider, ...trip })
      }
      if (password === '' && upstream.choosesByAddress)
        return showForm(request, reply.code(422), { fault: signIn.noPassword })
      const typed = { email: read.login, password: password.slice(0, 512), wishes }
      const shown = credential === undefined ? undefined : shownCredentialIn(credential)
      const device = { ...deviceOf(request, cookies), language: pages.languageOf(request), holder: 'browser' } as const
      const byPassword = () =>
        logIn(typed, device).catch((error: unknown) => {
          const isAway = error instanceof GatehouseError && error.cause instanceof DirectoryFault
          if (!isAway) throw error
          reply.header('retry-after', error.retryAfterSeconds)
          return { kind: 'directory_away' } as const
        })
      const byPasskey = shown && options.logInByPasskey
      const outcome =
        credential === undefined
          ? await byPassword()
          : ((await byPasskey?.({ credential: shown!, wishes }, device)) ?? ({ kind: 'invalid_passkey' } as const))
      if (outcome.kind === 'unfinished') {
        cookies.setInteraction(reply, outcome.secret)
        if (outcome.step === 'second_factor') {
          return goTo(reply, `second-factor?return_to=${encodeURIComponent(target)}`)
        }
        // Of a mailed link: it is opened once more, by whom is known now.
        return goTo(reply, target.startsWith(`${options.basePath}/enrol?`) ? target : 'enrol')
      }
      if (outcome.kind === 'signed_in') {
        await options.beginSession(request, reply, outcome)
        // A browser that keeps cookies has shown the one of the form. Of another one it turns out on the way.
        if (request.headers.cookie !== undefined) return goTo(reply, target)
        return goTo(reply, `login?continue=${afterSignIn}&return_to=${encodeURIComponent(target)}`)
      }
      if (outcome.kind === 'deletion_pending') {
        const csrfToken = csrf.tokenFor(request, reply)
        return pages.show(reply, keepAccountPage, { csrfToken, ...outcome })
      }
      if (outcome.kind === 'must_change') return pages.show(reply.code(403), mustChangePage, outcome)
      const fault = {
        ended: signIn.ended,
        not_admitted: signIn.notAdmitted,
        directory_away: signIn.directoryAway,
        invalid_credentials: kit.errors.invalid_credentials,
        invalid_passkey: signIn.passkey.refused,
        passwords_off: kit.errors.passwords_off,
        too_many_failures: signIn.tooManyFailures,
      }[outcome.kind]
      if (outcome.kind === 'too_many_failures') reply.header('retry-after', outcome.retryAfterSeconds)
      reply.code({ too_many_failures: 429, directory_away: 503 }[outcome.kind as string] ?? 422)
      return showForm(request, reply, { fault })
    },
  )
}

/** How old a proof may be, in seconds (`max_age` of OpenID Connect Core §3.1.2.1); nothing where that is no number. */
function maxAgeOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined
}
