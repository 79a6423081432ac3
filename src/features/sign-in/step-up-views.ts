import { hiddenFields } from '../../pages/fields.ts'
import { type Html, html, isolated } from '../../pages/html.ts'
import { layout } from '../../pages/layout.ts'
import { type Messages, messages } from '../../pages/notices.ts'
import { currentPasswordField } from '../../pages/password-fields.ts'
import type { ViewContext } from '../../pages/view.ts'
import { signOutForm } from './person-views.ts'
import type { SignInTexts } from './texts.ts'

/** Asks a person who is signed in to prove once more who they are. Its form keeps the fragment, as `signInPage` says. */
export function stepUpPage(
  context: ViewContext<SignInTexts>,
  page: Messages & { email: string; csrfToken: string; returnTo: string },
): Html {
  const { kit, signIn } = context.texts
  const { email, csrfToken, returnTo } = page
  return layout(
    context,
    signIn.stepUp.title,
    html`${messages(page)}
      <p>${signIn.stepUp.why(html`<strong>${isolated(email)}</strong>`)}</p>
      <form method="post">
        ${hiddenFields({ csrf_token: csrfToken, return_to: returnTo })}
        <input type="text" name="username" value="${email}" autocomplete="username" readonly hidden />
        ${currentPasswordField(context, { label: kit.password, error: page.fault !== undefined, autofocus: true })}
        <button type="submit">${kit.confirm}</button>
      </form>
      ${signOutForm(signIn.stepUp.signOutInstead, page)}`,
  )
}
