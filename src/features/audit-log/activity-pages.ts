import { isUuid } from '../../core/ids.ts'
import { userOf } from '../../http/guard.ts'
import { hidden, ownPage } from '../../http/page-requests.ts'
import type { Pages } from '../../http/pages.ts'
import type { App } from '../../http/server.ts'
import { Type } from '../../json-schema.ts'
import { activityPage } from './activity-views.ts'
import type { OwnActivity } from './own-activity.ts'
import type { ActivityTexts } from './texts.ts'

const rowsOfPage = 25

/** Where people see what has happened to their account. */
export async function activityPages(
  app: App,
  { ownActivity, pages }: { ownActivity: OwnActivity; pages: Pages<ActivityTexts> },
): Promise<void> {
  app.get(
    '/activity',
    {
      config: { ...ownPage, address: ({ cursor }) => ({ cursor }) },
      schema: { ...hidden, querystring: Type.Partial(Type.Object({ cursor: Type.String() })) },
    },
    async (request, reply) => {
      const { cursor: given = '' } = request.query
      // What is no cursor begins anew: people follow links that something has cut off.
      const cursor = isUuid(given) ? given : undefined
      const found = await ownActivity(userOf(request).subject, { cursor, limit: rowsOfPage })
      return pages.show(reply, activityPage, { ...found, isFirst: cursor === undefined })
    },
  )
}
