import { type Static, Type } from '../../json-schema.ts'
import type { User } from '../../core/records/user.ts'
import { administers, keepingAnAdministrator } from '../../http/admin-schema.ts'
import { Email, IdOrEmail, problems } from '../../http/schema.ts'
import type { App } from '../../http/server.ts'
import type { AccountDeletion } from './delete-account.ts'

const Deleted = Type.Object(
  { id: Type.String({ format: 'uuid' }), email: Email, deleted: Type.Boolean() },
  { description: 'What was deleted.' },
)
export type DeletedUser = Static<typeof Deleted>

/** How an administrator deletes somebody's account. */
export async function deletionRoutes(
  app: App,
  options: { deletion: Pick<AccountDeletion, 'remove'>; findUser(idOrEmail: string): Promise<User> },
): Promise<void> {
  app.delete(
    '/users/:user',
    administers('gatehouse:users:write')('deleteUser', 'Delete an account', {
      description:
        'At once, and for good: its sessions, tokens, API keys and mails go with it. The audit trail keeps its id. Disable an ' +
        'account that may come back. Over HTTP the last administrator is refused.',
      params: Type.Object({ user: IdOrEmail }),
      response: { 200: Deleted, ...problems('not_found', 'last_administrator') },
    }),
    async (request) => {
      const { id, email } = await options.findUser(request.params.user)
      return { id, email, deleted: await options.deletion.remove(id, keepingAnAdministrator(request)) }
    },
  )
}
