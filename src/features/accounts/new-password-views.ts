import { checkbox, field, hiddenFields, nameField } from '../../pages/fields.ts'
import { type Child, type Html, html } from '../../pages/html.ts'
import { layout } from '../../pages/layout.ts'
import { type Messages, messages } from '../../pages/notices.ts'
import { newPasswordField } from '../../pages/password-fields.ts'
import type { ViewContext } from '../../pages/view.ts'
import { withWayBack } from '../../pages/way-back.ts'
import type { AccountTexts } from './texts.ts'

type Context = ViewContext<AccountTexts>

interface Link extends Messages {
  csrfToken: string
  token: string
  /** Whose the link is, as far as that can be said now. */
  email?: string | undefined
  /** What that person is called, where the form does not ask for it. */
  personName?: string | undefined
  faults?: { name?: string | undefined; password?: string | undefined }
}

/** Sending the form, and not opening the page, uses a link up: mail scanners open links. */
function newPasswordForm(
  context: Context,
  action: string,
  page: Link,
  submit: string,
  { before, after }: { before?: Child; after?: Child },
): Html {
  const { kit } = context.texts
  const { csrfToken, token, email, personName, faults = {} } = page
  return html`<form method="post" action="${action}">
    ${hiddenFields({ csrf_token: csrfToken, token })}
    ${
      email !== undefined &&
      field({
        ...{ name: 'email', label: kit.email, type: 'email', autocomplete: 'username', value: email, readonly: true },
      })
    }
    ${before}
    ${newPasswordField(context, { label: kit.password, personName, error: faults.password, autofocus: before === undefined || faults.password !== undefined })}
    ${after}
    <button type="submit">${submit}</button>
  </form>`
}

/** Where the mailed link to a new password leads. */
export function resetPasswordPage(context: Context, page: Link & { endApiKeys?: boolean }): Html {
  const { title, why, submit, endApiKeys: label } = context.texts.accounts.resetPassword
  const after = checkbox({ name: 'end_api_keys', label, checked: page.endApiKeys ?? false })
  return layout(
    context,
    title,
    html`<p class="lead">${why}</p>
      ${messages(page)} ${newPasswordForm(context, 'reset-password', page, submit, { after })}`,
  )
}

/** Where the mailed link of an invitation leads. */
export function invitationPage(context: Context, page: Link & { name: string }): Html {
  const { kit, accounts } = context.texts
  const { title, why, submit } = accounts.invitation
  const { name, faults = {} } = page
  const before = nameField({
    label: kit.name,
    value: name,
    error: faults.name,
    autofocus: faults.password === undefined,
  })
  return layout(
    context,
    title,
    html`<p class="lead">${why}</p>
      ${messages(page)} ${newPasswordForm(context, 'invitation', page, submit, { before })}`,
  )
}

/** What a link has done. `endedApiKeys`: how many API keys it ended; nothing where none were to end. */
export function passwordChosenPage(
  context: Context,
  page: {
    by: 'resetPassword' | 'invitation'
    endedApiKeys?: number | undefined
    returnTo?: string | undefined
  },
): Html {
  const { kit, accounts } = context.texts
  const { doneTitle, done } = accounts[page.by]
  // Nobody can come back here in another language: the link is used.
  return layout(
    { ...context, offered: [] },
    doneTitle,
    html`<p>${done}</p>
      ${page.endedApiKeys !== undefined && html`<p>${accounts.resetPassword.endedApiKeys(page.endedApiKeys)}</p>`}
      <a role="button" href="${withWayBack('login', page.returnTo)}">${kit.signIn}</a>`,
  )
}

export function newPasswordLinkUselessPage(context: Context, page: { by: 'resetPassword' | 'invitation' }): Html {
  const { kit, accounts } = context.texts
  const { title, why } = accounts.linkUseless
  return layout(
    context,
    title,
    html`<p>${why}</p>
      ${page.by === 'resetPassword' && html`<a role="button" href="forgot-password">${accounts.linkRequests['forgot-password'].title}</a>`}
      <p class="beside"><a href="login">${kit.toSignIn}</a></p>`,
  )
}
