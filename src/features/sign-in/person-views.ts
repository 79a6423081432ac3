import { hiddenFields } from '../../pages/fields.ts'
import { type Child, type Html, html, isolated } from '../../pages/html.ts'
import type { ViewContext } from '../../pages/view.ts'
import type { SignInTexts } from './texts.ts'

/** Who is signed in. */
export interface Person {
  name: string
  email: string
}

export function signedInAs({ signedInAs }: SignInTexts['signIn'], { name, email }: Person): Html {
  return signedInAs(html`<strong>${isolated(name)}</strong>`, isolated(email))
}

export function signOutForm(label: string, { csrfToken, returnTo }: { csrfToken: string; returnTo?: string }): Html {
  return html`<form method="post" action="logout">
    ${hiddenFields({ csrf_token: csrfToken, return_to: returnTo })}
    <button type="submit" class="secondary outline">${label}</button>
  </form>`
}

/** Who has sent somebody: a host of an application, or a program. */
export interface Sender {
  host?: string | undefined
  title?: string | undefined
}

/** Says who has sent somebody. The host is told too where there is a title: a title is no proof of where somebody is sent. */
export function toContinue({ texts: { signIn } }: ViewContext<SignInTexts>, sender: Sender | undefined): Child {
  if (sender === undefined) return undefined
  const { host = '', title } = sender
  const name = html`<strong>${isolated(title ?? host)}</strong>`
  const service = title === undefined || host === '' ? name : html`${name} (${isolated(host)})`
  return html`<p class="lead">${signIn.toContinue(service)}</p>`
}
