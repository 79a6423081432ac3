import { type Static, Type } from '../../json-schema.ts'
import { listedName, listedNameForm } from '../../core/plain-text.ts'
import { isReservedName, notReserved } from '../../core/permissions.ts'
import { adminRole } from '../../core/principal.ts'
import { anyKey, type Findings } from '../../settings.ts'

const Permission = Type.String({
  pattern: listedName.source,
  title: 'a name of a permission, such as reports:read',
})

/** The `roles` section of gatehouse.yaml: permissions by the role that gives them. */
export const RoleSettings = Type.Record(
  anyKey,
  Type.Array(Permission, { title: 'a list of permissions: [reports:read, …]' }),
  {
    default: {},
    title: 'a table of roles with their permissions: { editor: [reports:read] }',
    description: 'The roles that are kept in this file, each with the permissions that it gives.',
  },
)
export type RoleSettings = Static<typeof RoleSettings>

export function checkRoleSettings(roles: RoleSettings, findings: Findings): void {
  for (const [name, permissions] of Object.entries(roles)) {
    if (!listedName.test(name)) findings.fault(['roles', name], `expected ${listedNameForm}`)
    if (name === adminRole) {
      findings.fault(['roles', name], 'expected another name: this role is built in, and opens Gatehouse itself')
    }
    if (isReservedName(name)) findings.fault(['roles', name], `expected ${notReserved}`)
    for (const [position, permission] of permissions.entries()) {
      if (isReservedName(permission)) findings.fault(['roles', name, position], `expected ${notReserved}`)
    }
  }
}
