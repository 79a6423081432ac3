import { field, hiddenFields } from '../../pages/fields.ts'
import { type Html, html, isolated } from '../../pages/html.ts'
import { layout } from '../../pages/layout.ts'
import { done, type Messages, messages } from '../../pages/notices.ts'
import { currentPasswordField } from '../../pages/password-fields.ts'
import { card, rows } from '../../pages/rows.ts'
import { moment } from '../../pages/times.ts'
import type { ViewContext } from '../../pages/view.ts'
import type { DirectoriesTexts } from './texts.ts'

type Context = ViewContext<DirectoriesTexts>

/** Which accounts of directories open somebody's account, and where another one is connected. */
export function directoryAccountsPage(
  context: Context,
  page: Messages & {
    csrfToken: string
    list: readonly { id: string; label: string; directory: string; lastUsedAt: Date }[]
    login?: string
    told?: string | undefined
    isWrong?: boolean
  },
): Html {
  const { directories: texts } = context.texts
  const { csrfToken, list, login = '', told, isWrong = false } = page
  const shown = list.map(({ id, label, directory, lastUsedAt }) => ({
    title: isolated(label),
    about: [texts.directory(isolated(directory)), texts.lastUsed(moment(context.language, lastUsedAt))],
    actions: html`<form method="post">
      ${hiddenFields({ csrf_token: csrfToken, disconnect: id })}
      <button type="submit" class="secondary outline" aria-label="${texts.disconnect}: ${label}">
        ${texts.disconnect}
      </button>
    </form>`,
  }))
  return layout(
    context,
    texts.title,
    html`<p class="lead">${texts.why}</p>
      ${done(told)} ${messages(page)} ${rows(shown, texts.none)}
      ${card(
        texts.connect,
        html`<p>${texts.aboutConnect}</p>
          <form method="post">
            ${hiddenFields({ csrf_token: csrfToken })}
            ${field({
              ...{ name: 'login', label: texts.login, type: 'text', autocomplete: 'off', value: login },
              error: isWrong,
              autofocus: isWrong,
            })}
            ${currentPasswordField(context, { label: texts.password, error: isWrong })}
            <button type="submit">${texts.connect}</button>
          </form>`,
      )}`,
    { within: 'account', cards: true },
  )
}
