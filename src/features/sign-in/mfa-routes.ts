import type { FastifyRequest } from 'fastify'
import { GatehouseError } from '../../core/errors.ts'
import { invalidPasskey, noPasskeys } from '../../core/passkey-answers.ts'
import type { Cookies } from '../../http/cookies.ts'
import type { CheckCrossSite } from '../../http/cross-site.ts'
import { answersWith } from '../../http/document.ts'
import type { Pages } from '../../http/pages.ts'
import type { RateLimits } from '../../http/rate-limits.ts'
import { problems } from '../../http/schema.ts'
import type { App } from '../../http/server.ts'
import { Type } from '../../json-schema.ts'
import type { Ceremonies, FactorManagement, FactorReset } from '../factors/index.ts'
import type { ContinueSignIn } from './continue-sign-in.ts'
import type { Delivery } from './http/delivery.ts'
import type { Interactions } from './interactions.ts'
import { deviceOf } from './routes.ts'
import { Enrolled, Enrolment, EnrolmentCode, EnrolmentPasskey, SecondFactor } from './schema.ts'

export interface MfaOptions {
  continueSignIn: ContinueSignIn
  interactions: Pick<Interactions, 'find' | 'countTry'>
  factors: FactorManagement
  ceremonies: Ceremonies | undefined
  reset: Pick<FactorReset, 'isLink'>
  delivery: Delivery
  cookies: Cookies
  checkCrossSite: CheckCrossSite
  limits: RateLimits
  languageOf: Pages['languageOf']
}

/** How programs take the second step of a sign-in, by the `mfa_token` of the first. */
export async function mfaRoutes(app: App, options: MfaOptions): Promise<void> {
  const { continueSignIn, interactions, factors, ceremonies, reset, delivery, cookies, limits, languageOf } = options
  const tags = ['Sign-in']
  const secretTest = { access: 'public', rateLimit: limits.secretTests } as const
  const signsIn = { ...secretTest, answers: answersWith('Cache-Control', 'Set-Cookie') }
  const deviceIn = (request: FastifyRequest) =>
    ({ ...deviceOf(request, cookies), language: languageOf(request), holder: 'program' }) as const

  app.post(
    '/api/auth/mfa',
    {
      config: signsIn,
      schema: {
        operationId: 'proveSecondFactor',
        summary: 'Sign in with a second factor',
        description:
          'Goes on with a sign-in that was answered `mfa_required`. Wrong codes of both kinds count in one budget of the account.',
        tags,
        security: [],
        body: SecondFactor,
        response: { 200: Type.Ref('SignedIn'), ...problems('invalid_token', 'invalid_code', 'cross_site_request') },
      },
    },
    async (request, reply) => {
      options.checkCrossSite(request)
      const { mfa_token: token, code, remember_device: rememberDevice = false } = request.body
      const outcome = await continueSignIn.withCode(token, { code, rememberDevice }, deviceIn(request))
      if (outcome.kind === 'ended') throw new GatehouseError('invalid_token')
      if (outcome.kind === 'wrong_code') throw new GatehouseError('invalid_code')
      if (outcome.kind === 'too_many_failures') throw new GatehouseError('too_many_requests', outcome)
      return delivery.ofSignIn(request, reply, outcome)
    },
  )

  /** Whose sign-in waits for a factor to be set up. Throws `invalid_token`. */
  async function enrolling(find: Interactions['find'], mfaToken: string, linkToken: string | undefined) {
    const underWay = await find({ holder: 'program', secret: mfaToken })
    if (underWay === undefined || underWay.user.hasSecondFactor) throw new GatehouseError('invalid_token')
    const { mailboxNeeded } = await factors.of(underWay.user.id)
    if (mailboxNeeded && !(await reset.isLink(underWay.user.id, linkToken))) {
      const detail = 'An operator has reset the second factors. This needs the token of the link that was mailed.'
      throw new GatehouseError('invalid_token', { detail, fields: [{ path: '/body/token', message: 'is needed' }] })
    }
    return underWay
  }

  app.post(
    '/api/auth/enrol',
    {
      config: { ...secretTest, answers: answersWith('Cache-Control') },
      schema: {
        operationId: 'beginEnrolment',
        summary: 'Set up a second factor in order to sign in',
        description: 'Goes on with a sign-in that was answered `enrolment_required`.',
        tags,
        security: [],
        body: Enrolment,
        response: { 200: Type.Ref('ProposedTotp'), ...problems('invalid_token', 'cross_site_request') },
      },
    },
    async (request, reply) => {
      options.checkCrossSite(request)
      const { mfa_token: mfaToken, token } = request.body
      const { user, interaction } = await enrolling(interactions.find, mfaToken, token)
      const { key, uri, qrCode } = await factors.propose(user, interaction.id)
      return reply.header('cache-control', 'no-store').send({ secret: key, otpauth_uri: uri, qr_code: qrCode })
    },
  )

  app.post(
    '/api/auth/enrol/confirm',
    {
      config: signsIn,
      schema: {
        operationId: 'confirmEnrolment',
        summary: 'Confirm the first code of a second factor, and sign in',
        tags,
        security: [],
        body: EnrolmentCode,
        response: { 200: Enrolled, ...problems('invalid_token', 'invalid_code', 'cross_site_request') },
      },
    },
    async (request, reply) => {
      options.checkCrossSite(request)
      const { mfa_token: mfaToken, token, code } = request.body
      const { user, interaction } = await enrolling(interactions.countTry, mfaToken, token)
      const how = { by: interaction.id, language: languageOf(request), isFirst: true, mailboxToken: token }
      const confirmed = await factors.confirm(user, code, how)
      if (confirmed.kind === 'wrong_code') throw new GatehouseError('invalid_code')
      if (confirmed.kind === 'nothing_proposed') throw new GatehouseError('invalid_token')
      const outcome = await continueSignIn.afterEnrolment(mfaToken, deviceIn(request), ['otp'])
      if (outcome.kind === 'ended') throw new GatehouseError('invalid_token')
      const answer = await delivery.ofSignIn(request, reply, outcome)
      return { ...answer, recovery_codes: confirmed.recoveryCodes }
    },
  )

  app.post(
    '/api/auth/enrol/passkey/options',
    {
      config: { ...secretTest, answers: answersWith('Cache-Control') },
      schema: {
        operationId: 'beginPasskeyEnrolment',
        summary: 'Begin to add a passkey in order to sign in',
        description: 'Goes on with a sign-in that was answered `enrolment_required`.',
        tags,
        security: [],
        body: Enrolment,
        response: {
          200: Type.Ref('PasskeyCreationOptions'),
          ...problems('invalid_token', 'not_found', 'cross_site_request'),
        },
      },
    },
    async (request, reply) => {
      options.checkCrossSite(request)
      if (ceremonies === undefined) throw noPasskeys()
      const { user, interaction } = await enrolling(interactions.find, request.body.mfa_token, request.body.token)
      return reply.header('cache-control', 'no-store').send(await ceremonies.challenges.toMake(user, interaction.id))
    },
  )

  app.post(
    '/api/auth/enrol/passkey',
    {
      config: signsIn,
      schema: {
        operationId: 'enrolPasskey',
        summary: 'Add a passkey, and sign in',
        tags,
        security: [],
        body: EnrolmentPasskey,
        response: {
          200: Enrolled,
          ...problems('invalid_token', 'invalid_passkey', 'not_found', 'conflict', 'cross_site_request'),
        },
      },
    },
    async (request, reply) => {
      options.checkCrossSite(request)
      if (ceremonies === undefined) throw noPasskeys()
      const { mfa_token: mfaToken, token, ...given } = request.body
      const { user, interaction } = await enrolling(interactions.countTry, mfaToken, token)
      const how = { by: interaction.id, language: languageOf(request), isFirst: true, mailboxToken: token }
      const added = await ceremonies.add(user, given, how)
      if (added.kind === 'wrong') throw invalidPasskey(added.fault)
      if (added.kind !== 'added') throw new GatehouseError('conflict', { detail: 'This passkey is known already.' })
      const outcome = await continueSignIn.afterEnrolment(mfaToken, deviceIn(request), added.methods)
      if (outcome.kind === 'ended') throw new GatehouseError('invalid_token')
      const answer = await delivery.ofSignIn(request, reply, outcome)
      return { ...answer, recovery_codes: added.recoveryCodes ?? [] }
    },
  )
}
