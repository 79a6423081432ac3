import { type Html, html } from './html.ts'
import { layout } from './layout.ts'

/** Asks for a click: mail scanners open links, and opening one must not use it up. */
export function verifyEmailPage(page: { token: string; csrfToken: string }): Html {
  return layout(
    'Confirm your email address',
    html`<form method="post" action="/verify-email">
      <input type="hidden" name="csrf_token" value="${page.csrfToken}" />
      <input type="hidden" name="token" value="${page.token}" />
      <button type="submit">Confirm</button>
    </form>`,
  )
}

export function emailVerifiedPage(): Html {
  return layout('Email address confirmed', html`<p><a role="button" href="/login">Sign in</a></p>`)
}

export function emailNotVerifiedPage(): Html {
  return layout('This link does not work', html`<p>It was used already or is too old.</p>`)
}
