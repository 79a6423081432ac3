/** Who did what: for operators, and for each person about themselves. The trail itself is part of the base: everything writes to it. */
import type { Base } from '../../base.ts'
import type { Feature } from '../../http/feature.ts'
import type { Accounts } from '../accounts/index.ts'
import type { Pages } from '../../http/pages.ts'
import { activityPages } from './activity-pages.ts'
import { auditRoutes } from './admin.ts'
import { createOwnActivity } from './own-activity.ts'
import { activityRoutes } from './routes.ts'
import type { ActivityTexts } from './texts.ts'

export type { ShownAuditEvent } from './admin.ts'

export function createAuditLog(
  { stores, audit }: Base,
  { accounts, pages }: { accounts: Accounts; pages: Pages<ActivityTexts> },
): Feature {
  const ownActivity = createOwnActivity({ trail: stores.audit })
  const findUser = accounts.administration.find
  return {
    routes: {
      people: (app) => activityRoutes(app, { ownActivity }),
      pages: (app) => activityPages(app, { ownActivity, pages }),
      admin: (app) => auditRoutes(app, { names: audit.names, audit: stores.audit, findUser }),
    },
    stop: () => audit.close(),
  }
}
