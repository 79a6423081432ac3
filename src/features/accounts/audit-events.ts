import { auditEvent } from '../../core/audit.ts'

/** What the trail is told of here. */
export const accountsEvents = {
  'registration.confirmed': auditEvent('info', 'an address was confirmed'),
  'user.created': auditEvent<{ roles: readonly string[] }>('info', 'a user was created', 'roles'),
  'user.profile_changed': auditEvent<{ changed: readonly string[] }>(
    'info',
    'what an account says of its person was changed',
    'which parts: `name`, `locale`, `username`',
  ),
  'user.disabled': auditEvent('info', 'a user was disabled'),
  'user.enabled': auditEvent('info', 'a user was enabled'),
  'user.unlocked': auditEvent('info', 'the lockout of a user was lifted'),
  'user.password_changed': auditEvent('info', 'a password was changed'),
  'user.reset_sent': auditEvent('info', 'a link to a new password was mailed'),
  'user.password_reset': auditEvent('warn', 'a person chose a new password by a mailed link'),
  'invitation.sent': auditEvent<{ roles: readonly string[]; invitation_id: string }>(
    'info',
    'somebody was invited to open an account',
    'roles, and the id of the invitation',
  ),
  'invitation.withdrawn': auditEvent<{ invitation_id: string }>('info', 'an invitation was withdrawn', 'its id'),
  'invitation.accepted': auditEvent<{ roles: readonly string[]; invitation_id: string }>(
    'info',
    'an account was opened by an invitation',
    'roles, and the id of the invitation',
  ),
  'role.granted': auditEvent<{ role: string }>('info', 'a role was granted', 'role'),
  'role.withdrawn': auditEvent<{ role: string }>('info', 'a role was withdrawn', 'role'),
  'group.added': auditEvent<{ group: string }>('info', 'an operator put a person into a group', 'group'),
  'group.removed': auditEvent<{ group: string }>('info', 'an operator took a person out of a group', 'group'),
  'api_keys.ended': auditEvent<{ reason: 'password_changed' | 'emergency'; ended: number }>(
    'warn',
    'API keys were ended together',
    'how many at once, and why: `password_changed` (the subject’s), `emergency` (everybody’s)',
  ),
}
