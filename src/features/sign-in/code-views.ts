import { checkbox, codeField, field, hiddenFields } from '../../pages/fields.ts'
import { type Child, html } from '../../pages/html.ts'
import { passkeyButton } from '../../pages/passkey-button.ts'
import type { ViewContext } from '../../pages/view.ts'
import type { SignInTexts } from './texts.ts'

/** What somebody can prove themselves by. */
export interface Provable {
  hasApp: boolean
  hasPasskey: boolean
}

/** What somebody proves themselves by: a passkey, a code of the app, or a recovery code in place of either. */
export interface CodePage {
  csrfToken: string
  returnTo: string
  /** Left out: the app. */
  by?: Provable
  /** Whether it is a recovery code that is asked for. */
  isRecovery?: boolean
  fault?: string | undefined
  /** For how many days the browser can be remembered; 0 or left out: it cannot. */
  rememberDays?: number
}

const appAlone: Provable = { hasApp: true, hasPasskey: false }

/** Whether it is the passkey that is asked for first. */
export const isByPasskey = ({ by = appAlone, isRecovery = false }: CodePage) =>
  by.hasPasskey && !by.hasApp && !isRecovery

/** The form for a passkey or a code. `path`: of its page, which can ask for the other kind of code too. */
export function codeForm(context: ViewContext<SignInTexts>, path: string, page: CodePage): Child {
  const { kit, signIn } = context.texts
  const { secondFactor, passkey } = signIn
  const { csrfToken, returnTo, by = appAlone, fault, rememberDays = 0 } = page
  // Where there are no passkeys any more, a recovery code is what is left of them.
  const isRecovery = page.isRecovery || !(by.hasApp || by.hasPasskey)
  const error = fault !== undefined
  // Who has no app, and wants no recovery code, has a passkey alone.
  const asksForCode = by.hasApp || isRecovery
  const asksForPasskey = by.hasPasskey && !isRecovery
  const other = `${path}?${isRecovery ? '' : 'recovery=yes&'}return_to=${encodeURIComponent(returnTo)}`
  const useOther = by.hasApp ? secondFactor.useApp : passkey.use
  return html`<form method="post">
      ${hiddenFields({ csrf_token: csrfToken, return_to: returnTo, recovery: isRecovery ? 'yes' : undefined })}
      ${asksForCode && (isRecovery ? recoveryField() : appField())}
      ${
        rememberDays > 0 &&
        checkbox({ name: 'remember_device', label: secondFactor.rememberDevice(rememberDays), checked: false })
      }
      ${asksForCode && html`<button type="submit">${kit.confirm}</button>`}
      ${
        asksForPasskey &&
        html`${passkeyButton(context, {
          ...{ label: passkey.use, options: `${path}-options`, failed: passkey.failed, isMain: !by.hasApp },
        })}
        ${!by.hasApp && html`<p data-passkey-missing="">${passkey.missing}</p>`}`
      }
    </form>
    ${
      (by.hasApp || by.hasPasskey) &&
      html`<p class="beside"><a href="${other}">${isRecovery ? useOther : secondFactor.useRecovery}</a></p>`
    }`

  function recoveryField() {
    return field({
      ...{ name: 'code', label: secondFactor.recoveryCode, type: 'text', autocomplete: 'off', maxlength: 64 },
      ...{ hint: secondFactor.recoveryHint, error, autofocus: true },
    })
  }
  function appField() {
    return codeField({ label: secondFactor.code, hint: secondFactor.codeHint, error, autofocus: true })
  }
}
