import { type Html, html, isolated } from '../../pages/html.ts'
import { layout } from '../../pages/layout.ts'
import type { ViewContext } from '../../pages/view.ts'
import type { OtherDomainsTexts } from './texts.ts'

/** What a person sees whose sign-in to a host could not be finished. `onwards`: where they try it again. */
export function ticketEndedPage(
  context: ViewContext<OtherDomainsTexts>,
  page: { basePath: string; onwards?: string | undefined },
): Html {
  const { title, text, again } = context.texts.otherDomains
  const { basePath, onwards } = page
  return layout(
    context,
    title,
    html`<p>${text}</p>
      ${onwards !== undefined && html`<a role="button" href="${onwards}">${again(isolated(new URL(onwards).host))}</a>`}`,
    { base: basePath },
  )
}
