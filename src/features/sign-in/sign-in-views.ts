import { checkbox, field, hiddenFields } from '../../pages/fields.ts'
import { type Html, html, isolated } from '../../pages/html.ts'
import { layout } from '../../pages/layout.ts'
import { type Messages, messages } from '../../pages/notices.ts'
import { passkeyButton } from '../../pages/passkey-button.ts'
import { currentPasswordField } from '../../pages/password-fields.ts'
import { type Sender, toContinue } from '../../pages/sender.ts'
import type { ViewContext } from '../../pages/view.ts'
import { withWayBack } from '../../pages/way-back.ts'
import { type Person, signedInAs, signOutForm } from './person-views.ts'
import type { SignInTexts } from './texts.ts'

/**
 * The form has no `action`: it goes to the address of the page, so that the browser keeps the fragment of that address and takes
 * it along to where the answer leads. `ways`: what is open to somebody who cannot sign in, each as the address of its page.
 */
export function signInPage(
  context: ViewContext<SignInTexts>,
  page: Messages & {
    csrfToken: string
    returnTo: string
    email?: string | undefined
    remember?: boolean
    hasPasskeys?: boolean
    sender?: Sender | undefined
    ways?: { register?: string | undefined; recover?: string | undefined }
    /** Providers that have a button. */
    providers?: readonly { name: string; title: string }[]
    /** Whether an address leads to a provider. */
    choosesByAddress?: boolean
    takesPasswords?: boolean
    /** The level that was asked for. */
    level?: string | undefined
  },
): Html {
  const { kit, signIn } = context.texts
  const { csrfToken, returnTo, email = '', remember = false, hasPasskeys = false, sender, ways = {} } = page
  const { providers = [], choosesByAddress = false, takesPasswords = true, level } = page
  const error = page.fault !== undefined
  const asksForLogin = takesPasswords || choosesByAddress
  const submit = html`<button type="submit">${kit.signIn}</button>`
  return layout(
    context,
    signIn.title,
    html`${toContinue(context, sender)} ${messages(page)}
      <form method="post">
        ${hiddenFields({ csrf_token: csrfToken, return_to: returnTo, acr_values: level })}
        ${
          asksForLogin &&
          field({
            name: 'email',
            label: takesPasswords ? signIn.login : kit.email,
            type: 'text',
            autocomplete: hasPasskeys ? 'username webauthn' : 'username',
            value: email,
            error,
            autofocus: !email,
          })
        }
        ${
          takesPasswords &&
          currentPasswordField(context, {
            ...{ label: kit.password, error, autofocus: Boolean(email) },
            ...(choosesByAddress && { optional: true, hint: signIn.byAddress }),
          })
        }
        ${checkbox({ name: 'remember', label: signIn.remember, checked: remember })}
        ${asksForLogin && (providers.length > 0 ? html`<p>${submit}</p>` : submit)}
        ${
          hasPasskeys &&
          passkeyButton(context, {
            ...{ label: signIn.passkey.use, failed: signIn.passkey.failed },
            ...{ options: 'login-options', offer: true },
          })
        }
        ${providers.map(
          ({ name, title }) =>
            html`<p>
              <button
                type="submit"
                class="outline secondary"
                formaction="login-with"
                formnovalidate
                name="provider"
                value="${name}"
              >
                ${signIn.byProvider(title)}
              </button>
            </p>`,
        )}
      </form>
      ${ways.recover && html`<p class="beside"><a href="${ways.recover}">${signIn.recover}</a></p>`}
      ${
        ways.register &&
        html`<p class="after">${signIn.register((text) => html`<a href="${ways.register}">${text}</a>`)}</p>`
      }`,
  )
}

/** What someone sees who signs in to an account that is going to be deleted. */
export function keepAccountPage(
  context: ViewContext<SignInTexts>,
  page: { csrfToken: string; keepToken: string; deletesAt: Date },
): Html {
  const { kit, signIn } = context.texts
  return layout(
    context,
    signIn.keep.title,
    html`<p>${signIn.keep.why(page.deletesAt)}</p>
      <form method="post" action="keep-account">
        ${hiddenFields({ csrf_token: page.csrfToken, keep_token: page.keepToken })}
        <button type="submit">${signIn.keep.keep}</button>
      </form>
      <p class="beside"><a href="login">${kit.toSignIn}</a></p>`,
  )
}

/** What somebody sees whose password was right, and has to be changed before it counts; `url`: where. */
export function mustChangePage(
  context: ViewContext<SignInTexts>,
  page: { directory: string; url: string | undefined },
): Html {
  const { kit, signIn } = context.texts
  const { title, why, open, unknown } = signIn.mustChange
  return layout(
    context,
    title,
    html`<p>${why(html`<strong>${isolated(page.directory)}</strong>`)}</p>
      ${page.url === undefined ? html`<p>${unknown}</p>` : html`<p><a role="button" href="${page.url}">${open}</a></p>`}
      <p class="beside"><a href="login">${kit.toSignIn}</a></p>`,
  )
}

/** Asks whoever is signed in already and has been sent here whether to go on. */
export function signedInPage(
  context: ViewContext<SignInTexts>,
  page: Person & Messages & { csrfToken: string; returnTo: string; sender?: Sender | undefined },
): Html {
  const { kit, signIn } = context.texts
  return layout(
    context,
    signIn.signedInTitle,
    html`${toContinue(context, page.sender)} ${messages(page)}
      <p>${signedInAs(signIn, page)}</p>
      ${continueForm(kit.proceed, page.returnTo)} ${signOutForm(signIn.signOut, page)}`,
  )
}

/** What someone sees whose sign-in is weaker than a page asks for, and who has no second factor. The way on leads by the page where one is set up. */
export function strongerSignInPage(
  context: ViewContext<SignInTexts>,
  page: Person & { csrfToken: string; returnTo: string },
): Html {
  const { signIn } = context.texts
  return layout(
    context,
    signIn.stronger.title,
    html`<p>${signedInAs(signIn, page)} ${signIn.stronger.why}</p>
      <p><a role="button" href="${withWayBack('factors', page.returnTo)}">${signIn.stronger.setUp}</a></p>
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
