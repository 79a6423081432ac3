import { urlOfAsset } from '../../pages/brand.ts'
import { type Html, html, isolated } from '../../pages/html.ts'
import { layout } from '../../pages/layout.ts'
import type { ViewContext } from '../../pages/view.ts'
import { type Person, signedInAs } from './person-views.ts'
import type { SignInTexts } from './texts.ts'

interface ShownApplication {
  host: string
  title: string
  description?: string | undefined
  url: string
}

/** What somebody sees at the root: who they are here, and what they may open. */
export function applicationsPage(
  context: ViewContext<SignInTexts>,
  page: { person: Person; applications: readonly ShownApplication[] },
): Html {
  const { signIn } = context.texts
  const { applications, person } = page
  const list = html`<ul class="applications">
    ${applications.map((application) => html`<li>${link(context, application)}</li>`)}
  </ul>`
  return layout(
    context,
    signIn.applications.title,
    html`<p class="lead">${signedInAs(signIn, person)}</p>
      ${applications.length === 0 ? html`<article><p class="empty">${signIn.applications.none}</p></article>` : list}`,
    { within: 'applications', cards: true },
  )
}

function link({ brand }: ViewContext, { host, title, description, url }: ShownApplication): Html {
  const icon = brand.icons.get(host)
  return html`<a href="${url}">
    ${
      icon === undefined
        ? html`<span class="letter" aria-hidden="true">${[...title][0]!.toUpperCase()}</span>`
        : html`<img src="${urlOfAsset('.', icon)}" alt="" />`
    }
    <span><strong>${isolated(title)}</strong><small>${description ?? host}</small></span>
  </a>`
}
