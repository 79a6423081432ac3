import { GatehouseError } from '../../core/errors.ts'
import type { User } from '../../core/records/user.ts'
import { administers } from '../../http/admin-schema.ts'
import { IdOrEmail, problems } from '../../http/schema.ts'
import type { App } from '../../http/server.ts'
import { Type } from '../../json-schema.ts'
import type { IdentityManagement } from './manage-identities.ts'
import { lastWay } from './routes.ts'
import { showIdentities, ShownIdentities } from './schema.ts'

/** How an administrator sees and unlinks the accounts elsewhere of somebody. */
export async function identityAdminRoutes(
  app: App,
  options: { management: IdentityManagement; findUser(idOrEmail: string): Promise<User> },
): Promise<void> {
  const { management, findUser } = options
  app.get(
    '/users/:user/identities',
    administers('gatehouse:users:read')('listIdentitiesOf', 'Somebody’s linked accounts', {
      params: Type.Object({ user: IdOrEmail }),
      response: { 200: ShownIdentities, ...problems('not_found') },
    }),
    async (request) => {
      const user = await findUser(request.params.user)
      return showIdentities(management, user.id)
    },
  )
  app.delete(
    '/users/:user/identities/:identity',
    administers('gatehouse:users:write')('unlinkIdentityOf', 'Unlink an account of somebody', {
      description:
        'It signs them in no more, and the sessions that were begun by it end. Never the last way in which they can sign in. The person is told by mail. Answers those that are left.',
      params: Type.Object({ user: IdOrEmail, identity: Type.String({ format: 'uuid' }) }),
      response: { 200: ShownIdentities, ...problems('not_found', 'conflict') },
    }),
    async (request) => {
      const user = await findUser(request.params.user)
      const outcome = await management.unlink(user, request.params.identity)
      if (outcome === 'not_found') throw new GatehouseError('not_found', { detail: 'There is no such linked account.' })
      if (outcome === 'last_way') throw lastWay()
      return showIdentities(management, user.id)
    },
  )
}
