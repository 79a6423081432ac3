import { userOf } from '../../http/guard.ts'
import type { RateLimits } from '../../http/rate-limits.ts'
import { problems } from '../../http/schema.ts'
import type { App } from '../../http/server.ts'
import { Type } from '../../json-schema.ts'
import type { Consents } from './consents.ts'
import { showGrant, ShownGrant } from './schema.ts'

/** The programs that somebody has let in, for the person. */
export async function grantRoutes(app: App, options: { consents: Consents; limits: RateLimits }): Promise<void> {
  const { consents, limits } = options
  const shared = { tags: ['Your account'], security: [{ bearer: [] as string[] }, { session: [] as string[] }] }

  app.get(
    '/api/users/me/grants',
    {
      config: { access: 'user' },
      schema: {
        ...shared,
        operationId: 'listMyGrants',
        summary: 'The programs that you have let in',
        response: { 200: Type.Array(ShownGrant, { description: 'By name.' }) },
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store')
      return (await consents.of(userOf(request).subject)).map(showGrant)
    },
  )

  app.delete(
    '/api/users/me/grants/:client',
    {
      config: { access: 'user', rateLimit: limits.takingAway },
      schema: {
        ...shared,
        operationId: 'withdrawMyGrant',
        summary: 'Shut a program out',
        description: 'All its tokens for you end at once.',
        // What cannot be the id of a program names none.
        params: Type.Object({ client: Type.String({ description: 'A `client_id`.' }) }),
        response: { 204: Type.Null({ description: 'It is shut out.' }), ...problems('not_found') },
      },
    },
    async (request, reply) => {
      await consents.withdraw(userOf(request).subject, request.params.client)
      return reply.code(204).send(null)
    },
  )
}
