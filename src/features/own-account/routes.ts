import type { FastifyRequest } from 'fastify'
import { Type } from '../../json-schema.ts'
import { GatehouseError } from '../../core/errors.ts'
import { keptUntil } from '../../core/records/session.ts'
import type { Cookies } from '../../http/cookies.ts'
import { answersWith } from '../../http/document.ts'
import { userOf } from '../../http/guard.ts'
import type { Pages } from '../../http/pages.ts'
import type { RateLimits } from '../../http/rate-limits.ts'
import { EndedApiKeys, NoContent, problems } from '../../http/schema.ts'
import type { App } from '../../http/server.ts'
import type { ChangePassword, From } from './change-password.ts'
import type { EmailChanges } from './change-email.ts'
import type { AccountDeletion } from './delete-account.ts'
import type { ExportAccount } from './export-account.ts'
import type { NotProven } from './prove-owner.ts'
import {
  Deleting,
  DeletionRequest,
  EmailRequest,
  Exported,
  Keeping,
  Link,
  PasswordChange,
  Requested,
} from './schema.ts'
import { showExport } from './show-export.ts'

export interface OwnAccountOptions {
  changePassword: ChangePassword
  emailChanges: EmailChanges
  deletion: AccountDeletion
  exportAccount: ExportAccount
  cookies: Cookies
  languageOf: Pages['languageOf']
  limits: RateLimits
  clock: { now(): number }
  /** How old a proof of the person may be in place of their password. */
  freshSeconds: number
}

/** What people do to their own account. */
export async function ownAccountRoutes(app: App, options: OwnAccountOptions): Promise<void> {
  const { changePassword, emailChanges, deletion, exportAccount, cookies, limits, clock, freshSeconds } = options
  const fromOf = (request: FastifyRequest): From => ({
    ip: request.ip,
    known: cookies.device(request),
    language: options.languageOf(request),
  })
  const tags = ['Your account']
  const signedIn = [{ bearer: [] }, { session: [] }]
  const secretTest = { access: 'user', rateLimit: limits.secretTests } as const
  /** The password, which is shown with the request, is not enough where there is a second factor. */
  const byFactor = { fresh: 'with_factor' } as const
  const notProven = problems('invalid_credentials', 'too_many_requests')

  app.post(
    '/api/users/me/password',
    {
      config: { ...secretTest, ...byFactor, answers: answersWith('Set-Cookie') },
      schema: {
        operationId: 'changePassword',
        summary: 'Change your password',
        description:
          'Ends all your other sessions, links to reset the password and known devices. The session cookie of this one, where it ' +
          'is shown, is replaced. API keys go on, unless `end_api_keys` says otherwise: the answer then is how many were ended.',
        tags,
        security: signedIn,
        body: PasswordChange,
        response: {
          200: EndedApiKeys,
          204: NoContent,
          ...notProven,
          ...problems('password_rejected', 'password_kept_elsewhere'),
        },
      },
    },
    async (request, reply) => {
      const { current_password: currentPassword, password, end_api_keys: endApiKeys } = request.body
      const outcome = await changePassword(userOf(request), { currentPassword, password, endApiKeys }, fromOf(request))
      if (outcome.kind === 'kept_elsewhere') throw new GatehouseError('password_kept_elsewhere')
      if (outcome.kind !== 'changed') throw notProvenError(outcome, '/body/current_password')
      const { renewed } = outcome
      if (renewed !== undefined && cookies.session(request) !== undefined) {
        cookies.setSession(reply, renewed.secret, keptUntil(renewed.session))
      }
      if (endApiKeys) return reply.send({ ended_api_keys: outcome.endedApiKeys })
      return reply.code(204).send(null)
    },
  )

  app.post(
    '/api/users/me/email',
    {
      config: { ...secretTest, ...byFactor },
      schema: {
        operationId: 'changeEmail',
        summary: 'Ask for another address',
        description:
          'It counts once it is confirmed by the link that is mailed to it. The answer is the same whether or not somebody has ' +
          'it. The present address gets a link that stops the change and, once it is confirmed, one that takes it back for 72 hours. ' +
          'Its domain must be one that may register (`accounts.domains`).',
        tags,
        security: signedIn,
        body: EmailRequest,
        response: { 202: Requested, ...notProven, ...problems('registration_closed') },
      },
    },
    async (request, reply) => {
      const outcome = await emailChanges.request(userOf(request), request.body, fromOf(request))
      if (outcome.kind !== 'requested') throw notProvenError(outcome, '/body/password')
      return reply.code(202).send({ status: 'check_your_email' })
    },
  )

  const byLink = { access: 'public', rateLimit: limits.secretTests } as const
  app.post(
    '/api/auth/confirm-email',
    {
      config: byLink,
      schema: {
        operationId: 'confirmEmail',
        summary: 'Confirm another address',
        description: 'Takes the token of the mailed link, which works once.',
        tags,
        security: [],
        body: Link,
        response: { 204: NoContent, ...problems('invalid_token') },
      },
    },
    async (request, reply) => {
      const isConfirmed = await emailChanges.confirm(request.body.token, options.languageOf(request))
      if (!isConfirmed) throw new GatehouseError('invalid_token')
      return reply.code(204).send(null)
    },
  )

  app.post(
    '/api/auth/undo-email',
    {
      // It takes rights away, and must work while nobody can count.
      config: { access: 'public', rateLimit: limits.takingAway },
      schema: {
        operationId: 'undoEmail',
        summary: 'Stop or take back another address',
        description:
          'Takes the token of a link in a mail to the former address. A change that was confirmed is taken back for 72 hours: ' +
          'the account has its former address again, every session, known device and newer API key ends, and a link to a new ' +
          'password is mailed to it. Nobody is signed in by it.',
        tags,
        security: [],
        body: Link,
        response: { 204: NoContent, ...problems('invalid_token') },
      },
    },
    async (request, reply) => {
      const outcome = await emailChanges.undo(request.body.token, options.languageOf(request))
      if (outcome === undefined) throw new GatehouseError('invalid_token')
      return reply.code(204).send(null)
    },
  )

  app.get(
    '/api/users/me/export',
    {
      config: { access: 'user', fresh: true, answers: answersWith('Content-Disposition') },
      schema: {
        operationId: 'exportAccount',
        summary: 'All that is stored about you',
        description: 'Three times a day. You are told by mail.',
        tags,
        security: signedIn,
        response: { 200: Exported, ...problems('too_many_requests') },
      },
    },
    async (request, reply) => {
      const exported = await exportAccount(userOf(request).subject, options.languageOf(request))
      if (exported === undefined) throw new GatehouseError('unauthorized')
      reply.header('content-disposition', 'attachment; filename="account.json"')
      return reply.header('cache-control', 'no-store').send(showExport(exported, new Date(clock.now())))
    },
  )

  app.delete(
    '/api/users/me',
    {
      // It takes rights away. Wrong passwords are counted all the same, by their account.
      config: { access: 'user', ...byFactor, rateLimit: limits.takingAway, answers: answersWith('Set-Cookie') },
      schema: {
        operationId: 'deleteAccount',
        summary: 'Delete your account',
        description:
          'With the password, or a step-up a short while ago. Every session, API key and known device ends at once; the account ' +
          'and what belongs to it go when the time in which it can be kept is over (`accounts.deletion_grace_days`).',
        tags,
        security: signedIn,
        body: Type.Union([DeletionRequest, Type.Null()]),
        response: {
          202: Deleting,
          ...problems('invalid_credentials', 'too_many_requests', 'last_administrator'),
        },
      },
    },
    async (request, reply) => {
      const person = userOf(request)
      const password = request.body?.password
      const age = Math.floor(clock.now() / 1000) - person.authenticatedAt
      if (password === undefined && age > freshSeconds) {
        const proof = { level: 'aal1', maxAgeSeconds: freshSeconds } as const
        throw new GatehouseError('insufficient_user_authentication', { proof })
      }
      const outcome = await deletion.request(person, { password }, fromOf(request))
      if (outcome.kind === 'last_administrator') throw new GatehouseError('last_administrator')
      if (outcome.kind === 'not_there') throw new GatehouseError('unauthorized')
      if (outcome.kind !== 'requested') throw notProvenError(outcome, '/body/password')
      cookies.clearSignIn(reply)
      return reply.code(202).send({ deleted_at: outcome.deletesAt.toISOString() })
    },
  )

  app.post(
    '/api/users/me/keep',
    {
      config: byLink,
      schema: {
        operationId: 'keepAccount',
        summary: 'Keep the account whose deletion was asked for',
        description: 'Takes the `keep_token` that a sign-in answers meanwhile. Sign in again afterwards.',
        tags,
        security: [],
        body: Keeping,
        response: { 204: NoContent, ...problems('invalid_token') },
      },
    },
    async (request, reply) => {
      if (!(await deletion.keep(request.body.keep_token))) throw new GatehouseError('invalid_token')
      return reply.code(204).send(null)
    },
  )
}

/** What somebody is told whose password did not prove who they are. */
function notProvenError(outcome: NotProven, path: string): GatehouseError {
  if (outcome.kind === 'too_many_failures') return new GatehouseError('too_many_requests', outcome)
  return new GatehouseError('invalid_credentials', { fields: [{ path, message: 'is wrong' }] })
}
