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

/**
 * Where a person chooses a password. A script says what it lacks while it is typed, for the fields `email` and `name` of the
 * same form too, and adds a button that shows it; without scripts the form says so once it was sent. `error`: as of a `field`.
 * One a page.
 */
export function newPasswordField(
  context: ViewContext,
  given: { label: string; name?: string; hint?: string; error?: string | boolean | undefined; autofocus?: boolean },
): Html {
  const { texts, passwords, brand } = context
  const { name = 'password', hint = texts.kit.newPassword.hint(passwords.min), ...shown } = given
  const faults = Object.keys(texts.kit.passwordFaults).map((fault) => [
    fault,
    passwordFaultText(texts, fault as PasswordFault, passwords),
  ])
  return html`<div
      data-new-password=""
      data-judge=".${judgePath}"
      data-min-length="${passwords.min}"
      data-max-length="${passwords.max}"
      data-faults="${JSON.stringify(Object.fromEntries(faults))}"
      data-fits="${texts.kit.newPassword.fits}"
      data-show="${texts.kit.newPassword.show}"
      data-hide="${texts.kit.newPassword.hide}"
    >
      ${field({ ...shown, name, hint, type: 'password', autocomplete: 'new-password', maxlength: 512 })}
      <small class="hint" role="log" aria-live="polite" data-told=""></small>
    </div>
    <script src="${urlOfAsset('.', brand.passwordScript)}" defer=""></script>`
}
