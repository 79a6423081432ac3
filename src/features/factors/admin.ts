import type { User } from '../../core/records/user.ts'
import { administers } from '../../http/admin-schema.ts'
import { Email, IdOrEmail, problems } from '../../http/schema.ts'
import type { App } from '../../http/server.ts'
import { type Static, Type } from '../../json-schema.ts'
import type { FactorReset } from './reset-factors.ts'

const Reset = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    email: Email,
    reset: Type.Boolean({ description: 'False: there was no second factor.' }),
  },
  { description: 'Whose factors were taken away.' },
)
export type ResetFactors = Static<typeof Reset>

/** How an administrator helps somebody who has lost their second factors. */
export async function factorAdminRoutes(
  app: App,
  options: { reset: FactorReset['reset']; findUser(idOrEmail: string): Promise<User> },
): Promise<void> {
  app.post(
    '/users/:user/reset-factors',
    administers('gatehouse:users:write', { fresh: true })('resetFactors', 'Take somebody’s second factors away', {
      description:
        'For a person who has lost them. Ends their sessions and remembered devices. The person is mailed a link; setting up ' +
        'the next factor, without which nobody signs in, needs the password and the link.',
      params: Type.Object({ user: IdOrEmail }),
      response: { 200: Reset, ...problems('not_found') },
    }),
    async (request) => {
      const user = await options.findUser(request.params.user)
      return { id: user.id, email: user.email, reset: await options.reset(user) }
    },
  )
}
