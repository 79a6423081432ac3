import { field, hiddenFields } from '../../pages/fields.ts'
import { type Html, html } from '../../pages/html.ts'
import { layout } from '../../pages/layout.ts'
import { type Messages, messages } from '../../pages/notices.ts'
import type { ViewContext } from '../../pages/view.ts'
import { withWayBack } from '../../pages/way-back.ts'
import type { AccountTexts } from './texts.ts'

/** Which link is asked for: the page where that is done. */
export type LinkFor = 'forgot-password' | 'resend-verification'

/** Asks for a link by mail. The answer is the same whoever the address belongs to. */
export function linkRequestPage(
  context: ViewContext<AccountTexts>,
  page: Messages & {
    by: LinkFor
    csrfToken: string
    email: string
    error?: string | undefined
    returnTo?: string | undefined
  },
): Html {
  const { kit, accounts } = context.texts
  const { title, why, submit } = { ...accounts.linkRequest, ...accounts.linkRequests[page.by] }
  return layout(
    context,
    title,
    html`<p class="lead">${why}</p>
      ${messages(page)}
      <form method="post" action="${page.by}">
        ${hiddenFields({ csrf_token: page.csrfToken, return_to: page.returnTo })}
        ${field({
          ...{ name: 'email', label: kit.email, type: 'email', autocomplete: 'username', value: page.email },
          error: page.error,
          autofocus: true,
        })}
        <button type="submit">${submit}</button>
      </form>
      <p class="beside"><a href="${withWayBack('login', page.returnTo)}">${kit.toSignIn}</a></p>`,
  )
}

/** Shown whoever asked, and whatever for: it tells nothing about an account. `again`: where another link is asked for. */
export function checkYourMailPage(
  context: ViewContext<AccountTexts>,
  { again, returnTo }: { again: LinkFor | undefined; returnTo?: string | undefined },
): Html {
  const { kit, accounts } = context.texts
  const { title, sent, notCome } = accounts.checkYourMail
  return layout(
    context,
    title,
    html`<p>${sent}</p>
      <p class="muted">${notCome}</p>
      <a role="button" class="secondary outline" href="${withWayBack('login', returnTo)}">${kit.toSignIn}</a>
      ${again && html`<p class="beside"><a href="${withWayBack(again, returnTo)}">${accounts.linkRequest.again}</a></p>`}`,
  )
}
