import type { Audit } from '../../core/audit.ts'
import { GatehouseError, SetupError } from '../../core/errors.ts'
import type { Role, RoleStore, StoredRole } from '../../core/records/role.ts'
import { isReservedName, notReserved, ownPermissions } from '../../core/permissions.ts'
import { adminRole } from '../../core/principal.ts'
import type { rolesEvents } from './audit-events.ts'

/** A role as it is listed. The one that is built in opens the service itself, always exists and never changes. */
type ListedRole = Role & { source: StoredRole['source'] | 'built-in' }

export interface RoleAdministration {
  list(): Promise<ListedRole[]>
  /**
   * Defines a role, whether or not it exists. Throws `conflict` when it is built in or stands in gatehouse.yaml, as the others
   * do, and `invalid_request` for a name that belongs to the service itself, as `create` and `setPermissions` do.
   */
  put(role: Role): Promise<void>
  /** Throws `conflict`, and changes nothing, when there is such a role already. */
  create(role: Role): Promise<void>
  /** Throws `not_found` when there is no such role. */
  setPermissions(role: Role): Promise<void>
  /** Takes the role from everybody too; resolves to how many held it. Throws `not_found`. */
  delete(name: string): Promise<number>
  /** Says which roles there are, to somebody who named another. */
  thereAre(): Promise<string>
}

/** How many names a message holds. */
const maxNamed = 20

async function rolesThere(roles: Pick<RoleStore, 'list'>): Promise<string> {
  const names = [...new Set([adminRole, ...(await roles.list()).map(({ name }) => name)])]
  const more = names.length > maxNamed ? ` and ${names.length - maxNamed} more` : ''
  return `There are: ${names.slice(0, maxNamed).join(', ')}${more}. \`role create\` makes one.`
}

async function noSuchRole(roles: Pick<RoleStore, 'list'>): Promise<GatehouseError> {
  return new GatehouseError('not_found', { detail: `There is no such role. ${await rolesThere(roles)}` })
}

/** Makes the roles of gatehouse.yaml count; throws a `SetupError` that names those that an operator has made as well. */
export async function applyFileRoles(
  permissions: Readonly<Record<string, readonly string[]>>,
  { roles, audit }: { roles: Pick<RoleStore, 'replaceFileRoles'>; audit: Audit<typeof rolesEvents> },
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
export function createRoleAdministration(dependencies: {
  roles: RoleStore
  audit: Audit<typeof rolesEvents>
}): RoleAdministration {
  const { roles, audit } = dependencies
  async function refuseFixed(name: string): Promise<void> {
    refuseBuiltIn(name)
    if (!(await roles.list()).some((role) => role.name === name && role.source === 'file')) return
    throw new GatehouseError('conflict', { detail: 'The role stands in gatehouse.yaml, and is changed there.' })
  }
  return {
    async list() {
      const builtIn = { name: adminRole, permissions: [...ownPermissions], source: 'built-in' as const }
      // An earlier release let operators define it; what they wrote there permits nothing.
      return [builtIn, ...(await roles.list()).filter(({ name }) => name !== adminRole)]
    },
    thereAre: () => rolesThere(roles),
    async create({ name, permissions }: Role) {
      refuseBuiltIn(name)
      refuseReservedRole(name, '/body/name')
      refuseReserved(permissions)
      if (!(await roles.create({ name, permissions }))) {
        throw new GatehouseError('conflict', {
          detail: 'There is such a role already. `role set-permissions` changes what it permits.',
        })
      }
      audit.record({ event: 'role.defined', role: name, permissions })
    },
    async setPermissions({ name, permissions }: Role) {
      await refuseFixed(name)
      refuseReserved(permissions)
      if (!(await roles.setPermissions(name, permissions))) throw await noSuchRole(roles)
      audit.record({ event: 'role.defined', role: name, permissions })
    },
    async put({ name, permissions }: Role) {
      refuseBuiltIn(name)
      refuseReservedRole(name, '/params/name')
      refuseReserved(permissions)
      if (!(await roles.put({ name, permissions }))) await refuseFixed(name)
      audit.record({ event: 'role.defined', role: name, permissions })
    },
    async delete(name) {
      await refuseFixed(name)
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

function refuseBuiltIn(name: string): void {
  if (name !== adminRole) return
  throw new GatehouseError('conflict', {
    detail: `The role ${adminRole} is built in: it opens Gatehouse itself, and never changes.`,
  })
}

function refuseReservedRole(name: string, path: string): void {
  if (!isReservedName(name)) return
  throw new GatehouseError('invalid_request', { fields: [{ path, message: `must be ${notReserved}` }] })
}

function refuseReserved(permissions: readonly string[]): void {
  const position = permissions.findIndex(isReservedName)
  if (position === -1) return
  throw new GatehouseError('invalid_request', {
    fields: [{ path: `/body/permissions/${position}`, message: `must be ${notReserved}` }],
  })
}
