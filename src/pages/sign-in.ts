import { type Html, html } from './html.ts'
import { layout, type Messages, messages } from './layout.ts'
import { currentPasswordField } from './password-field.ts'

export interface SignInPage extends Messages {
  csrfToken: string
  returnTo: string
  email?: string | undefined
}

/**
 * The form has no `action`: it goes to the address of the page, so that the browser keeps the fragment of that address and takes
 * it along to where the answer leads.
 */
export function signInPage({ csrfToken, returnTo, email, fault, notice }: SignInPage): Html {
  const marks = fault && html`aria-invalid="true" aria-describedby="fault"`
  return layout(
    'Sign in',
    html`${messages({ fault, notice })}
      <form method="post">
        <input type="hidden" name="csrf_token" value="${csrfToken}" />
        <input type="hidden" name="return_to" value="${returnTo}" />
        <label
          >Email
          <input
            type="email"
            name="email"
            value="${email}"
            autocomplete="username"
            required
            ${!email && html`autofocus`}
            ${marks}
          />
        </label>
        ${currentPasswordField({ autofocus: Boolean(email), faulty: Boolean(fault) })}
        <button type="submit">Sign in</button>
      </form>`,
  )
}
