import { hiddenFields } from './fields.ts'
import { type Html, html } from './html.ts'
import { layout } from './layout.ts'
import { messages } from './notices.ts'
import type { ViewContext } from './view.ts'

/** What a person sees when a form or page could not be served. */
export function problemPage(context: ViewContext, page: { fault: string; requestId: string }): Html {
  const { kit } = context.texts
  return layout(
    context,
    kit.problemTitle,
    html`${messages(page)}
      <form method="get">
        ${hiddenFields(context.address)}
        <button type="submit">${kit.tryAgain}</button>
      </form>
      <p><small>${kit.request(page.requestId)}</small></p>`,
  )
}
