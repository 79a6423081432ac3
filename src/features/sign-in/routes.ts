import type { FastifyRequest } from 'fastify'
import { Type } from '../../json-schema.ts'
import type { AccessTokenClaims } from '../../core/access-token.ts'
import { GatehouseError } from '../../core/errors.ts'
import { invalidPasskey } from '../../core/passkey-answers.ts'
import { keptUntil } from '../../core/records/session.ts'
import { firstPartyClientId } from '../../core/principal.ts'
import type { Cookies } from '../../http/cookies.ts'
import type { CheckCrossSite } from '../../http/cross-site.ts'
import { userOf } from '../../http/guard.ts'
import type { Pages } from '../../http/pages.ts'
import type { RateLimits } from '../../http/rate-limits.ts'
import { answersWith } from '../../http/document.ts'
import { NoContent, problems } from '../../http/schema.ts'
import type { App } from '../../http/server.ts'
import type { Delivery } from './http/delivery.ts'
import type { LogIn } from './log-in.ts'
import type { Credentials } from '../credentials/index.ts'
import type { EndSession } from '../sessions/index.ts'
import type { ChooseRefreshToken, RotateRefresh, TokenIssuer } from '../tokens/index.ts'
import { Login, Proof, Refresh } from './schema.ts'
import type { SessionsShown } from './http/sessions-shown.ts'
import type { StepUp } from './step-up.ts'

export interface SignInOptions {
  logIn: LogIn
  delivery: Delivery
  stepUp: StepUp
  forSession: TokenIssuer['forSession']
  beginFamily: TokenIssuer['beginFamily']
  rotateRefresh: RotateRefresh
  chooseRefreshToken: ChooseRefreshToken
  sessionsShown: SessionsShown
  verifyAccessToken(token: string): AccessTokenClaims | undefined
  /** Whom an access token stands for now; nothing when it was revoked. */
  accessToken: Credentials['accessToken']
  endSession: EndSession
  cookies: Cookies
  checkCrossSite: CheckCrossSite
  limits: RateLimits
  languageOf: Pages['languageOf']
}

export async function signInRoutes(app: App, options: SignInOptions): Promise<void> {
  const { logIn, delivery, cookies, limits } = options

  const clearsOrSets = (status: number) =>
    status === 200 ? (['Cache-Control', 'Set-Cookie'] as const) : status === 401 ? (['Set-Cookie'] as const) : []

  app.post(
    '/api/auth/login',
    {
      config: { access: 'public', rateLimit: limits.secretTests, answers: answersWith('Cache-Control', 'Set-Cookie') },
      schema: {
        operationId: 'login',
        summary: 'Sign in',
        description:
          'Begins a session: sets its cookie and answers an access token. The refresh token comes as a cookie, or in the ' +
          'body when `token_delivery` asks for it. Whoever has a second factor, or needs one, is answered `mfa_token` in place of ' +
          'that, by which `POST /api/auth/mfa`, `POST /api/auth/passkey` or `POST /api/auth/enrol` goes on.',
        tags: ['Sign-in'],
        security: [],
        body: Login,
        response: {
          200: Type.Ref('SignedIn'),
          ...problems(
            ...(['invalid_credentials', 'mfa_required', 'enrolment_required'] as const),
            ...(['account_deletion_pending', 'cross_site_request', 'password_must_change', 'account_refused'] as const),
            'passwords_off',
          ),
        },
      },
    },
    async (request, reply) => {
      options.checkCrossSite(request)
      const { email, password, remember = true, token_delivery: delivered } = request.body
      const wishes = { ...wishesOfPrograms, remember, tokensInBody: delivered === 'body' }
      const device = {
        ...deviceOf(request, cookies),
        language: options.languageOf(request),
        holder: 'program',
      } as const
      const outcome = await logIn({ email, password, wishes }, device)
      if (outcome.kind === 'too_many_failures') {
        throw new GatehouseError('too_many_requests', outcome)
      }
      if (outcome.kind === 'deletion_pending') {
        reply.header('cache-control', 'no-store')
        throw new GatehouseError('account_deletion_pending', { deletion: outcome })
      }
      if (outcome.kind === 'unfinished') {
        const { step, secret: mfaToken, factors } = outcome
        reply.header('cache-control', 'no-store')
        throw new GatehouseError(step === 'enrol' ? 'enrolment_required' : 'mfa_required', {
          step: { mfaToken, factors },
        })
      }
      if (outcome.kind === 'must_change') {
        const { url } = outcome
        throw new GatehouseError('password_must_change', url === undefined ? {} : { detail: `It is changed at ${url}` })
      }
      if (outcome.kind === 'ended' || outcome.kind === 'not_admitted') throw new GatehouseError('account_refused')
      if (outcome.kind !== 'signed_in') throw new GatehouseError(outcome.kind)
      return delivery.ofSignIn(request, reply, outcome)
    },
  )

  app.post(
    '/api/auth/step-up',
    {
      config: { access: 'user', rateLimit: limits.secretTests, answers: answersWith('Cache-Control', 'Set-Cookie') },
      schema: {
        operationId: 'stepUp',
        summary: 'Prove again who you are',
        description:
          'Answers `insufficient_user_authentication` (RFC 9470). The session counts as proven now, with every token of ' +
          'it; tokens that are issued from now on say so in `auth_time`, and the answer holds one. The session cookie ' +
          'gets another value, and the refresh token stays. A code or passkey that lifts the session to `aal2` puts another session in its place, ' +
          'with a refresh token of its own, and the tokens of the one before count no more. Failures count as failed sign-ins do. Whoever has a second factor gives a ' +
          'code of it or a passkey (`POST /api/auth/step-up/options`), and others their password.',
        tags: ['Sign-in'],
        security: [{ bearer: [] }, { session: [] }],
        body: Proof,
        response: {
          200: Type.Ref('SignedIn'),
          ...problems('invalid_credentials', 'invalid_code', 'invalid_passkey', 'insufficient_user_authentication'),
        },
      },
    },
    async (request, reply) => {
      const { token_delivery: delivered, ...proof } = request.body
      const outcome = await options.stepUp(userOf(request), proof, deviceOf(request, cookies))
      if (outcome.kind === 'too_many_failures') throw new GatehouseError('too_many_requests', outcome)
      if (outcome.kind === 'session_ended') throw new GatehouseError('unauthorized')
      if (outcome.kind === 'factor_needed') {
        throw new GatehouseError('insufficient_user_authentication', { proof: { level: 'aal2' } })
      }
      if (outcome.kind === 'invalid_passkey') throw invalidPasskey(outcome.fault)
      if (outcome.kind !== 'proven') throw new GatehouseError(outcome.kind)
      const { session, user, secret, isRaised } = outcome
      cookies.setSession(reply, secret, keptUntil(session))
      const wanted = { user, session, clientId: firstPartyClientId, scopes: [] }
      const tokens = isRaised ? await options.beginFamily(wanted) : options.forSession(wanted)
      return delivery.ofTokens(reply, tokens, outcome, delivered === 'body')
    },
  )

  app.post(
    '/api/auth/refresh',
    {
      config: { access: 'public', rateLimit: false, answers: [{ headers: clearsOrSets }] },
      // What these headers tell browsers about pages would cost as much as the rest of the answer.
      helmet: false,
      onRequest: (_request, reply, done) => {
        reply.header('x-content-type-options', 'nosniff')
        done()
      },
      schema: {
        operationId: 'refresh',
        summary: 'Exchange a refresh token',
        description:
          'Takes the refresh cookie, or `refresh_token` in the body; its successor comes back the same way. A token works ' +
          'once; a retry within seconds gets the same answer again, a later one ends the session.',
        tags: ['Sign-in'],
        security: [{ refresh: [] }, {}],
        body: Type.Union([Refresh, Type.Null()]),
        response: {
          200: Type.Ref('SignedIn'),
          ...problems('invalid_refresh_token', 'cross_site_request', 'too_many_requests'),
        },
      },
      // Bodiless calls are what the cookie is for.
      preValidation: async (request) => void (request.body ??= null),
    },
    async (request, reply) => {
      const fromBody = request.body?.refresh_token
      const shown = fromBody ?? cookies.refresh(request)
      if (fromBody === undefined) options.checkCrossSite(request)
      const choice =
        typeof shown === 'object'
          ? await options.chooseRefreshToken(shown)
          : ({ kind: 'chosen', token: shown } as const)
      // Nothing is cleared: without ours the other would count from now on, whoever has set it.
      if (choice.kind === 'ambiguous') throw new GatehouseError('invalid_refresh_token')
      const { token: refreshToken } = choice
      const outcome = refreshToken
        ? await options.rotateRefresh({ refreshToken, clientId: firstPartyClientId })
        : ({ kind: 'invalid' } as const)
      if (outcome.kind === 'limited') throw new GatehouseError('too_many_requests', outcome)
      if (outcome.kind !== 'rotated') {
        // Somebody without a refresh cookie may have a session all the same: the cookie may have gone idle before it.
        if (fromBody === undefined && shown !== undefined) cookies.clearSignIn(reply)
        throw new GatehouseError('invalid_refresh_token')
      }
      return delivery.ofTokens(reply, outcome.tokens, outcome, fromBody !== undefined)
    },
  )

  app.post(
    '/api/auth/logout',
    {
      config: { access: 'public', rateLimit: limits.takingAway, answers: answersWith('Set-Cookie') },
      schema: {
        operationId: 'logout',
        summary: 'Sign out',
        description:
          'Ends the session of the session cookie, the refresh cookie or the bearer token, and clears the cookies.',
        tags: ['Sign-in'],
        security: [{ session: [] }, { refresh: [] }, { bearer: [] }, {}],
        response: { 204: NoContent, ...problems('cross_site_request') },
      },
    },
    async (request, reply) => {
      for (const sessionId of await sessionsOf(request)) await options.endSession(sessionId, 'logged_out')
      cookies.clearSignIn(reply)
      return reply.code(204).send(null)
    },
  )

  async function sessionsOf(request: FastifyRequest): Promise<Set<string>> {
    const showsCookie = cookies.session(request) !== undefined || cookies.refresh(request) !== undefined
    if (showsCookie) options.checkCrossSite(request)
    const sessions = await options.sessionsShown(request)
    const bearer = /^Bearer ([\w.~+/-]+=*)$/i.exec(request.headers.authorization ?? '')?.[1]
    const claims = bearer === undefined ? undefined : options.verifyAccessToken(bearer)
    // Who acts for somebody, or was let in by them, does not sign them out, nor does a token that does not count any more.
    const isOwn = claims?.act === undefined && claims?.grant_id === undefined
    const sid = isOwn && (await options.accessToken(bearer ?? '')) ? claims?.sid : undefined
    if (sid !== undefined) sessions.add(sid)
    return sessions
  }
}

/** What programs want of a sign-in that say nothing else. */
const wishesOfPrograms = { returnTo: null, level: null, clientId: firstPartyClientId } as const

/** Where a sign-in comes from: what its session remembers, and what the browser is known by. */
export function deviceOf(request: FastifyRequest, cookies: Pick<Cookies, 'device'>) {
  const userAgent = (request.headers['user-agent'] ?? '').replace(/[^\x20-\x7e]/g, '?')
  return { ip: request.ip, userAgent, known: cookies.device(request) }
}
