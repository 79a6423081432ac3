import { hiddenFields } from '../../pages/fields.ts'
import { type Html, html, isolated } from '../../pages/html.ts'
import { layout } from '../../pages/layout.ts'
import { done, type Messages, messages } from '../../pages/notices.ts'
import { card, endForm, rows } from '../../pages/rows.ts'
import { moment } from '../../pages/times.ts'
import type { ViewContext } from '../../pages/view.ts'
import type { UpstreamTexts } from './texts.ts'

interface Linked<Source> {
  id: string
  source: Source
  label: string
  groups: readonly string[]
  createdAt: Date
  lastUsedAt: Date
}

/** The accounts elsewhere by which somebody signs in. `others`: the providers that none of them is of. */
export function linkedAccountsPage<Source extends string>(
  context: ViewContext<UpstreamTexts>,
  page: Messages & {
    csrfToken: string
    linked: readonly Linked<Source>[]
    titleOf(source: Source): string
    others: readonly { name: string; title: string }[]
    told?: string | undefined
  },
): Html {
  const { language, texts } = context
  const { linked: words } = texts.upstream
  const { csrfToken, linked, others } = page
  const shown = linked.map(({ id, source, label, groups, createdAt, lastUsedAt }) => ({
    title: html`${page.titleOf(source)}: ${isolated(label)}`,
    about: [
      words.linkedAt(moment(language, createdAt)),
      words.usedAt(moment(language, lastUsedAt)),
      groups.length > 0 && words.groups(groups.join(', ')),
    ],
    actions: endForm({
      action: 'linked-accounts',
      sent: { csrf_token: csrfToken, unlink: id },
      label: words.unlink,
      about: `${page.titleOf(source)}, ${label}`,
    }),
  }))
  return layout(
    context,
    words.title,
    html`<p class="lead">${words.why}</p>
      ${messages(page)} ${done(page.told)}
      <article>${rows(shown, words.none)}</article>
      ${
        others.length > 0 &&
        card(
          words.linkTitle,
          html`<p>${words.linkWhy}</p>
            ${others.map(
              ({ name, title }) =>
                html`<form method="post" action="linked-accounts" class="actions">
                  ${hiddenFields({ csrf_token: csrfToken, link: name })}
                  <button type="submit">${words.link(title)}</button>
                </form>`,
            )}`,
        )
      }
      <p><a href="account">${texts.kit.back}</a></p>`,
    { within: 'account', cards: true },
  )
}
