/** Who did what, for operators. The trail itself is part of the base: everything writes to it. */
import type { Base } from '../../base.ts'
import type { Feature } from '../../http/feature.ts'
import type { Accounts } from '../accounts/index.ts'
import { auditRoutes } from './admin.ts'

export type { ShownAuditEvent } from './admin.ts'

export function createAuditLog({ stores, audit }: Base, { accounts }: { accounts: Accounts }): Feature {
  const findUser = accounts.administration.find
  return {
    routes: { admin: (app) => auditRoutes(app, { names: audit.names, audit: stores.audit, findUser }) },
    stop: () => audit.close(),
  }
}
