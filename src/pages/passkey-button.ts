import { urlOfAsset } from './brand.ts'
import { type Html, html } from './html.ts'
import type { ViewContext } from './view.ts'

interface PasskeyButton {
  label: string
  /** Where a script asks for what the browser is asked with, named from the page. */
  options: string
  /** What is said where no passkey was shown, or made. */
  failed: string
  /** To make one; what is said where the authenticator has one of the person's already. Left out, one is asked for. */
  make?: { known: string }
  /** Whether the browser is to offer passkeys in the field whose `autocomplete` ends in `webauthn`. */
  offer?: boolean
  /** Whether it is what the form is for. */
  isMain?: boolean
}

/** A button within a form that sends a passkey as `credential`. Without scripts, or passkeys, it is not there: see `passkey.js`. */
export function passkeyButton({ brand }: ViewContext, button: PasskeyButton): Html {
  const { label, options, failed, make, offer = false, isMain = false } = button
  return html`<div
      class="passkey"
      data-passkey="${make === undefined ? 'show' : 'make'}"
      data-options="${options}"
      ${offer && html`data-offer=""`}
      data-failed="${failed}"
      ${make && html`data-known="${make.known}"`}
      hidden
    >
      <button type="button" ${!isMain && html`class="secondary outline"`}>${label}</button>
    </div>
    <script src="${urlOfAsset('.', brand.passkeyScript)}" defer=""></script>`
}
