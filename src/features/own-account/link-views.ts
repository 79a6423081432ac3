import { hiddenFields } from '../../pages/fields.ts'
import { type Html, html, isolated } from '../../pages/html.ts'
import { layout } from '../../pages/layout.ts'
import { type Messages, messages } from '../../pages/notices.ts'
import type { ViewContext } from '../../pages/view.ts'
import type { OwnAccountTexts } from './texts.ts'

type Context = ViewContext<OwnAccountTexts>
type Link = Messages & { csrfToken: string; token: string; email: string }

/** Sending the form, and not opening the page, uses a link up: mail scanners open links. */
function linkPage(
  context: Context,
  action: string,
  page: Link,
  said: { title: string; why: Html; submit: string },
): Html {
  return layout(
    context,
    said.title,
    html`<p>${said.why}</p>
      ${messages(page)}
      <form method="post" action="${action}">
        ${hiddenFields({ csrf_token: page.csrfToken, token: page.token })}
        <button type="submit">${said.submit}</button>
      </form>`,
  )
}

export function confirmEmailPage(context: Context, page: Link): Html {
  const { title, why, submit } = context.texts.ownAccount.confirmEmail
  return linkPage(context, 'confirm-email', page, {
    title,
    submit,
    why: why(html`<strong>${isolated(page.email)}</strong>`),
  })
}

/** `isConfirmed`: whether the change counts already, and is taken back; else it is stopped. */
export function undoEmailPage(context: Context, page: Link & { isConfirmed: boolean }): Html {
  const { title, stop, takeBack, submit } = context.texts.ownAccount.undoEmail
  const address = html`<strong>${isolated(page.email)}</strong>`
  const why = page.isConfirmed ? takeBack(address) : stop(address)
  return linkPage(context, 'undo-email', page, { title, submit, why })
}

/** What a link has done; the text says which. */
export function linkDonePage(context: Context, page: { done: 'confirmed' | 'stopped' | 'taken_back' }): Html {
  const { kit, ownAccount } = context.texts
  const { title, text } = ownAccount.linkDone[page.done]
  // Nobody can come back here in another language: the link is used.
  return layout(
    { ...context, offered: [] },
    title,
    html`<p>${text}</p>
      <a role="button" href="login">${kit.toSignIn}</a>`,
  )
}

export function linkUselessPage(context: Context): Html {
  const { kit, ownAccount } = context.texts
  const { title, why } = ownAccount.linkUseless
  return layout(
    context,
    title,
    html`<p>${why}</p>
      <a role="button" class="secondary outline" href="login">${kit.toSignIn}</a>`,
  )
}
