import { type Static, Type } from '../../json-schema.ts'
import { listedName, listedNameForm } from '../../core/plain-text.ts'
import { anyKey, type Findings } from '../../settings.ts'

const Permission = Type.String({
  pattern: listedName.source,
  description: 'a name of a permission, such as reports:read',
})

/** The `roles` section of gatehouse.yaml: permissions by the role that gives them. */
export const RoleSettings = Type.Record(
  anyKey,
  Type.Array(Permission, { description: 'a list of permissions: [reports:read, …]' }),
  { default: {}, description: 'a table of roles with their permissions: { editor: [reports:read] }' },
)
export type RoleSettings = Static<typeof RoleSettings>

export function checkRoleSettings(roles: RoleSettings, findings: Findings): void {
  for (const name of Object.keys(roles)) {
    if (listedName.test(name)) continue
    findings.fault(['roles', name], `expected ${listedNameForm}`)
  }
}
