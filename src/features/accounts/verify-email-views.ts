import { passwordLength } from '../../core/password-policy.ts'
import { field, hiddenFields } from '../../pages/fields.ts'
import { type Html, html } from '../../pages/html.ts'
import { layout } from '../../pages/layout.ts'
import { type Messages, messages } from '../../pages/notices.ts'

/**
 * Asks for the password that shall count: whoever opens the mail has the mailbox, but may not be who registered. Sending
 * the form, and not opening the page, uses the link up: mail scanners open links. `email`: the address that is confirmed.
 */
export function verifyEmailPage(page: Messages & { token: string; csrfToken: string; email: string }): Html {
  return layout(
    'Confirm your email address',
    html`${messages(page)}
      <p>Say which password shall open your account. It may be the one that you registered with, or another one.</p>
      <form method="post" action="verify-email">
        ${hiddenFields({ csrf_token: page.csrfToken, token: page.token })}
        ${field({
          name: 'email',
          label: 'Email',
          type: 'email',
          autocomplete: 'username',
          value: page.email,
          readonly: true,
        })}
        ${field({
          name: 'password',
          label: 'Password',
          type: 'password',
          autocomplete: 'new-password',
          hint: `At least ${passwordLength.min} characters: several words are easy to remember.`,
          error: page.fault !== undefined,
          autofocus: true,
        })}
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
