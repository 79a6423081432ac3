import { type Html, html } from '../../pages/html.ts'
import { layout } from '../../pages/layout.ts'
import { type Messages, messages } from '../../pages/notices.ts'
import type { ViewContext } from '../../pages/view.ts'
import { type Person, signedInAs, signOutForm } from './person-views.ts'
import type { SignInTexts } from './texts.ts'

/** Asks whoever was sent here by an application whether to sign out. `person`: nobody where nothing but a refresh cookie is left. */
export function signOutPage(
  context: ViewContext<SignInTexts>,
  page: Messages & { person: Person | undefined; csrfToken: string; returnTo: string },
): Html {
  const { signIn } = context.texts
  const { person } = page
  return layout(
    context,
    signIn.leave.title,
    html`${messages(page)}
      <p>${person === undefined ? signIn.leave.signedIn : signedInAs(signIn, person)} ${signIn.leave.consequence}</p>
      ${signOutForm(signIn.signOut, page)}
      <p><a href="${page.returnTo}">${signIn.leave.staySignedIn}</a></p>`,
  )
}

/** What somebody sees who has left. `returnTo`: the application that sent them here to do so. */
export function signedOutPage(context: ViewContext<SignInTexts>, { returnTo }: { returnTo: string | undefined }): Html {
  const { kit, signIn } = context.texts
  return layout(
    context,
    signIn.left.title,
    html`<p>${signIn.left.notSignedIn}</p>
      <p><a role="button" href="${returnTo ?? 'login'}">${returnTo === undefined ? kit.signIn : kit.proceed}</a></p>`,
  )
}
