import type { FastifyReply, FastifyRequest } from 'fastify'
import { limitKey } from '../../core/network.ts'
import { isOfDocument } from '../../core/records/client.ts'
import { searchOf, withParameters } from '../../core/redirect-uris.ts'
import type { BrowserGuards } from '../../http/browser-guards.ts'
import { withoutSharing } from '../../http/cors.ts'
import { Form, goTo, hidden, publicPage } from '../../http/page-requests.ts'
import type { PageUsers } from '../../http/page-users.ts'
import type { Pages } from '../../http/pages.ts'
import type { Senders } from '../../http/senders.ts'
import type { App } from '../../http/server.ts'
import { Type } from '../../json-schema.ts'
import type { Messages } from '../../pages/notices.ts'
import type { Authorize, AuthorizeOutcome } from './authorize.ts'
import { consentPage, handOverPage, refusedPage } from './consent-views.ts'
import type { AnswerTo } from './requests/read-request.ts'
import type { SignAnswer } from './sign-answer.ts'
import { type FindSender, placeOf } from './sender.ts'
import type { OpenIdTexts } from './texts.ts'

export const authorizePath = '/oauth/authorize'
/** A longer request would not come back from the page for signing in, and no browser need take it. */
const maxQueryLength = 6_000

export interface AuthorizePageOptions extends BrowserGuards {
  authorize: Authorize
  signAnswer: SignAnswer
  findSender: FindSender
  referrers: Senders
  pageUsers: PageUsers
  pages: Pages<OpenIdTexts>
  issuer: string
  basePath: string
}

/**
 * The authorization endpoint, and the page where a person agrees. The address of the request is where it goes on after each step; a
 * form that was sent to it becomes such an address, since browsers send no cookies of ours with what other sites post.
 */
export async function authorizePages(app: App, options: AuthorizePageOptions): Promise<void> {
  const { authorize, signAnswer, pageUsers, pages, csrf, issuer, basePath } = options
  options.referrers.tell(authorizePath, options.findSender)

  function refuse(reply: FastifyReply, reason: Parameters<typeof refusedPage>[1]['reason']) {
    return pages.show(reply.code(400), refusedPage, { basePath, reason })
  }

  function sendAnswer(reply: FastifyReply, to: AnswerTo, answer: Record<string, string>) {
    const { redirectUri, client, mode, state } = to
    const parameters = mode.endsWith('jwt')
      ? { response: signAnswer(client, { ...answer, state }) }
      : { ...answer, state, iss: issuer }
    if (mode.startsWith('form_post')) return pages.show(reply, handOverPage, { basePath, to: redirectUri, parameters })
    return goTo(reply, withParameters(redirectUri, parameters))
  }

  function goOn(
    reply: FastifyReply,
    { step, request, isPushed, resumed }: Extract<AuthorizeOutcome, { kind: 'step' }>,
  ) {
    if (step.kind === 'consent') return goTo(reply, `${basePath}/consent?${resumed}`)
    const signIn: { level?: string; maxAge?: number } = step.kind === 'sign_in' ? step : {}
    const query = searchOf({
      return_to: `${basePath}${authorizePath}?${resumed}`,
      acr_values: signIn.level,
      max_age: signIn.maxAge === undefined ? undefined : String(signIn.maxAge),
      // What a program has handed over itself stands in no address.
      email: isPushed ? undefined : request.loginHint,
      ui_locales: request.uiLocales,
      // Whoever is signed in is led on at once, unless they are to choose.
      continue: step.kind === 'sign_in' ? 'yes' : undefined,
    })
    return goTo(reply, `${basePath}/${step.kind === 'register' ? 'register' : 'login'}?${String(query)}`)
  }

  async function proceed(reply: FastifyReply, outcome: AuthorizeOutcome) {
    if (outcome.kind === 'refused') return refuse(reply, outcome.reason)
    if (outcome.kind === 'answer') return sendAnswer(reply, outcome.to, outcome.parameters)
    return goOn(reply, outcome)
  }

  async function answer(request: FastifyRequest, reply: FastifyReply) {
    const query = queryOf(request)
    if (query.length > maxQueryLength) return refuse(reply, 'too_long')
    const user = await pageUsers.userOf(request)
    return proceed(
      reply,
      await authorize({ parameters: new URLSearchParams(query), user, address: limitKey(request.ip) }),
    )
  }

  app.get(authorizePath, { config: publicPage, schema: hidden }, async (request, reply) => {
    withoutSharing(reply)
    return answer(request, reply)
  })
  await app.register(async (scope) => {
    // As it was sent: what is repeated is told by its own error.
    scope.removeContentTypeParser('application/x-www-form-urlencoded')
    scope.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) =>
      done(null, { form: body }),
    )
    scope.post(authorizePath, { config: publicPage, schema: hidden }, async (request, reply) => {
      withoutSharing(reply)
      const { form = '' } = (request.body ?? {}) as { form?: string }
      if (form.length > maxQueryLength) return refuse(reply, 'too_long')
      return goTo(reply, `${basePath}${authorizePath}?${String(new URLSearchParams(form))}`)
    })
  })

  async function showConsent(
    request: FastifyRequest,
    reply: FastifyReply,
    outcome: AuthorizeOutcome,
    words: Messages = {},
  ) {
    const user = await pageUsers.userOf(request)
    if (outcome.kind !== 'step' || outcome.step.kind !== 'consent' || user === undefined) return proceed(reply, outcome)
    const { client, redirectUri, scopes } = outcome.request
    return pages.show(reply, consentPage, {
      ...{ csrfToken: csrf.tokenFor(request, reply), request: outcome.resumed },
      ...{
        subject: user.subject,
        email: user.email,
        program: client.name,
        host: placeOf(redirectUri),
        scopes,
        isVerified: !client.selfRegistered,
        site: isOfDocument(client) ? client.name : undefined,
      },
      ...words,
    })
  }

  app.get(
    '/consent',
    { config: { ...publicPage, address: (sent) => sent }, schema: hidden },
    async (request, reply) => {
      const user = await pageUsers.userOf(request)
      return showConsent(
        request,
        reply,
        await authorize({ parameters: new URLSearchParams(queryOf(request)), user, address: limitKey(request.ip) }),
      )
    },
  )

  app.post(
    '/consent',
    {
      config: { ...publicPage, address: ({ request }) => Object.fromEntries(new URLSearchParams(request ?? '')) },
      schema: { ...hidden, body: Form({ request: Type.String(), subject: Type.String(), answer: Type.String() }) },
    },
    async (request, reply) => {
      const { csrf_token, request: asked = '', subject, answer: given } = request.body
      const parameters = new URLSearchParams(asked)
      const again = pages.mustAskAgain(request, reply, csrf_token)
      const user = await pageUsers.userOf(request)
      const isSame = user?.subject === subject
      if (again !== undefined || !isSame) {
        const { somebodyElse } = pages.textsFor(request).openid.consent
        const words = { notice: again?.notice ?? (user && somebodyElse) }
        return showConsent(request, reply, await authorize({ parameters, user, address: limitKey(request.ip) }), words)
      }
      const said = given === 'allow' || given === 'deny' ? given : undefined
      return proceed(reply, await authorize({ parameters, user, answer: said, address: limitKey(request.ip) }))
    },
  )
}

function queryOf({ url }: FastifyRequest): string {
  const mark = url.indexOf('?')
  return mark === -1 ? '' : url.slice(mark + 1)
}
