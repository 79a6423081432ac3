import { hiddenFields } from '../../pages/fields.ts'
import { type Html, html, isolated } from '../../pages/html.ts'
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
