import type { Audit } from '../../core/audit.ts'
import { GatehouseError, SetupError } from '../../core/errors.ts'
import type { Role, RoleStore } from '../../core/ports.ts'
import { adminRole } from '../../core/principal.ts'

export interface RoleAdministration extends Pick<RoleStore, 'list'> {
  /** Defines a role, whether or not it exists. Throws `conflict` when it stands in gatehouse.yaml, as the others do. */
  put(role: Role): Promise<void>
  /** Throws `conflict`, and changes nothing, when there is such a role already. */
  create(role: Role): Promise<void>
  /** Throws `not_found` when there is no such role. */
  setPermissions(role: Role): Promise<void>
  /** Takes the role from everybody too; resolves to how many held it. Throws `not_found`. */
  delete(name: string): Promise<number>
}

/** How many names a message holds. */
const mostNamed = 20

/** Says which roles there are, to somebody who named another. */
export async function rolesThere(roles: Pick<RoleStore, 'list'>): Promise<string> {
  const names = [...new Set([adminRole, ...(await roles.list()).map(({ name }) => name)])]
  const more = names.length > mostNamed ? ` and ${names.length - mostNamed} more` : ''
  return `There are: ${names.slice(0, mostNamed).join(', ')}${more}. \`role create\` makes one.`
}

async function noSuchRole(roles: Pick<RoleStore, 'list'>): Promise<GatehouseError> {
  return new GatehouseError('not_found', { detail: `There is no such role. ${await rolesThere(roles)}` })
}

/** Makes the roles of gatehouse.yaml count; throws a `SetupError` that names those that an operator has made as well. */
export async function applyFileRoles(
  permissions: Readonly<Record<string, readonly string[]>>,
  { roles, audit }: { roles: Pick<RoleStore, 'replaceFileRoles'>; audit: Audit },
): Promise<void> {
  const wanted = Object.entries(permissions).map(([name, granted]) => ({ name, permissions: [...granted] }))
  const outcome = await roles.replaceFileRoles(wanted)
  if (outcome.kind === 'taken') {
    const lines = outcome.names.map(
      (name) =>
        `roles.${name}: there is a role of this name in the database; end it with \`role delete\`, or leave it out of the file`,
    )
    throw new SetupError(lines.join('\n'))
  }
  for (const { name, permissions } of outcome.defined) audit.record({ event: 'role.defined', role: name, permissions })
  // Whoever held it still does, and gets nothing by it.
  for (const name of outcome.removed) audit.record({ event: 'role.deleted', role: name, users: 0 })
}

/** What an operator may do to roles. Each change acts on this replica when the call resolves. */
export function createRoleAdministration(dependencies: { roles: RoleStore; audit: Audit }): RoleAdministration {
  const { roles, audit } = dependencies
  async function refuseRoleOfFile(name: string): Promise<void> {
    if (!(await roles.list()).some((role) => role.name === name && role.source === 'file')) return
    throw new GatehouseError('conflict', { detail: 'The role stands in gatehouse.yaml, and is changed there.' })
  }
  return {
    list: () => roles.list(),
    async create({ name, permissions }: Role) {
      if (!(await roles.create({ name, permissions }))) {
        throw new GatehouseError('conflict', {
          detail: 'There is such a role already. `role set-permissions` changes what it permits.',
        })
      }
      audit.record({ event: 'role.defined', role: name, permissions })
    },
    async setPermissions({ name, permissions }: Role) {
      await refuseRoleOfFile(name)
      if (!(await roles.setPermissions(name, permissions))) throw await noSuchRole(roles)
      audit.record({ event: 'role.defined', role: name, permissions })
    },
    async put({ name, permissions }: Role) {
      if (!(await roles.put({ name, permissions }))) await refuseRoleOfFile(name)
      audit.record({ event: 'role.defined', role: name, permissions })
    },
    async delete(name) {
      await refuseRoleOfFile(name)
      const { deleted, holders } = await roles.delete(name)
      // Somebody may still hold a role that was never defined.
      if (!deleted && holders === 0) {
        throw await noSuchRole(roles)
      }
      audit.record({ event: 'role.deleted', role: name, users: holders })
      return holders
    },
  }
}
