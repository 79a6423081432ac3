import { hiddenFields } from '../../pages/fields.ts'
import { type Child, type Html, html, isolated } from '../../pages/html.ts'
import { layout } from '../../pages/layout.ts'
import { type Messages, messages } from '../../pages/notices.ts'
import { currentPasswordField } from '../../pages/password-fields.ts'
import { type Sender, toContinue } from '../../pages/sender.ts'
import type { ViewContext } from '../../pages/view.ts'
import { codeForm, type CodePage, isByPasskey } from './code-views.ts'
import { signOutForm } from './person-views.ts'
import type { SignInTexts } from './texts.ts'

/**
 * Asks a person who is signed in to prove once more who they are: by their second factor, by the password where they have none, or by one of `providers` where they have
 * neither. Its form keeps the fragment, as `signInPage` says.
 */
export function stepUpPage(
  context: ViewContext<SignInTexts>,
  page: Messages &
    CodePage & {
      email: string
      hasFactor?: boolean
      sender?: Sender | undefined
      providers?: readonly { name: string; title: string }[] | undefined
    },
): Html {
  const { signIn } = context.texts
  const { title, why, whyCode, whyPasskey, whyElsewhere, signOutInstead } = signIn.stepUp
  const whyFactor = isByPasskey(page) ? whyPasskey : whyCode
  const email = html`<strong>${isolated(page.email)}</strong>`
  return layout(
    context,
    title,
    html`${toContinue(context, page.sender)} ${messages(page)}
      <p>${page.hasFactor ? whyFactor(email) : page.providers ? whyElsewhere(email) : why(email)}</p>
      ${
        page.hasFactor
          ? codeForm(context, 'step-up', page)
          : page.providers
            ? page.providers.map((provider) => providerForm(context, page, provider))
            : passwordForm(context, page)
      }
      ${signOutForm(signOutInstead, page)}`,
  )
}

function passwordForm(context: ViewContext<SignInTexts>, page: CodePage & { email: string }): Child {
  const { kit } = context.texts
  return html`<form method="post">
    ${hiddenFields({ csrf_token: page.csrfToken, return_to: page.returnTo })}
    <input type="text" name="username" value="${page.email}" autocomplete="username" readonly hidden />
    ${currentPasswordField(context, { label: kit.password, error: page.fault !== undefined, autofocus: true })}
    <button type="submit">${kit.confirm}</button>
  </form>`
}

function providerForm(
  { texts: { signIn } }: ViewContext<SignInTexts>,
  page: CodePage,
  { name, title }: { name: string; title: string },
): Child {
  return html`<form method="post" action="step-up-with">
    ${hiddenFields({ csrf_token: page.csrfToken, return_to: page.returnTo, provider: name })}
    <button type="submit">${signIn.stepUp.byProvider(title)}</button>
  </form>`
}
