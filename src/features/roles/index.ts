/** What people may do, by name. */
import type { Base } from '../../base.ts'
import type { Feature } from '../../http/feature.ts'
import { applyFileRoles, createRoleAdministration, type RoleAdministration } from './administer-roles.ts'
import { roleRoutes } from './admin.ts'
import type { RoleSettings } from './settings.ts'

export type { DeletedRole, ShownRole } from './admin.ts'

export interface Roles extends Feature {
  readonly administration: RoleAdministration
  /** Makes these the roles of the file; throws a `SetupError` when one stands in the database too. */
  replaceFileRoles(roles: RoleSettings): Promise<void>
}

export function createRoles({ stores, audit }: Base, settings: RoleSettings): Roles {
  const administration = createRoleAdministration({ roles: stores.roles, audit })
  const replaceFileRoles = (roles: RoleSettings) => applyFileRoles(roles, { roles: stores.roles, audit })
  return {
    administration,
    replaceFileRoles,
    routes: { admin: (app) => roleRoutes(app, administration) },
    start: () => replaceFileRoles(settings),
  }
}
