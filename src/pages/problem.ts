import { type Html, html } from './html.ts'
import { layout } from './layout.ts'

/** What a person sees when a form or page could not be served. */
export function problemPage(title: string, requestId: string): Html {
  return layout(
    'This did not work',
    html`<p role="alert">${title}</p>
      <p><a role="button" href="/login">Back to sign-in</a></p>
      <p><small>Request ${requestId}</small></p>`,
  )
}
