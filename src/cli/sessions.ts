import type { EndedSessions, ShownSession } from '../features/sessions/index.ts'
import { command, group, print, text, UsageError } from './command.ts'
import { everyItem, pathOf, withOperator } from './operator.ts'

/** Sessions: `sessions list|revoke`. */
export const sessions = group({
  list: command({
    summary: 'show who is signed in where, the session that began last first',
    options: { user: text('ID_OR_EMAIL', 'of this person alone') },
    example: 'sessions list --user ada@example.com',
    async run({ user, json }) {
      print(await withOperator((operator) => everyItem<ShownSession>(operator, '/sessions', { user })), json)
    },
  }),
  revoke: command({
    summary: 'end a session at once, or all of one person with what their browsers are known by',
    arguments: ['session id, or all'],
    options: { user: text('ID_OR_EMAIL', 'with "all": whose') },
    example: 'sessions revoke all --user ada@example.com',
    async run({ user, json }, id) {
      if ((id === 'all') !== (user !== undefined)) {
        throw new UsageError('sessions revoke: give the id of one session, or "all" with --user')
      }
      const path = user === undefined ? pathOf('sessions', id) : pathOf('users', user, 'sessions')
      print(await withOperator((operator) => operator<EndedSessions>('DELETE', path)), json)
    },
  }),
})
