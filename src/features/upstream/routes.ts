import { GatehouseError } from '../../core/errors.ts'
import type { UserStore } from '../../core/records/user.ts'
import { acceptForms } from '../../http/bodies.ts'
import { answersWith } from '../../http/document.ts'
import { userOf } from '../../http/guard.ts'
import type { RateLimits } from '../../http/rate-limits.ts'
import { IdInPath, NoContent, problems } from '../../http/schema.ts'
import type { App } from '../../http/server.ts'
import { Type } from '../../json-schema.ts'
import type { TakeLogoutToken } from './logout-tokens.ts'
import type { IdentityManagement } from './manage-identities.ts'
import { showIdentities, ShownIdentities } from './schema.ts'
import type { Known } from './trips.ts'

/** What people do to their own linked accounts, and what providers tell. */
export async function upstreamRoutes(
  app: App,
  options: {
    management: IdentityManagement
    users: Pick<UserStore, 'findById'>
    knownOf(name: string): Known | undefined
    takeLogoutToken: TakeLogoutToken
    limits: RateLimits
  },
): Promise<void> {
  const { management, users, knownOf, takeLogoutToken, limits } = options
  const tags = ['Your account']
  const security = [{ bearer: [] as string[] }, { session: [] as string[] }]

  app.get(
    '/api/users/me/identities',
    {
      config: { access: 'user' },
      schema: {
        operationId: 'listIdentities',
        summary: 'Your linked accounts',
        description: 'Accounts elsewhere by which you sign in.',
        tags,
        security,
        response: { 200: ShownIdentities },
      },
    },
    async (request) => showIdentities(management, userOf(request).subject),
  )

  app.delete(
    '/api/users/me/identities/:identity',
    {
      config: { access: 'user', fresh: true, rateLimit: limits.takingAway },
      schema: {
        operationId: 'unlinkIdentity',
        summary: 'Unlink an account',
        description:
          'It signs you in no more, and the sessions that were begun by it end, but this one. Never the last way in which you can ' +
          'sign in. You are told by mail.',
        tags,
        security,
        params: Type.Object({ identity: IdInPath }),
        response: { 204: NoContent, ...problems('not_found', 'conflict') },
      },
    },
    async (request, reply) => {
      const { subject, sessionId } = userOf(request)
      const user = await users.findById(subject)
      if (user === undefined) throw new GatehouseError('unauthorized')
      const outcome = await management.unlink(user, request.params.identity, { sessionId })
      if (outcome === 'not_found') throw new GatehouseError('not_found')
      if (outcome === 'last_way') throw lastWay()
      return reply.code(204).send(null)
    },
  )

  await app.register(async (providers: App) => {
    acceptForms(providers)
    providers.post(
      '/api/federation/:provider/backchannel-logout',
      {
        config: { access: 'public', rateLimit: limits.takingAway, answers: answersWith('Cache-Control') },
        schema: {
          operationId: 'backchannelLogout',
          summary: 'What a provider tells that has signed somebody out',
          description:
            'OpenID Connect Back-Channel Logout. The sessions that were begun by it end. Each token works once, for five minutes.',
          tags: ['Sign-in'],
          security: [],
          consumes: ['application/x-www-form-urlencoded'],
          params: Type.Object({ provider: Type.String() }),
          body: Type.Object({ logout_token: Type.String() }),
          response: { 204: NoContent, ...problems('invalid_token', 'not_found') },
        },
      },
      async (request, reply) => {
        reply.header('cache-control', 'no-store')
        const known = knownOf(request.params.provider)
        if (known === undefined || known.provider.preset === 'github') throw new GatehouseError('not_found')
        const outcome = await takeLogoutToken(known, request.body.logout_token)
        if (outcome.kind === 'refused') throw new GatehouseError('invalid_token')
        return reply.code(204).send(null)
      },
    )
  })
}

export function lastWay(): GatehouseError {
  return new GatehouseError('conflict', {
    detail:
      'This is the only way to sign in to the account. A password, or another linked account, has to be there first.',
  })
}
