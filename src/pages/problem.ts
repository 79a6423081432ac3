import { type Html, html } from './html.ts'
import { layout } from './layout.ts'

/**
 * What a person sees when a form or page could not be served. `fields`: what the same address needs to be asked again with, such as
 * the way back.
 */
export function problemPage(page: {
  title: string
  requestId: string
  fields: Record<string, string | undefined>
}): Html {
  return layout(
    'This did not work',
    html`<p role="alert">${page.title}</p>
      <form method="get">
        ${Object.entries(page.fields).map(([name, value]) => value && html`<input type="hidden" name="${name}" value="${value}" />`)}
        <button type="submit">Try again</button>
      </form>
      <p><small>Request ${page.requestId}</small></p>`,
  )
}
