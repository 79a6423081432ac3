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
  'role.granted': auditEvent<{ role: string }>('info', 'a role was granted', 'role'),
  'role.withdrawn': auditEvent<{ role: string }>('info', 'a role was withdrawn', 'role'),
  'api_keys.ended': auditEvent<{ reason: 'password_changed' | 'emergency'; ended: number }>(
    'warn',
    'API keys were ended together',
    'how many at once, and why: `password_changed` (the subject’s), `emergency` (everybody’s)',
  ),
}
