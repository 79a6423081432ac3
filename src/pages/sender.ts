import { type Child, html, isolated } from './html.ts'
import type { ViewContext } from './view.ts'

/** Who has sent somebody: a host of an application, or a program. */
export interface Sender {
  host?: string | undefined
  title?: string | undefined
}

/** Says who has sent somebody. The host is told too where there is a title: a title is no proof of where somebody is sent. */
export function toContinue({ texts: { kit } }: ViewContext, sender: Sender | undefined): Child {
  if (sender === undefined) return undefined
  const { host = '', title } = sender
  const name = html`<strong>${isolated(title ?? host)}</strong>`
  const service = title === undefined || host === '' ? name : html`${name} (${isolated(host)})`
  return html`<p class="lead">${kit.toContinue(service)}</p>`
}
