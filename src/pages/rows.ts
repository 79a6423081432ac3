import { hiddenFields } from './fields.ts'
import { type Child, type Html, html } from './html.ts'

/** One thing of a list: what it is called, what there is to know, and what can be done with it. */
export interface Row {
  title: Child
  about?: readonly Child[]
  actions?: Child
}

/** A list of things, one below the other at any width; what is said in place of it where there are none. */
export function rows(list: readonly Row[], empty?: string): Html {
  if (list.length === 0) return html`<p class="empty">${empty}</p>`
  return html`<ul class="rows">
    ${list.map(
      ({ title, about = [], actions }) =>
        html`<li>
          <div><strong>${title}</strong>${about.filter(Boolean).map((line) => html`<small>${line}</small>`)}</div>
          ${actions}
        </li>`,
    )}
  </ul>`
}

/**
 * The form at a thing of a list by which it is ended, or taken away. `action`: the address that takes it; `sent`: what names the thing;
 * `about`: what it is called, for whoever hears the button by itself.
 */
export function endForm(form: { action: string; sent: Record<string, string>; label: string; about: string }): Html {
  const { action, sent, label, about } = form
  return html`<form method="post" action="${action}">
    ${hiddenFields(sent)}
    <button type="submit" class="small danger" aria-label="${label}: ${about}">${label}</button>
  </form>`
}

/** A part of a page about an account. */
export function card(heading: string, content: Child): Html {
  return html`<article>
    <h2>${heading}</h2>
    ${content}
  </article>`
}
