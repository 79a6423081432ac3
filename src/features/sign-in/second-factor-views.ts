import { type Html, html, isolated } from '../../pages/html.ts'
import { layout } from '../../pages/layout.ts'
import { type Messages, messages } from '../../pages/notices.ts'
import type { ViewContext } from '../../pages/view.ts'
import { codeForm, type CodePage, isByPasskey } from './code-views.ts'
import type { SignInTexts } from './texts.ts'

/** Asks somebody whose password was right for their second factor. Its form keeps the fragment, as `signInPage` says. */
export function secondFactorPage(
  context: ViewContext<SignInTexts>,
  page: CodePage & Messages & { email: string },
): Html {
  const { kit, signIn } = context.texts
  const { title, passkeyTitle, why } = signIn.secondFactor
  return layout(
    context,
    isByPasskey(page) ? passkeyTitle : title,
    html`${messages(page)}
      <p>${why(html`<strong>${isolated(page.email)}</strong>`)}</p>
      ${codeForm(context, 'second-factor', page)}
      <p class="beside"><a href="login">${kit.cancel}</a></p>`,
  )
}
