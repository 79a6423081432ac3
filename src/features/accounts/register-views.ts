import { field, hiddenFields, nameField } from '../../pages/fields.ts'
import { type Html, html } from '../../pages/html.ts'
import { layout } from '../../pages/layout.ts'
import { type Messages, messages } from '../../pages/notices.ts'
import { type Sender, toContinue } from '../../pages/sender.ts'
import type { ViewContext } from '../../pages/view.ts'
import { withWayBack } from '../../pages/way-back.ts'
import type { AccountTexts } from './texts.ts'

/** What is typed to ask for an account, and what is wrong with it. */
export interface RegistrationForm {
  name?: string | undefined
  email?: string | undefined
  faults?: { name?: string | undefined; email?: string | undefined }
}

/**
 * Asks for an account. No password: it is chosen where the mailed link leads, since before that nobody knows whose the
 * address is.
 */
export function registerPage(
  context: ViewContext<AccountTexts>,
  page: Messages & RegistrationForm & { csrfToken: string; returnTo?: string | undefined; sender?: Sender | undefined },
): Html {
  const { kit, accounts } = context.texts
  const { csrfToken, returnTo, name = '', email = '', faults = {} } = page
  const { title, why, submit, haveOne } = accounts.register
  return layout(
    context,
    title,
    html`${toContinue(context, page.sender)}
      <p class="lead">${why}</p>
      ${messages(page)}
      <form method="post">
        ${hiddenFields({ csrf_token: csrfToken, return_to: returnTo })}
        ${nameField({
          label: kit.name,
          value: name,
          error: faults.name,
          autofocus: faults.email === undefined || faults.name !== undefined,
        })}
        ${field({
          name: 'email',
          label: kit.email,
          type: 'email',
          autocomplete: 'email',
          value: email,
          error: faults.email,
          autofocus: faults.email !== undefined && faults.name === undefined,
        })}
        <button type="submit">${submit}</button>
      </form>
      <p class="after">${haveOne((text) => html`<a href="${withWayBack('login', returnTo)}">${text}</a>`)}</p>`,
  )
}

export function registrationClosedPage(context: ViewContext<AccountTexts>): Html {
  const { title, why } = context.texts.accounts.registrationClosed
  return layout(
    context,
    title,
    html`<p>${why}</p>
      <a role="button" href="login">${context.texts.kit.signIn}</a>`,
  )
}
