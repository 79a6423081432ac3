import type { PasswordFault, PasswordLengths } from '../core/password-policy.ts'
import { urlOfAsset } from './brand.ts'
import { field } from './fields.ts'
import { type Html, html } from './html.ts'
import type { KitTexts } from './texts.ts'
import type { ViewContext } from './view.ts'

/** What the script asks. */
const judgePath = '/api/auth/judge-password'

/** Why a new password is refused, in a sentence. */
export function passwordFaultText({ kit }: KitTexts, fault: PasswordFault, lengths: PasswordLengths): string {
  const { passwordFaults } = kit
  if (fault === 'too_short') return passwordFaults.too_short(lengths.min)
  if (fault === 'too_long') return passwordFaults.too_long(lengths.max)
  return passwordFaults[fault]
}

interface PasswordField {
  label: string
  name?: string
  /** As of a `field`. */
  error?: string | boolean | undefined
  autofocus?: boolean
  hint?: string
  optional?: boolean
}

/** Where a person types the password that they have. A script adds a button that shows it. */
export function currentPasswordField(context: ViewContext, { name = 'password', ...shown }: PasswordField): Html {
  const { show, hide } = context.texts.kit.showPassword
  return html`<div data-password="" data-show="${show}" data-hide="${hide}">
      ${field({ ...shown, name, type: 'password', autocomplete: 'current-password', maxlength: 512 })}
    </div>
    ${script(context)}`
}

/**
 * Where a person chooses a password. A script says what it lacks while it is typed, for the person of the same form too
 * (`autocomplete` of `username` and `name`, or `personName` where the form does not ask for it), and adds a button that shows it; without scripts the form says so once it was
 * sent. One a page.
 */
export function newPasswordField(
  context: ViewContext,
  given: PasswordField & { personName?: string | undefined },
): Html {
  const { texts, passwords } = context
  const { name = 'password', hint = texts.kit.newPassword.hint(passwords.min), personName, ...shown } = given
  const faults = Object.keys(texts.kit.passwordFaults).map((fault) => [
    fault,
    passwordFaultText(texts, fault as PasswordFault, passwords),
  ])
  return html`<div
      data-password=""
      data-judge=".${judgePath}"
      data-name="${personName ?? ''}"
      data-min-length="${passwords.min}"
      data-max-length="${passwords.max}"
      data-faults="${JSON.stringify(Object.fromEntries(faults))}"
      data-fits="${texts.kit.newPassword.fits}"
      data-show="${texts.kit.showPassword.show}"
      data-hide="${texts.kit.showPassword.hide}"
    >
      ${field({ ...shown, name, hint, type: 'password', autocomplete: 'new-password', maxlength: 512 })}
      <small class="hint" role="log" aria-live="polite" data-told=""></small>
    </div>
    ${script(context)}`
}

/** A page with two of these fields names it twice, which it bears. */
function script({ brand }: ViewContext): Html {
  return html`<script src="${urlOfAsset('.', brand.passwordScript)}" defer=""></script>`
}
