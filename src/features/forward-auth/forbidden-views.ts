import { type Html, html } from '../../pages/html.ts'
import { layout } from '../../pages/layout.ts'

/** Shown through the proxy, under the application's own host. */
export function forbiddenPage(issuer: string): Html {
  return layout(
    'Not allowed',
    html`<p>You are signed in, but your account may not open this page.</p>
      <p>To sign in as someone else, sign out in <a href="${issuer}/">your account</a> first.</p>`,
    issuer,
  )
}
