import { languageNames } from '../core/language.ts'
import { hiddenFields } from './fields.ts'
import { type Child, html } from './html.ts'
import type { ViewContext } from './view.ts'

/** By what a page is asked for in another language; it is told once, and kept in a cookie. */
export const languageParameter = 'language'

/**
 * Shows the same page in another language: a form without an `action`, so that it works without scripts and keeps the fragment of
 * the page's address. Each language has its own name, whatever the page is in. Nothing where there is no choice.
 */
export function languageSwitch({ language, texts, offered, address }: ViewContext): Child {
  if (offered.length < 2) return undefined
  return html`<nav aria-label="${texts.kit.language}">
    <form method="get">
      ${hiddenFields(address)}
      ${offered.map((one) =>
        one === language
          ? html`<strong lang="${one}">${languageNames[one]}</strong>`
          : html`<button type="submit" name="${languageParameter}" value="${one}" lang="${one}">
              ${languageNames[one]}
            </button>`,
      )}
    </form>
  </nav>`
}
