import { auditEvent } from '../../core/audit.ts'

/** What the trail is told of here. */
export const rolesEvents = {
  'role.defined': auditEvent<{ role: string; permissions: readonly string[] }>(
    'info',
    'a role was defined',
    'role, permissions',
  ),
  'role.deleted': auditEvent<{ role: string; users: number }>(
    'info',
    'a role was deleted',
    'role, and how many held it',
  ),
  'administration.refused': auditEvent<{ permission: string }>(
    'warn',
    'somebody asked for administration who may not',
    'the permission; the client is the one of the session, or the program that asked',
  ),
}
