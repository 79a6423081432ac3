import { Type } from '../../json-schema.ts'
import { uuidPattern } from '../../core/ids.ts'
import type { ReadDevice } from '../../core/device.ts'
import { administers } from '../../http/admin-schema.ts'
import { IdInPath, IdOrEmail, problems, strict } from '../../http/schema.ts'
import type { App } from '../../http/server.ts'
import type { Accounts } from '../accounts/index.ts'
import type { SessionManagement } from './manage-sessions.ts'
import { SessionPage, showSession } from './schema.ts'

const page = {
  cursor: Type.Optional(
    Type.String({ pattern: uuidPattern.source, description: 'The `next_cursor` of the page before.' }),
  ),
  limit: Type.Integer({ minimum: 1, maximum: 1_000, default: 50 }),
}
const Ended = Type.Object(
  { ended: Type.Integer({ description: 'How many sessions that were.' }) },
  { description: 'They count no more.', examples: [{ ended: 2 }] },
)
export interface EndedSessions {
  ended: number
}

const read = administers('gatehouse:sessions:read')
const write = administers('gatehouse:sessions:write')

/** Sessions, as administrators and operators handle them: they list and end anybody's. */
export async function administeredSessionRoutes(
  app: App,
  options: { sessions: SessionManagement; readDevice: ReadDevice; users: Pick<Accounts['administration'], 'find'> },
): Promise<void> {
  const { sessions, readDevice, users } = options

  async function pageOf(user: string | undefined, { cursor, limit }: { cursor?: string; limit: number }) {
    const userId = user === undefined ? undefined : (await users.find(user)).id
    const found = await sessions.list({ userId, before: cursor, limit: limit + 1 })
    const items = found.slice(0, limit)
    const next_cursor = found.length > limit ? items.at(-1)!.id : null
    return {
      items: items.map((session) => showSession(session, readDevice, { user: session.userId })),
      next_cursor,
    }
  }

  app.get(
    '/sessions',
    read('listAllSessions', 'The sessions of everybody, or of one person', {
      querystring: Type.Object({ user: Type.Optional(IdOrEmail), ...page }, strict),
      response: { 200: SessionPage, ...problems('not_found') },
    }),
    ({ query: { user, ...asked } }) => pageOf(user, asked),
  )

  app.delete(
    '/sessions/:id',
    write('endAnySession', 'End anybody’s session', {
      params: Type.Object({ id: IdInPath }),
      response: { 200: Ended, ...problems('not_found') },
    }),
    async ({ params: { id } }) => {
      await sessions.endAny(id)
      return { ended: 1 }
    },
  )

  const ofUser = { params: Type.Object({ user: IdOrEmail }) }
  app.get(
    '/users/:user/sessions',
    read('listSessionsOfUser', 'The sessions of one person', {
      ...ofUser,
      querystring: Type.Object(page, strict),
      response: { 200: SessionPage, ...problems('not_found') },
    }),
    ({ params: { user }, query }) => pageOf(user, query),
  )

  app.delete(
    '/users/:user/sessions',
    write('endSessionsOfUser', 'End all sessions of a person', {
      description: 'What their browsers are known by ends too. API keys go on.',
      ...ofUser,
      response: { 200: Ended, ...problems('not_found') },
    }),
    async ({ params: { user } }) => ({ ended: await sessions.endAll((await users.find(user)).id) }),
  )
}
