import { type Html, html } from './html.ts'
import { layout, type Messages, messages } from './layout.ts'
import { currentPasswordField } from './password-field.ts'

export interface StepUpPage extends Messages {
  email: string
  csrfToken: string
  returnTo: string
}

/** Asks a person who is signed in to prove once more who they are. Its form keeps the fragment, as `signInPage` says. */
export function stepUpPage({ email, csrfToken, returnTo, fault, notice }: StepUpPage): Html {
  return layout(
    'Confirm that it is you',
    html`${messages({ fault, notice })}
      <p>What comes next needs your password once more. You are signed in as <strong>${email}</strong>.</p>
      <form method="post">
        <input type="hidden" name="csrf_token" value="${csrfToken}" />
        <input type="hidden" name="return_to" value="${returnTo}" />
        <input type="text" name="username" value="${email}" autocomplete="username" readonly hidden />
        ${currentPasswordField({ autofocus: true, faulty: fault !== undefined })}
        <button type="submit">Confirm</button>
      </form>
      <form method="post" action="logout">
        <input type="hidden" name="csrf_token" value="${csrfToken}" />
        <input type="hidden" name="return_to" value="${returnTo}" />
        <button type="submit" class="secondary outline">Sign out instead</button>
      </form>`,
  )
}
