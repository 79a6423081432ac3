import type { FastifyRequest } from 'fastify'
import { Type } from '../../json-schema.ts'
import type { ApiKeyOwner } from '../../core/records/api-key.ts'
import { userOf } from '../../http/guard.ts'
import type { Pages } from '../../http/pages.ts'
import type { RateLimits } from '../../http/rate-limits.ts'
import { IdInPath, NoContent, problems } from '../../http/schema.ts'
import type { App } from '../../http/server.ts'
import type { ApiKeyManagement } from './manage.ts'
import { NewApiKeyBody, showApiKey } from './schema.ts'

const security = [{ bearer: [] }, { session: [] }]

/** The signed-in person's own keys. A key makes no keys: these routes want a sign-in. */
export async function apiKeyRoutes(
  app: App,
  options: { apiKeys: ApiKeyManagement; limits: RateLimits; languageOf: Pages['languageOf'] },
): Promise<void> {
  const { apiKeys, limits } = options
  const config = { access: 'user' } as const
  const takingAway = { ...config, rateLimit: limits.takingAway }
  const ownerOf = (request: FastifyRequest): ApiKeyOwner => ({ kind: 'user', id: userOf(request).subject })

  app.get(
    '/api/users/me/api-keys',
    {
      config: takingAway,
      schema: {
        operationId: 'listApiKeys',
        summary: 'Your API keys',
        tags: ['API keys'],
        security,
        response: {
          200: Type.Array(Type.Ref('ApiKey'), { description: 'Without those revoked.' }),
        },
      },
    },
    async (request, reply) =>
      reply.header('cache-control', 'no-store').send((await apiKeys.listOf(ownerOf(request))).map(showApiKey)),
  )

  app.post(
    '/api/users/me/api-keys',
    {
      config: { ...config, fresh: true },
      schema: {
        operationId: 'makeApiKey',
        summary: 'Make an API key',
        description:
          'Its scopes are some of your permissions. The answer is the only place where the key is shown. You are told by mail.',
        tags: ['API keys'],
        security,
        body: NewApiKeyBody,
        response: {
          201: Type.Ref('MadeApiKey'),
          ...problems('conflict'),
        },
      },
    },
    async (request, reply) => {
      const { name, scopes, expires_at: expiresAt } = request.body
      const { permissions, sessionId } = userOf(request)
      const { apiKey, key } = await apiKeys.create(
        ownerOf(request),
        permissions,
        { name, scopes, expiresAt },
        { sessionId, language: options.languageOf(request) },
      )
      return reply
        .code(201)
        .header('cache-control', 'no-store')
        .send({ ...showApiKey(apiKey), key })
    },
  )

  app.delete(
    '/api/users/me/api-keys/:id',
    {
      config: takingAway,
      schema: {
        operationId: 'revokeApiKey',
        summary: 'Revoke an API key',
        description: 'It is refused everywhere within a second.',
        tags: ['API keys'],
        security,
        params: Type.Object({ id: IdInPath }),
        response: { 204: NoContent, ...problems('not_found') },
      },
    },
    async (request, reply) => {
      await apiKeys.revoke(request.params.id, ownerOf(request))
      return reply.code(204).send(null)
    },
  )
}
