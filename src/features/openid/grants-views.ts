import { type Html, html, isolated } from '../../pages/html.ts'
import { layout } from '../../pages/layout.ts'
import { done, type Messages, messages } from '../../pages/notices.ts'
import { endForm, rows } from '../../pages/rows.ts'
import { moment } from '../../pages/times.ts'
import type { ViewContext } from '../../pages/view.ts'
import type { OpenIdTexts } from './texts.ts'

/** The programs that somebody has let in. */
export function grantsPage(
  context: ViewContext<OpenIdTexts>,
  page: Messages & {
    csrfToken: string
    list: readonly {
      clientId: string
      clientName: string
      scopes: readonly string[]
      grantedAt: Date
      startAt?: string | undefined
    }[]
    told?: string | undefined
  },
): Html {
  const { language, texts } = context
  const { grants: words } = texts.openid
  const shown = page.list.map(({ clientId, clientName, scopes, grantedAt, startAt }) => ({
    title: startAt === undefined ? isolated(clientName) : html`<a href="${startAt}">${isolated(clientName)}</a>`,
    about: [html`<code>${scopes.join(' ')}</code>`, words.since(moment(language, grantedAt))],
    actions: endForm({
      action: 'grants',
      sent: { csrf_token: page.csrfToken, client: clientId },
      label: words.shutOut,
      about: clientName,
    }),
  }))
  return layout(
    context,
    words.title,
    html`<p class="lead">${words.why}</p>
      ${messages(page)} ${done(page.told)}
      <article>${shown.length === 0 ? html`<p>${words.none}</p>` : rows(shown)}</article>
      <p><a href="account">${texts.kit.back}</a></p>`,
    { within: 'account', cards: true },
  )
}
