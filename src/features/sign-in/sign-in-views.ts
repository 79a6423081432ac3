import { checkbox, currentPasswordField, field, hiddenFields } from '../../pages/fields.ts'
import { type Html, html } from '../../pages/html.ts'
import { layout } from '../../pages/layout.ts'
import { type Messages, messages } from '../../pages/notices.ts'
import type { ViewContext } from '../../pages/view.ts'
import { type Person, signedInAs, signOutForm } from './person-views.ts'
import type { SignInTexts } from './texts.ts'

/**
 * The form has no `action`: it goes to the address of the page, so that the browser keeps the fragment of that address and takes
 * it along to where the answer leads.
 */
export function signInPage(
  context: ViewContext<SignInTexts>,
  page: Messages & { csrfToken: string; returnTo: string; email?: string | undefined; remember?: boolean },
): Html {
  const { kit, signIn } = context.texts
  const { csrfToken, returnTo, email = '', remember = false } = page
  const error = page.fault !== undefined
  return layout(
    context,
    signIn.title,
    html`${messages(page)}
      <form method="post">
        ${hiddenFields({ csrf_token: csrfToken, return_to: returnTo })}
        ${field({
          name: 'email',
          label: signIn.login,
          type: 'text',
          autocomplete: 'username',
          value: email,
          error,
          autofocus: !email,
        })}
        ${currentPasswordField({ label: kit.password, error, autofocus: Boolean(email) })}
        ${checkbox({ name: 'remember', label: signIn.remember, checked: remember })}
        <button type="submit">${kit.signIn}</button>
      </form>`,
  )
}

/** What someone sees at the root: who they are here, and the way out. */
export function signedInPage(
  context: ViewContext<SignInTexts>,
  page: Person & Messages & { csrfToken: string; returnTo?: string },
): Html {
  const { kit, signIn } = context.texts
  return layout(
    context,
    signIn.signedInTitle,
    html`${messages(page)}
      <p>${signedInAs(signIn, page)}</p>
      ${page.returnTo && continueForm(kit.proceed, page.returnTo)} ${signOutForm(signIn.signOut, page)}`,
  )
}

/** What someone sees whose sign-in is weaker than a page asks for. No way on: it would lead back here. */
export function strongerSignInPage(
  context: ViewContext<SignInTexts>,
  page: Person & { csrfToken: string; returnTo: string },
): Html {
  const { signIn } = context.texts
  return layout(
    context,
    signIn.stronger.title,
    html`<p>${signedInAs(signIn, page)} ${signIn.stronger.why}</p>
      ${signOutForm(signIn.signOut, page)}`,
  )
}

/** A form in place of a link, since it keeps the fragment of the page's address, as `signInPage` says. */
function continueForm(label: string, returnTo: string): Html {
  return html`<form method="get">
    ${hiddenFields({ return_to: returnTo })}
    <button type="submit" name="continue" value="yes">${label}</button>
  </form>`
}
