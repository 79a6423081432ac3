import { auditEvent } from '../../core/audit.ts'

/** What is not done without the person's password. */
export type GuardedChange = 'password' | 'email' | 'deletion'

/** What the trail is told of here. */
export const ownAccountEvents = {
  'own_account.refused': auditEvent<{ change: GuardedChange }>(
    'warn',
    'a change of one’s own account came with a wrong password',
    'which change: `password`, `email` or `deletion`',
  ),
  'email.change_requested': auditEvent('info', 'a person asked for another address'),
  'email.changed': auditEvent('warn', 'an account got another address, which was confirmed'),
  'email.change_stopped': auditEvent('warn', 'a change of address was stopped from the former mailbox'),
  'email.taken_back': auditEvent(
    'warn',
    'an account got its former address back from the former mailbox; its sessions and newer API keys ended',
  ),
  'user.exported': auditEvent('info', 'a person took out what is stored about them'),
  'user.deletion_requested': auditEvent<{ deletes_at: string }>(
    'warn',
    'a person asked for the deletion of their account',
    'when it goes',
  ),
  'user.kept': auditEvent('info', 'a person kept their account after all'),
  'user.deleted': auditEvent('warn', 'an account and what belongs to it was deleted'),
}
