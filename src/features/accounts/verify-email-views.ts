import { field, hiddenFields } from '../../pages/fields.ts'
import { type Html, html } from '../../pages/html.ts'
import { layout } from '../../pages/layout.ts'
import { type Messages, messages } from '../../pages/notices.ts'
import { newPasswordField } from '../../pages/password-fields.ts'
import type { ViewContext } from '../../pages/view.ts'
import { withWayBack } from '../../pages/way-back.ts'
import type { AccountTexts } from './texts.ts'

/**
 * Asks for the password that shall count: whoever opens the mail has the mailbox, but may not be who registered. Sending
 * the form, and not opening the page, uses the link up: mail scanners open links. `email`: the address that is confirmed.
 */
export function verifyEmailPage(
  context: ViewContext<AccountTexts>,
  page: Messages & { token: string; csrfToken: string; email: string },
): Html {
  const { kit, accounts } = context.texts
  const { title, why } = accounts.verifyEmail
  return layout(
    context,
    title,
    html`${messages(page)}
      <p>${why}</p>
      <form method="post" action="verify-email">
        ${hiddenFields({ csrf_token: page.csrfToken, token: page.token })}
        ${field({
          name: 'email',
          label: kit.email,
          type: 'email',
          autocomplete: 'username',
          value: page.email,
          readonly: true,
        })}
        ${newPasswordField(context, { label: kit.password, error: page.fault !== undefined, autofocus: true })}
        <button type="submit">${kit.confirm}</button>
      </form>`,
  )
}

export function emailVerifiedPage(context: ViewContext<AccountTexts>, page: { returnTo: string | undefined }): Html {
  const { title, ready } = context.texts.accounts.emailVerified
  // Nobody can come back here in another language: the link is used.
  return layout(
    { ...context, offered: [] },
    title,
    html`<p>${ready}</p>
      ${toSignIn(context, page.returnTo)}`,
  )
}

export function emailNotVerifiedPage(context: ViewContext<AccountTexts>): Html {
  const { emailNotVerified, linkRequest } = context.texts.accounts
  const { title, why } = emailNotVerified
  return layout(
    context,
    title,
    html`<p>${why}</p>
      ${toSignIn(context)}
      <p class="beside"><a href="resend-verification">${linkRequest.again}</a></p>`,
  )
}

function toSignIn({ texts }: ViewContext, returnTo?: string): Html {
  return html`<p><a role="button" href="${withWayBack('login', returnTo)}">${texts.kit.signIn}</a></p>`
}
