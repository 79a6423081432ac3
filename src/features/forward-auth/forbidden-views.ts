import { type Html, html } from '../../pages/html.ts'
import { layout } from '../../pages/layout.ts'
import type { Spoken } from '../../pages/view.ts'
import type { ForwardAuthTexts } from './texts.ts'

/** Shown through the proxy, under the application's own host. */
export function forbiddenPage({ language, texts }: Spoken<ForwardAuthTexts>, issuer: string): Html {
  const { forbidden } = texts.forwardAuth
  return layout(
    { language, base: issuer },
    forbidden.title,
    html`<p>${forbidden.notAllowed}</p>
      <p>${forbidden.asSomeoneElse((text) => html`<a href="${issuer}/">${text}</a>`)}</p>`,
  )
}
