import type { FastifyReply, FastifyRequest } from 'fastify'
import { GatehouseError } from '../../core/errors.ts'
import type { User, UserStore } from '../../core/records/user.ts'
import { personWithSession, userOf } from '../../http/guard.ts'
import type { Pages } from '../../http/pages.ts'
import type { RateLimits } from '../../http/rate-limits.ts'
import { NoContent, problems } from '../../http/schema.ts'
import type { App } from '../../http/server.ts'
import { Type } from '../../json-schema.ts'
import type { ConfirmInSession } from './confirm-in-session.ts'
import type { FactorManagement } from './manage-factors.ts'
import { CodeRequest, RecoveryCodes, showFactors, ShownFactors, showProposal } from './schema.ts'

export interface FactorOptions {
  management: FactorManagement
  inSession: ConfirmInSession
  users: Pick<UserStore, 'findById'>
  languageOf: Pages['languageOf']
  limits: RateLimits
}

/** The signed-in person's own second factors. */
export async function factorRoutes(app: App, options: FactorOptions): Promise<void> {
  const { management, limits, languageOf } = options
  const accountOf = createAccountOf(options.users)
  const security = [{ bearer: [] }, { session: [] }]
  const tags = ['Second factors']
  const fresh = { access: 'user', fresh: true } as const
  const noStore = (reply: FastifyReply) => reply.header('cache-control', 'no-store')

  app.get(
    '/api/users/me/mfa',
    {
      config: { access: 'user' },
      schema: {
        operationId: 'listFactors',
        summary: 'Your second factors',
        tags,
        security,
        response: { 200: ShownFactors },
      },
    },
    async (request, reply) => noStore(reply).send(showFactors(await management.of(userOf(request).subject))),
  )

  app.post(
    '/api/users/me/mfa/totp',
    {
      config: fresh,
      schema: {
        operationId: 'proposeTotp',
        summary: 'Begin to set up an authenticator app',
        description:
          'Answers a key. It counts once a code of it is confirmed, within an hour; an app that was set up before counts until then.',
        tags,
        security,
        response: { 200: Type.Ref('ProposedTotp') },
      },
    },
    async (request, reply) => {
      const owner = await accountOf(request)
      return noStore(reply).send(showProposal(await management.propose(owner, personWithSession(request).sessionId)))
    },
  )

  app.post(
    '/api/users/me/mfa/totp/confirm',
    {
      config: { ...fresh, rateLimit: limits.secretTests },
      schema: {
        operationId: 'confirmTotp',
        summary: 'Confirm the first code of an authenticator app',
        description:
          'The app counts from now on, in place of one before. The session stays at its level: `POST /api/auth/step-up` with the next ' +
          'code lifts it to `aal2`. The recovery codes are shown here alone. You are told by mail.',
        tags,
        security,
        body: CodeRequest,
        response: { 200: RecoveryCodes, ...problems('invalid_code', 'conflict') },
      },
    },
    async (request, reply) => {
      const outcome = await options.inSession.confirm(
        personWithSession(request),
        request.body.code,
        languageOf(request),
      )
      if (outcome.kind === 'wrong_code') throw new GatehouseError('invalid_code')
      if (outcome.kind === 'nothing_proposed') {
        throw new GatehouseError('conflict', { detail: 'Nothing is to be confirmed. Ask for a key first.' })
      }
      return noStore(reply).send({ recovery_codes: outcome.recoveryCodes })
    },
  )

  app.delete(
    '/api/users/me/mfa/totp',
    {
      config: { ...fresh, rateLimit: limits.takingAway },
      schema: {
        operationId: 'removeTotp',
        summary: 'Remove the authenticator app',
        description: 'The recovery codes go with it, and remembered devices are asked again. You are told by mail.',
        tags,
        security,
        response: { 204: NoContent, ...problems('not_found') },
      },
    },
    async (request, reply) => {
      const isRemoved = await management.removeTotp(await accountOf(request), languageOf(request))
      if (!isRemoved) throw new GatehouseError('not_found')
      return reply.code(204).send(null)
    },
  )

  app.post(
    '/api/users/me/mfa/recovery-codes',
    {
      config: fresh,
      schema: {
        operationId: 'makeRecoveryCodes',
        summary: 'Make new recovery codes',
        description: 'They void those before. You are told by mail.',
        tags,
        security,
        response: { 200: RecoveryCodes, ...problems('conflict') },
      },
    },
    async (request, reply) => {
      const codes = await management.renewRecoveryCodes(await accountOf(request), languageOf(request))
      if (codes === undefined) {
        throw new GatehouseError('conflict', { detail: 'There is no second factor. Set one up first.' })
      }
      return noStore(reply).send({ recovery_codes: codes })
    },
  )
}

/** Whose account a request is about. */
export function createAccountOf(users: Pick<UserStore, 'findById'>): (request: FastifyRequest) => Promise<User> {
  return async (request) => {
    const user = await users.findById(userOf(request).subject)
    if (user === undefined) throw new GatehouseError('unauthorized')
    return user
  }
}
