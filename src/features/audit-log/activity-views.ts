import { type Html, html } from '../../pages/html.ts'
import { layout } from '../../pages/layout.ts'
import { rows } from '../../pages/rows.ts'
import { moment } from '../../pages/times.ts'
import type { ViewContext } from '../../pages/view.ts'
import type { ActivityTexts } from './texts.ts'

interface ShownActivity {
  event: string
  at: Date
  ip: string | null
  byPerson: boolean
}

/** What has happened to the account of whoever is signed in. `isFirst`: whether these are the newest. */
export function activityPage(
  context: ViewContext<ActivityTexts>,
  page: { items: readonly ShownActivity[]; nextCursor: string | undefined; isFirst: boolean },
): Html {
  const { kit, activity } = context.texts
  const { items, nextCursor, isFirst } = page
  const list = items.map(({ event, at, ip, byPerson }) => ({
    title: Object.hasOwn(activity.events, event) ? activity.events[event] : event,
    about: [moment(context.language, at), byPerson ? ip && activity.from(ip) : activity.byOperator],
  }))
  return layout(
    context,
    activity.title,
    html`<p class="lead">${activity.why}</p>
      <article>${rows(list, activity.none)}</article>
      ${
        (nextCursor !== undefined || !isFirst) &&
        html`<p class="actions">
          ${!isFirst && html`<a role="button" class="secondary outline" href="activity">${activity.newest}</a>`}
          ${
            nextCursor !== undefined &&
            html`<a role="button" class="secondary outline" href="activity?cursor=${nextCursor}">${activity.older}</a>`
          }
        </p>`
      }
      <p><a href="account">${kit.back}</a></p>`,
    { within: 'account', cards: true },
  )
}
