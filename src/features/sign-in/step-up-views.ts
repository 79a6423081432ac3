import { currentPasswordField, hiddenFields } from '../../pages/fields.ts'
import { type Html, html } from '../../pages/html.ts'
import { layout } from '../../pages/layout.ts'
import { type Messages, messages } from '../../pages/notices.ts'
import { signOutForm } from './person-views.ts'

/** Asks a person who is signed in to prove once more who they are. Its form keeps the fragment, as `signInPage` says. */
export function stepUpPage(page: Messages & { email: string; csrfToken: string; returnTo: string }): Html {
  const { email, csrfToken, returnTo } = page
  return layout(
    'Confirm that it is you',
    html`${messages(page)}
      <p>What comes next needs your password once more. You are signed in as <strong>${email}</strong>.</p>
      <form method="post">
        ${hiddenFields({ csrf_token: csrfToken, return_to: returnTo })}
        <input type="text" name="username" value="${email}" autocomplete="username" readonly hidden />
        ${currentPasswordField({ label: 'Password', error: page.fault !== undefined, autofocus: true })}
        <button type="submit">Confirm</button>
      </form>
      ${signOutForm('Sign out instead', page)}`,
  )
}
