import { type Html, html } from './html.ts'
import { layout } from './layout.ts'
import { currentPasswordField } from './password-field.ts'

export interface SignInPage {
  csrfToken: string
  returnTo: string
  email?: string | undefined
  /** Why the last try failed, in words for the person. */
  fault?: string | undefined
}

export function signInPage({ csrfToken, returnTo, email, fault }: SignInPage): Html {
  const marks = fault && html`aria-invalid="true" aria-describedby="fault"`
  return layout(
    'Sign in',
    html`${fault && html`<p role="alert" id="fault">${fault}</p>`}
      <form method="post" action="/login">
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
