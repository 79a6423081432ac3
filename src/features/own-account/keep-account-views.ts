import { type Html, html } from '../../pages/html.ts'
import { layout } from '../../pages/layout.ts'
import type { ViewContext } from '../../pages/view.ts'
import type { OwnAccountTexts } from './texts.ts'

/** What someone sees who has kept their account. */
export function accountKeptPage(context: ViewContext<OwnAccountTexts>): Html {
  const { keptTitle, kept } = context.texts.ownAccount.keep
  return page(context, keptTitle, kept)
}

/** What someone sees whose sign-in was too long ago to keep it, or who has kept it before. */
export function accountNotKeptPage(context: ViewContext<OwnAccountTexts>): Html {
  const { notKeptTitle, notKept } = context.texts.ownAccount.keep
  return page(context, notKeptTitle, notKept)
}

function page(context: ViewContext<OwnAccountTexts>, title: string, text: string): Html {
  const { signIn } = context.texts.kit
  return layout(
    context,
    title,
    html`<p>${text}</p>
      <p><a href="login" role="button">${signIn}</a></p>`,
  )
}
