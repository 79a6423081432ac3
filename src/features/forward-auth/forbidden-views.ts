import { defaultPolicy } from '../../core/password-policy.ts'
import { type Html, html } from '../../pages/html.ts'
import { layout } from '../../pages/layout.ts'
import type { Spoken } from '../../pages/view.ts'
import type { ForwardAuthTexts } from './texts.ts'

/** Shown through the proxy, under the application's own host, where nobody would keep what language was chosen. */
export function forbiddenPage(spoken: Spoken<ForwardAuthTexts>, issuer: string): Html {
  const { forbidden } = spoken.texts.forwardAuth
  return layout(
    { ...spoken, offered: [], passwords: defaultPolicy, address: {} },
    forbidden.title,
    html`<p>${forbidden.notAllowed}</p>
      <p>${forbidden.asSomeoneElse((text) => html`<a href="${issuer}/">${text}</a>`)}</p>`,
    { base: issuer },
  )
}
