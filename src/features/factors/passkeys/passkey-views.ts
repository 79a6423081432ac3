import type { Passkey } from '../../../core/records/passkey.ts'
import { field, hiddenFields, nameField } from '../../../pages/fields.ts'
import { type Child, type Html, html, isolated } from '../../../pages/html.ts'
import { layout } from '../../../pages/layout.ts'
import { type Messages, messages } from '../../../pages/notices.ts'
import { passkeyButton } from '../../../pages/passkey-button.ts'
import { card, type Row, rows } from '../../../pages/rows.ts'
import { moment } from '../../../pages/times.ts'
import type { ViewContext } from '../../../pages/view.ts'
import { withWayBack } from '../../../pages/way-back.ts'
import type { FactorTexts } from '../texts.ts'

type Context = ViewContext<FactorTexts>

/** The passkeys of somebody, each with what can be done with it. `mayAdd`: there are passkeys here at all. */
export function passkeyCard(
  context: Context,
  page: { passkeys: readonly Passkey[]; mayAdd: boolean; returnTo?: string | undefined },
): Child {
  const { language, texts } = context
  const { passkeys, mayAdd } = page
  const { passkeys: words, usedAt, remove } = texts.factors
  if (passkeys.length === 0 && !mayAdd) return undefined
  const rowOf = ({ id, name, backupEligible, backedUp, createdAt, lastUsedAt }: Passkey): Row => {
    const to = (page: string, label: string) =>
      html`<a href="${page}?id=${id}" aria-label="${label}: ${name}">${label}</a>`
    return {
      title: name,
      about: [
        backupEligible ? (backedUp ? words.isSynced : words.mayBeSynced) : words.isBound,
        words.addedAt(moment(language, createdAt)),
        lastUsedAt === null ? words.neverUsed : usedAt(moment(language, lastUsedAt)),
      ],
      actions: html`<div class="actions">${to('rename-passkey', words.rename)} ${to('remove-passkey', remove)}</div>`,
    }
  }
  return card(
    words.title,
    html`${passkeys.length === 0 ? html`<p class="muted">${words.none}</p>` : rows(passkeys.map(rowOf))}
    ${mayAdd && html`<p class="actions"><a role="button" class="secondary outline" href="${withWayBack('add-passkey', page.returnTo)}">${words.add}</a></p>`}`,
  )
}

/** The fields and the button by which a passkey is made. `options`: where a script asks for what the browser is asked with. */
export function makePasskey(context: Context, { options }: { options: string }): Child {
  const { submit, failed, known, missing } = context.texts.factors.addPasskeyPage
  return html`${passkeyButton(context, { label: submit, options, failed, make: { known }, isMain: true })}
    <p data-passkey-missing="">${missing}</p>`
}

/** Where somebody who is signed in adds a passkey. */
export function addPasskeyPage(
  context: Context,
  page: Messages & { csrfToken: string; name: string; nameFault?: string; returnTo?: string | undefined },
): Html {
  const { factors, kit } = context.texts
  const { title, why, nameHint: hint } = factors.addPasskeyPage
  return layout(
    context,
    title,
    html`<p class="lead">${why}</p>
      ${messages(page)}
      <form method="post">
        ${hiddenFields({ csrf_token: page.csrfToken, return_to: page.returnTo })}
        ${field({
          ...{
            name: 'name',
            label: kit.name,
            hint,
            type: 'text',
            autocomplete: 'off',
            maxlength: 200,
            value: page.name,
          },
          error: page.nameFault,
        })}
        ${makePasskey(context, { options: 'add-passkey-options' })}
      </form>
      <p class="beside"><a href="${withWayBack('factors', page.returnTo)}">${kit.cancel}</a></p>`,
    { within: 'account' },
  )
}

/** Where a passkey gets another name. */
export function renamePasskeyPage(
  context: Context,
  page: Messages & { csrfToken: string; id: string; name: string; nameFault?: string },
): Html {
  const { factors, kit } = context.texts
  return layout(
    context,
    factors.renamePasskeyPage.title,
    html`${messages(page)}
      <form method="post">
        ${hiddenFields({ csrf_token: page.csrfToken, id: page.id })}
        ${nameField({ label: kit.name, value: page.name, error: page.nameFault, autofocus: true })}
        <button type="submit">${kit.save}</button>
      </form>
      <p class="beside"><a href="factors">${kit.cancel}</a></p>`,
    { within: 'account' },
  )
}

/** Asks whether a passkey is to be removed. `isLast`: nothing but the password is left then. */
export function removePasskeyPage(
  context: Context,
  page: Messages & { csrfToken: string; id: string; name: string; isLast: boolean },
): Html {
  const { factors, kit } = context.texts
  const { title, why, whyLast, submit } = factors.removePasskeyPage
  return layout(
    context,
    title,
    html`<p class="lead">${why(html`<strong>${isolated(page.name)}</strong>`)} ${page.isLast && whyLast}</p>
      ${messages(page)}
      <form method="post">
        ${hiddenFields({ csrf_token: page.csrfToken, id: page.id })}
        <button type="submit" class="danger">${submit}</button>
      </form>
      <p class="beside"><a href="factors">${kit.cancel}</a></p>`,
    { within: 'account' },
  )
}
