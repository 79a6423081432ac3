import { Type } from '../../json-schema.ts'
import type { ReadDevice } from '../../core/device.ts'
import { administers } from '../../http/admin-schema.ts'
import { type AskedPage, pageAsked, pageOf } from '../../http/lists.ts'
import { IdInPath, IdOrEmail, problems, strict } from '../../http/schema.ts'
import type { App } from '../../http/server.ts'
import type { Accounts } from '../accounts/index.ts'
import type { SessionManagement } from './manage-sessions.ts'
import { SessionPage, showSession } from './schema.ts'

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

  async function list(user: string | undefined, asked: AskedPage) {
    const userId = user === undefined ? undefined : (await users.find(user)).id
    return pageOf(
      asked,
      (before, limit) => sessions.list({ userId, before, limit }),
      (session) => showSession(session, readDevice, { user: session.userId }),
    )
  }

  app.get(
    '/sessions',
    read('listAllSessions', 'The sessions of everybody, or of one person', {
      querystring: Type.Object({ user: Type.Optional(IdOrEmail), ...pageAsked() }, strict),
      response: { 200: SessionPage, ...problems('not_found') },
    }),
    ({ query: { user, ...asked } }) => list(user, asked),
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
      querystring: Type.Object(pageAsked(), strict),
      response: { 200: SessionPage, ...problems('not_found') },
    }),
    ({ params: { user }, query }) => list(user, query),
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
