import { hiddenFields } from '../../pages/fields.ts'
import { type Html, html, isolated } from '../../pages/html.ts'
import { layout } from '../../pages/layout.ts'
import { done, type Messages, messages } from '../../pages/notices.ts'
import { card, endForm, rows } from '../../pages/rows.ts'
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

/** A browser in which the second factor is not asked for. */
interface RememberedBrowser {
  device: string
  seenAt: Date
  rememberedUntil: Date
}

/** Where somebody is signed in, and where their second factor is not asked for. */
export function sessionsPage(
  context: ViewContext<SessionTexts>,
  page: Messages & {
    csrfToken: string
    list: readonly ShownSession[]
    remembered?: readonly RememberedBrowser[]
    told?: string | undefined
  },
): Html {
  const { language, texts } = context
  const { sessions: words, kit } = texts
  const { csrfToken, list, remembered = [] } = page
  const shown = list.map(({ id, device, ip, beganAt, seenAt, isCurrent }) => ({
    title: [isolated(device), isCurrent && html`<span class="mark">${words.this}</span>`],
    about: [words.from(ip), words.seen(moment(language, seenAt)), words.began(moment(language, beganAt))],
    actions:
      !isCurrent &&
      endForm({
        action: 'sessions',
        sent: { csrf_token: csrfToken, id },
        label: words.end,
        about: `${device}, ${ip}`,
      }),
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
      ${remembered.length > 0 && rememberedCard(context, csrfToken, remembered)}
      <p><a href="account">${kit.back}</a></p>`,
    { within: 'account', cards: true },
  )
}

function rememberedCard(
  { language, texts: { sessions: words } }: ViewContext<SessionTexts>,
  csrfToken: string,
  remembered: readonly RememberedBrowser[],
): Html {
  const list = remembered.map(({ device, seenAt, rememberedUntil }) => ({
    title: isolated(device),
    about: [words.signedIn(moment(language, seenAt)), words.rememberedUntil(moment(language, rememberedUntil))],
  }))
  return card(
    words.remembered,
    html`${rows(list)}
      <form method="post" action="sessions" class="actions">
        ${hiddenFields({ csrf_token: csrfToken, forget: 'yes' })}
        <button type="submit" class="danger">${words.forget}</button>
      </form>`,
  )
}
