import { administers, ClientId } from '../../http/admin-schema.ts'
import { IdOrEmail, problems } from '../../http/schema.ts'
import type { App } from '../../http/server.ts'
import { Type } from '../../json-schema.ts'
import type { Accounts } from '../accounts/index.ts'
import type { Consents } from './consents.ts'
import { showGrant, ShownGrant } from './schema.ts'

const read = administers('gatehouse:clients:read')
const write = administers('gatehouse:clients:write')

/** The programs that people have let in, as administrators and operators handle them. */
export async function administeredGrantRoutes(
  app: App,
  options: { consents: Consents; users: Pick<Accounts['administration'], 'find'> },
): Promise<void> {
  const { consents, users } = options

  app.get(
    '/users/:user/grants',
    read('listGrantsOfUser', 'The programs that a person has let in', {
      params: Type.Object({ user: IdOrEmail }),
      response: { 200: Type.Array(ShownGrant, { description: 'By name.' }), ...problems('not_found') },
    }),
    async ({ params: { user } }) => (await consents.of((await users.find(user)).id)).map(showGrant),
  )

  app.delete(
    '/users/:user/grants/:client',
    write('withdrawGrantOfUser', 'Shut a program out for a person', {
      description: 'All its tokens for that person end at once.',
      params: Type.Object({ user: IdOrEmail, client: ClientId }),
      response: {
        200: Type.Object(
          { withdrawn: Type.Boolean() },
          { description: 'It is shut out.', examples: [{ withdrawn: true }] },
        ),
        ...problems('not_found'),
      },
    }),
    async ({ params: { user, client } }) => {
      await consents.withdraw((await users.find(user)).id, client)
      return { withdrawn: true }
    },
  )
}
