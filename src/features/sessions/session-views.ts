import { hiddenFields } from '../../pages/fields.ts'
import { type Html, html, isolated } from '../../pages/html.ts'
import { layout } from '../../pages/layout.ts'
import { done, type Messages, messages } from '../../pages/notices.ts'
import { rows } from '../../pages/rows.ts'
import { moment } from '../../pages/times.ts'
import type { ViewContext } from '../../pages/view.ts'
import type { SessionTexts } from './texts.ts'

interface ShownSession {
  id: string
  device: string
  ip: string
  beganAt: Date
  seenAt: Date
  isCurrent: boolean
}

/** Where somebody is signed in. */
export function sessionsPage(
  context: ViewContext<SessionTexts>,
  page: Messages & { csrfToken: string; list: readonly ShownSession[]; told?: string | undefined },
): Html {
  const { language, texts } = context
  const { sessions: words, kit } = texts
  const { csrfToken, list } = page
  const shown = list.map(({ id, device, ip, beganAt, seenAt, isCurrent }) => ({
    title: [isolated(device), isCurrent && html`<span class="mark">${words.this}</span>`],
    about: [words.from(ip), words.seen(moment(language, seenAt)), words.began(moment(language, beganAt))],
    actions:
      !isCurrent &&
      html`<form method="post" action="sessions">
        ${hiddenFields({ csrf_token: csrfToken, id })}
        <button type="submit" class="small danger" aria-label="${words.end}: ${device}, ${ip}">${words.end}</button>
      </form>`,
  }))
  return layout(
    context,
    words.title,
    html`<p class="lead">${words.why}</p>
      ${messages(page)} ${done(page.told)}
      <article>${rows(shown)}</article>
      ${
        list.length > 1 &&
        html`<form method="post" action="sessions" class="actions">
          ${hiddenFields({ csrf_token: csrfToken, all: 'yes' })}
          <button type="submit" class="danger">${words.endOthers}</button>
        </form>`
      }
      <p><a href="account">${kit.back}</a></p>`,
    { within: 'account', cards: true },
  )
}
