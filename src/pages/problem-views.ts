import { hiddenFields } from './fields.ts'
import { type Html, html } from './html.ts'
import { layout } from './layout.ts'
import { messages } from './notices.ts'

/** What a person sees when a form or page could not be served. `address`: what the same page is asked for again with. */
export function problemPage(page: {
  title: string
  requestId: string
  address: Readonly<Record<string, string | undefined>>
}): Html {
  return layout(
    'This did not work',
    html`${messages({ fault: page.title })}
      <form method="get">
        ${hiddenFields(page.address)}
        <button type="submit">Try again</button>
      </form>
      <p><small>Request ${page.requestId}</small></p>`,
  )
}
