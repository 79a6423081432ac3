import { type Html, html } from './html.ts'
import { layout } from './layout.ts'
import { currentPasswordField } from './password-field.ts'

export interface StepUpPage {
  email: string
  csrfToken: string
  returnTo: string
  /** Why the last try failed, in words for the person. */
  fault?: string | undefined
}

/** Asks a person who is signed in to prove once more who they are. */
export function stepUpPage({ email, csrfToken, returnTo, fault }: StepUpPage): Html {
  return layout(
    'Confirm that it is you',
    html`${fault && html`<p role="alert" id="fault">${fault}</p>`}
      <p>What comes next needs your password once more. You are signed in as <strong>${email}</strong>.</p>
      <form method="post" action="/step-up">
        <input type="hidden" name="csrf_token" value="${csrfToken}" />
        <input type="hidden" name="return_to" value="${returnTo}" />
        <input type="text" name="username" value="${email}" autocomplete="username" readonly hidden />
        ${currentPasswordField({ autofocus: true, faulty: fault !== undefined })}
        <button type="submit">Confirm</button>
      </form>
      <form method="post" action="/logout">
        <input type="hidden" name="csrf_token" value="${csrfToken}" />
        <button type="submit" class="secondary outline">Sign out instead</button>
      </form>`,
  )
}
