import { passwordLength } from '../core/password-policy.ts'
import { type Html, html } from './html.ts'
import { layout, type Messages, messages } from './layout.ts'

export interface VerifyEmailPage extends Messages {
  token: string
  csrfToken: string
  /** The address that is confirmed. */
  email: string
}

/**
 * Asks for the password that shall count: whoever opens the mail has the mailbox, but may not be who registered. Sending
 * the form, and not opening the page, uses the link up: mail scanners open links.
 */
export function verifyEmailPage({ token, csrfToken, email, fault, notice }: VerifyEmailPage): Html {
  return layout(
    'Confirm your email address',
    html`${messages({ fault, notice })}
      <p>Say which password shall open your account. It may be the one that you registered with, or another one.</p>
      <form method="post" action="verify-email">
        <input type="hidden" name="csrf_token" value="${csrfToken}" />
        <input type="hidden" name="token" value="${token}" />
        <label
          >Email
          <input type="email" value="${email}" autocomplete="username" readonly />
        </label>
        <label
          >Password
          <input
            type="password"
            name="password"
            autocomplete="new-password"
            required
            autofocus
            ${fault && html`aria-invalid="true"`}
            aria-describedby="${fault && 'fault '}form"
          />
          <small id="form">At least ${passwordLength.min} characters: several words are easy to remember.</small>
        </label>
        <button type="submit">Confirm</button>
      </form>`,
  )
}

export function emailVerifiedPage(): Html {
  return layout(
    'Email address confirmed',
    html`<p>Your account is ready.</p>
      <p><a role="button" href="login">Sign in</a></p>`,
  )
}

export function emailNotVerifiedPage(): Html {
  return layout(
    'This link does not work',
    html`<p>It was used already, or it is more than a day old. If you have confirmed your address before, sign in.</p>
      <p><a role="button" href="login">Sign in</a></p>`,
  )
}
