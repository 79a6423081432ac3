import type { Audit } from '../../core/audit.ts'
import type { Role, RoleStore } from '../../core/ports.ts'

/** What an operator may do to roles. Each change acts on this replica when the call resolves. */
export function createRoleAdministration(dependencies: {
  roles: RoleStore
  audit: Audit
  catchUp(): Promise<void>
}): RoleStore {
  const { roles, audit, catchUp } = dependencies
  return {
    list: () => roles.list(),
    async put({ name, permissions }: Role) {
      await roles.put({ name, permissions })
      audit.record({ event: 'role.defined', role: name, permissions })
      await catchUp()
    },
    async delete(name) {
      const deleted = await roles.delete(name)
      if (deleted) audit.record({ event: 'role.deleted', role: name })
      await catchUp()
      return deleted
    },
  }
}
