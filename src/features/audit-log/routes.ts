import { Type } from '../../json-schema.ts'
import { userOf } from '../../http/guard.ts'
import { Instant, strict } from '../../http/schema.ts'
import type { App } from '../../http/server.ts'
import type { Activity, OwnActivity } from './own-activity.ts'

const Text = Type.Union([Type.String(), Type.Null()])
const Page = Type.Object(
  {
    items: Type.Array(
      Type.Object({
        id: Type.String({ format: 'uuid' }),
        at: Instant,
        event: Type.String({ description: 'As the audit trail names it.' }),
        by: Type.Enum(['person', 'operator'], {
          description: 'Whether you did it, or somebody who passed for you; or whoever runs the service.',
        }),
        ip: Type.Union([Type.String(), Type.Null()], { description: 'Of the former alone.' }),
        session_id: Text,
        client_id: Text,
      }),
    ),
    next_cursor: Type.Union([Type.String(), Type.Null()], { description: 'What `cursor` asks for the next page.' }),
  },
  {
    description: 'The newest first.',
    examples: [
      {
        items: [
          {
            id: '01932c07-20a5-7e9c-8f5e-2b1d3a4c5e6f',
            at: '2026-11-20T08:00:00.000Z',
            event: 'sign_in.succeeded',
            by: 'person',
            ip: '192.0.2.7',
            session_id: '01932c07-20a5-7e9c-8f5e-2b1d3a4c5e60',
            client_id: null,
          },
        ],
        next_cursor: null,
      },
    ],
  },
)

/** What has happened to the account of whoever asks. */
export async function activityRoutes(app: App, { ownActivity }: { ownActivity: OwnActivity }): Promise<void> {
  app.get(
    '/api/users/me/activity',
    {
      config: { access: 'user' },
      schema: {
        operationId: 'listActivity',
        summary: 'What has happened to your account',
        description:
          'The rows of the audit trail that are about you, as long as they are kept (`audit.retention_days`).',
        tags: ['Your account'],
        security: [{ bearer: [] }, { session: [] }],
        querystring: Type.Object(
          {
            cursor: Type.Optional(
              Type.String({ format: 'cursor', description: 'The `next_cursor` of the page before.' }),
            ),
            limit: Type.Integer({ minimum: 1, maximum: 100, default: 50 }),
          },
          strict,
        ),
        response: { 200: Page },
      },
    },
    async (request, reply) => {
      const { items, nextCursor } = await ownActivity(userOf(request).subject, request.query)
      return reply.header('cache-control', 'no-store').send({
        items: items.map(showActivity),
        next_cursor: nextCursor ?? null,
      })
    },
  )
}

function showActivity({ id, at, event, byPerson, ip, sessionId, clientId }: Activity) {
  const by = byPerson ? ('person' as const) : ('operator' as const)
  return { id, at: at.toISOString(), event, by, ip, session_id: sessionId, client_id: clientId }
}
