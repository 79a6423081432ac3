import { checkbox, field, hiddenFields } from '../../pages/fields.ts'
import { type Child, type Html, html, isolated } from '../../pages/html.ts'
import { layout } from '../../pages/layout.ts'
import { currentPasswordField, newPasswordField } from '../../pages/password-fields.ts'
import { type Messages, messages } from '../../pages/notices.ts'
import { moment } from '../../pages/times.ts'
import type { ViewContext } from '../../pages/view.ts'
import type { OwnAccountTexts } from './texts.ts'

type Context = ViewContext<OwnAccountTexts>

/** What a form about an account says, and what is wrong at which field. */
interface Asked extends Messages {
  csrfToken: string
  /** The address of its person, for password managers too, as far as that can be said now. */
  email?: string | undefined
  faults?: Readonly<Record<string, string | undefined>>
}

function formPage(context: Context, title: string, lead: Child, page: Asked, fields: Child, submit: Child): Html {
  return layout(
    context,
    title,
    html`${lead && html`<p class="lead">${lead}</p>`} ${messages(page)}
      <form method="post">
        ${hiddenFields({ csrf_token: page.csrfToken })}
        ${
          page.email !== undefined &&
          html`<input type="text" name="username" value="${page.email}" autocomplete="username" readonly hidden />`
        }
        ${fields} ${submit}
      </form>
      <p class="beside"><a href="account">${context.texts.kit.cancel}</a></p>`,
    { within: 'account' },
  )
}

/** Where somebody proves with their password that it is them. */
function presentPassword(context: Context, name: string, { faults = {} }: Asked, autofocus: boolean): Html {
  const label = context.texts.ownAccount.presentPassword
  return currentPasswordField(context, { name, label, error: faults[name], autofocus })
}

/** `keys`: how many API keys the person has, which go on unless they are ended here too. */
export function changePasswordPage(
  context: Context,
  page: Asked & { name: string; keys: number; endApiKeys?: boolean },
): Html {
  const { title, why, fresh, endApiKeys } = context.texts.ownAccount.changePassword
  const { faults = {} } = page
  const fields = [
    presentPassword(context, 'current_password', page, faults['password'] === undefined),
    newPasswordField(context, {
      label: fresh,
      personName: page.name,
      error: faults['password'],
      autofocus: faults['password'] !== undefined,
    }),
    page.keys > 0 &&
      checkbox({ name: 'end_api_keys', label: endApiKeys(page.keys), checked: page.endApiKeys ?? false }),
  ]
  return formPage(context, title, why, page, fields, html`<button type="submit">${title}</button>`)
}

/** What somebody sees in place of a form for a new password whose password a directory keeps. */
export function passwordElsewherePage(
  context: Context,
  page: { keeper: { title: string; url?: string | undefined } },
): Html {
  const { kit, ownAccount } = context.texts
  const { title, why, open, unknown } = ownAccount.passwordElsewhere
  const { keeper } = page
  return layout(
    context,
    title,
    html`<p class="lead">${why(html`<strong>${isolated(keeper.title)}</strong>`)}</p>
      ${keeper.url === undefined ? html`<p>${unknown}</p>` : html`<p><a role="button" href="${keeper.url}">${open}</a></p>`}
      <p class="beside"><a href="account">${kit.back}</a></p>`,
    { within: 'account' },
  )
}

export function changeEmailPage(context: Context, page: Asked & { typed: string }): Html {
  const { kit, ownAccount } = context.texts
  const { title, why, fresh } = ownAccount.changeEmail
  const { faults = {}, typed } = page
  const fields = [
    field({
      ...{ name: 'email', label: fresh, type: 'email', autocomplete: 'email', value: typed },
      error: faults['email'],
      autofocus: faults['password'] === undefined,
    }),
    presentPassword(context, 'password', page, faults['password'] !== undefined),
  ]
  const lead = page.email !== undefined && why(html`<strong>${isolated(page.email)}</strong>`)
  return formPage(context, title, lead, page, fields, html`<button type="submit">${kit.proceed}</button>`)
}

/** `days`: how long the account can be kept after this. */
export function deleteAccountPage(context: Context, page: Asked & { days: number }): Html {
  const { title, why, ends, submit } = context.texts.ownAccount.deleteAccount
  const button = html`<button type="submit" class="danger">${submit}</button>`
  return formPage(context, title, why, page, html`<p>${ends(page.days)}</p>`, button)
}

/** What somebody sees who has asked for the end of their account, and is signed out. */
export function accountEndsPage(context: Context, page: { deletesAt: Date; canBeKept: boolean }): Html {
  const { kit, ownAccount } = context.texts
  const { endsTitle, endsOn, gone } = ownAccount.deleteAccount
  // Nobody can come back here in another language: the session has ended.
  return layout(
    { ...context, offered: [] },
    endsTitle,
    html`<p>${page.canBeKept ? endsOn(moment(context.language, page.deletesAt)) : gone}</p>
      <a role="button" class="secondary outline" href="login">${kit.toSignIn}</a>`,
  )
}

export function exportPage(context: Context, page: Messages & { csrfToken: string }): Html {
  const { kit, ownAccount } = context.texts
  const { title, why, submit } = ownAccount.exportAccount
  return layout(
    context,
    title,
    html`<p class="lead">${why}</p>
      ${messages(page)}
      <form method="post" action="export">
        ${hiddenFields({ csrf_token: page.csrfToken })}
        <button type="submit">${submit}</button>
      </form>
      <p class="beside"><a href="account">${kit.back}</a></p>`,
    { within: 'account' },
  )
}
