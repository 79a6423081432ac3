import { type Html, html } from './html.ts'
import { layout } from './layout.ts'

/** What someone sees at the root: who they are here, and the way out. */
export function signedInPage(page: { name: string; email: string; csrfToken: string; returnTo?: string }): Html {
  return layout(
    'Signed in',
    html`<p>You are signed in as <strong>${page.name}</strong> (${page.email}).</p>
      ${page.returnTo && html`<p><a role="button" href="${page.returnTo}">Continue</a></p>`}
      <form method="post" action="/logout">
        <input type="hidden" name="csrf_token" value="${page.csrfToken}" />
        <button type="submit" class="secondary outline">Sign out</button>
      </form>`,
  )
}
