import { type Static, Type } from '../../json-schema.ts'
import { anyKey, type Findings } from '../../settings.ts'

/** Names that travel in comma- and space-separated lists, and in paths, where `.` and `..` would be folded away. */
export const roleName = '^(?!\\.\\.?$)[\\x21\\x23-\\x2b\\x2d-\\x5b\\x5d-\\x7e]{1,100}$'

const Permission = Type.String({ pattern: roleName, description: 'a name of a permission, such as reports:read' })

/** The `roles` section of gatehouse.yaml: permissions by the role that gives them. */
export const RoleSettings = Type.Record(
  anyKey,
  Type.Array(Permission, { description: 'a list of permissions: [reports:read, …]' }),
  { default: {}, description: 'a table of roles with their permissions: { editor: [reports:read] }' },
)
export type RoleSettings = Static<typeof RoleSettings>

export function checkRoleSettings(roles: RoleSettings, findings: Findings): void {
  for (const name of Object.keys(roles)) {
    if (new RegExp(roleName).test(name)) continue
    findings.fault(
      ['roles', name],
      'expected a name of at most 100 visible ASCII characters, no commas, quotes or backslashes, and not just dots',
    )
  }
}
