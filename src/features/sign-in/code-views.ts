import { checkbox, codeField, field, hiddenFields } from '../../pages/fields.ts'
import { type Child, html } from '../../pages/html.ts'
import type { ViewContext } from '../../pages/view.ts'
import type { SignInTexts } from './texts.ts'

/** What somebody proves themselves by: a code of the app, or a recovery code in its place. */
export interface CodePage {
  csrfToken: string
  returnTo: string
  /** Whether it is a recovery code that is asked for. */
  isRecovery?: boolean
  fault?: string | undefined
  /** For how many days the browser can be remembered; 0 or left out: it cannot. */
  rememberDays?: number
}

/** The form for one code. `path`: of its page, which can ask for the other kind too. */
export function codeForm(context: ViewContext<SignInTexts>, path: string, page: CodePage): Child {
  const { kit, signIn } = context.texts
  const { secondFactor } = signIn
  const { csrfToken, returnTo, isRecovery = false, fault, rememberDays = 0 } = page
  const error = fault !== undefined
  const other = `${path}?${isRecovery ? '' : 'recovery=yes&'}return_to=${encodeURIComponent(returnTo)}`
  return html`<form method="post">
      ${hiddenFields({ csrf_token: csrfToken, return_to: returnTo, recovery: isRecovery ? 'yes' : undefined })}
      ${
        isRecovery
          ? field({
              ...{ name: 'code', label: secondFactor.recoveryCode, type: 'text', autocomplete: 'off', maxlength: 64 },
              ...{ hint: secondFactor.recoveryHint, error, autofocus: true },
            })
          : codeField({ label: secondFactor.code, hint: secondFactor.codeHint, error, autofocus: true })
      }
      ${
        rememberDays > 0 &&
        checkbox({ name: 'remember_device', label: secondFactor.rememberDevice(rememberDays), checked: false })
      }
      <button type="submit">${kit.confirm}</button>
    </form>
    <p class="beside"><a href="${other}">${isRecovery ? secondFactor.useApp : secondFactor.useRecovery}</a></p>`
}
