import { GatehouseError } from '../../core/errors.ts'
import { invalidPasskey, noPasskeys } from '../../core/passkey-answers.ts'
import { firstPartyClientId } from '../../core/principal.ts'
import type { Cookies } from '../../http/cookies.ts'
import type { CheckCrossSite } from '../../http/cross-site.ts'
import { answersWith } from '../../http/document.ts'
import { personWithSession } from '../../http/guard.ts'
import type { Pages } from '../../http/pages.ts'
import type { RateLimits } from '../../http/rate-limits.ts'
import { problems } from '../../http/schema.ts'
import type { App } from '../../http/server.ts'
import { Type } from '../../json-schema.ts'
import type { Ceremonies } from '../factors/index.ts'
import type { ContinueSignIn } from './continue-sign-in.ts'
import type { Delivery } from './http/delivery.ts'
import type { Interactions } from './interactions.ts'
import type { LogInByPasskey } from './log-in-by-passkey.ts'
import { deviceOf } from './routes.ts'
import { PasskeyAsked, PasskeyLogin } from './schema.ts'

export interface PasskeySignInOptions {
  logInByPasskey: LogInByPasskey | undefined
  ceremonies: Ceremonies | undefined
  continueSignIn: Pick<ContinueSignIn, 'withPasskey'>
  interactions: Pick<Interactions, 'find'>
  delivery: Delivery
  cookies: Cookies
  checkCrossSite: CheckCrossSite
  limits: RateLimits
  languageOf: Pages['languageOf']
}

/** How programs sign somebody in by a passkey, alone or as the second factor of a sign-in that is under way. */
export async function passkeySignInRoutes(app: App, options: PasskeySignInOptions): Promise<void> {
  const { ceremonies, logInByPasskey, continueSignIn, interactions, delivery, cookies, limits } = options
  const tags = ['Sign-in']
  const answersOptions = { 200: Type.Ref('PasskeyRequestOptions') }

  app.post(
    '/api/auth/passkey/options',
    {
      config: { access: 'public', answers: answersWith('Cache-Control') },
      schema: {
        operationId: 'beginPasskeySignIn',
        summary: 'Begin to sign in with a passkey',
        description:
          'What it answers is the same for everybody. With `mfa_token` it is for the second factor of that sign-in, and names the passkeys of its person.',
        tags,
        security: [],
        body: Type.Union([PasskeyAsked, Type.Null()]),
        response: { ...answersOptions, ...problems('invalid_token', 'not_found', 'cross_site_request') },
      },
      preValidation: async (request) => void (request.body ??= null),
    },
    async (request, reply) => {
      options.checkCrossSite(request)
      if (ceremonies === undefined) throw noPasskeys()
      const { mfa_token: secret } = request.body ?? {}
      reply.header('cache-control', 'no-store')
      if (secret === undefined) return ceremonies.challenges.toShow({ purpose: 'sign_in' })
      const underWay = await interactions.find({ holder: 'program', secret })
      if (underWay === undefined) throw new GatehouseError('invalid_token')
      const { user, interaction } = underWay
      return ceremonies.challenges.toShow({ purpose: 'second_factor', userId: user.id, holder: interaction.id })
    },
  )

  app.post(
    '/api/auth/passkey',
    {
      config: {
        access: 'public',
        rateLimit: limits.secretTests,
        answers: answersWith('Cache-Control', 'Set-Cookie'),
      },
      schema: {
        operationId: 'passkeySignIn',
        summary: 'Sign in with a passkey',
        description:
          'Takes the answer of a browser to `POST /api/auth/passkey/options`, once. A passkey is two factors by itself, so that the session ' +
          'is at `aal2`; `amr` says `hwk`, or `swk` where the passkey can be copied to other devices, and `user` and `mfa`. With ' +
          '`mfa_token` it goes on with the sign-in that was answered `mfa_required`, which said by itself whether to stay signed in and ' +
          'how the refresh token comes.',
        tags,
        security: [],
        body: PasskeyLogin,
        response: {
          200: Type.Ref('SignedIn'),
          ...problems(
            ...(['invalid_passkey', 'invalid_token', 'not_found'] as const),
            ...(['account_deletion_pending', 'cross_site_request'] as const),
          ),
        },
      },
    },
    async (request, reply) => {
      options.checkCrossSite(request)
      if (logInByPasskey === undefined) throw noPasskeys()
      const { credential, mfa_token: secret, remember = true, token_delivery: delivered } = request.body
      const { remember_device: rememberDevice = false } = request.body
      const device = {
        ...{ ...deviceOf(request, cookies), language: options.languageOf(request) },
        holder: 'program' as const,
      }
      if (secret !== undefined) {
        const outcome = await continueSignIn.withPasskey(secret, { credential, rememberDevice }, device)
        if (outcome.kind === 'ended') throw new GatehouseError('invalid_token')
        if (outcome.kind === 'invalid_passkey') throw invalidPasskey(outcome.fault)
        return delivery.ofSignIn(request, reply, outcome)
      }
      const wishes = {
        ...{ returnTo: null, level: null, clientId: firstPartyClientId },
        ...{ remember, tokensInBody: delivered === 'body' },
      }
      const outcome = await logInByPasskey({ credential, wishes }, device)
      if (outcome.kind === 'invalid_passkey') throw invalidPasskey(outcome.fault)
      if (outcome.kind === 'deletion_pending') {
        reply.header('cache-control', 'no-store')
        throw new GatehouseError('account_deletion_pending', { deletion: outcome })
      }
      // Nothing is above what a passkey proves.
      if (outcome.kind === 'unfinished') throw new GatehouseError('forbidden')
      return delivery.ofSignIn(request, reply, outcome)
    },
  )

  app.post(
    '/api/auth/step-up/options',
    {
      config: { access: 'user', answers: answersWith('Cache-Control') },
      schema: {
        operationId: 'beginPasskeyStepUp',
        summary: 'Begin to prove again who you are, with a passkey',
        description: 'What it answers is for this session; `POST /api/auth/step-up` takes the answer of the browser.',
        tags,
        security: [{ bearer: [] }, { session: [] }],
        response: { ...answersOptions, ...problems('not_found') },
      },
    },
    async (request, reply) => {
      if (ceremonies === undefined) throw noPasskeys()
      const { subject: userId, sessionId: holder } = personWithSession(request)
      reply.header('cache-control', 'no-store')
      return ceremonies.challenges.toShow({ purpose: 'step_up', userId, holder })
    },
  )
}
