import { currentPasswordField, field, hiddenFields } from '../../pages/fields.ts'
import { type Html, html } from '../../pages/html.ts'
import { layout } from '../../pages/layout.ts'
import { type Messages, messages } from '../../pages/notices.ts'
import { type Person, signedInAs, signOutForm } from './person-views.ts'

/**
 * The form has no `action`: it goes to the address of the page, so that the browser keeps the fragment of that address and takes
 * it along to where the answer leads.
 */
export function signInPage(page: Messages & { csrfToken: string; returnTo: string; email?: string | undefined }): Html {
  const { csrfToken, returnTo, email = '' } = page
  const error = page.fault !== undefined
  return layout(
    'Sign in',
    html`${messages(page)}
      <form method="post">
        ${hiddenFields({ csrf_token: csrfToken, return_to: returnTo })}
        ${field({
          name: 'email',
          label: 'Email',
          type: 'email',
          autocomplete: 'username',
          value: email,
          error,
          autofocus: !email,
        })}
        ${currentPasswordField({ label: 'Password', error, autofocus: Boolean(email) })}
        <button type="submit">Sign in</button>
      </form>`,
  )
}

/** What someone sees at the root: who they are here, and the way out. */
export function signedInPage(page: Person & Messages & { csrfToken: string; returnTo?: string }): Html {
  return layout(
    'Signed in',
    html`${messages(page)}
      <p>${signedInAs(page)}</p>
      ${page.returnTo && continueForm(page.returnTo)} ${signOutForm('Sign out', page)}`,
  )
}

/** What someone sees whose sign-in is weaker than a page asks for. No way on: it would lead back here. */
export function strongerSignInPage(page: Person & { csrfToken: string; returnTo: string }): Html {
  return layout(
    'A stronger sign-in is needed',
    html`<p>
        ${signedInAs(page)} The page that you want to open asks for a second proof of who you are, beside the password.
        This service cannot take one yet.
      </p>
      ${signOutForm('Sign out', page)}`,
  )
}

/** A form in place of a link, since it keeps the fragment of the page's address, as `signInPage` says. */
function continueForm(returnTo: string): Html {
  return html`<form method="get">
    ${hiddenFields({ return_to: returnTo })}
    <button type="submit" name="continue" value="yes">Continue</button>
  </form>`
}
