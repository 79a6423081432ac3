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

/** What a person sees at an address that there is nothing at, however deep it is. `basePath`: what the path of each page begins with. */
export function notFoundPage(context: ViewContext, { basePath }: { basePath: string }): Html {
  const { title, text, home } = context.texts.kit.notFound
  // The address keeps no choice of a language.
  return layout(
    { ...context, offered: [] },
    title,
    html`<p>${text}</p>
      <a role="button" href="${basePath}/">${home}</a>`,
    { base: basePath },
  )
}
