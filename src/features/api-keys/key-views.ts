import type { ApiKey } from '../../core/records/api-key.ts'
import { checkbox, field, hiddenFields, selection } from '../../pages/fields.ts'
import { type Child, type Html, html, isolated } from '../../pages/html.ts'
import { layout } from '../../pages/layout.ts'
import { done, type Messages, messages } from '../../pages/notices.ts'
import { card, endForm, rows } from '../../pages/rows.ts'
import { moment } from '../../pages/times.ts'
import type { ViewContext } from '../../pages/view.ts'
import type { ApiKeyTexts } from './texts.ts'

/** What each field of a scope is called, before the scope. */
export const scopePrefix = 'scope:'

/** The keys of whoever is signed in. `now`: which of them have ended. */
export function apiKeysPage(
  context: ViewContext<ApiKeyTexts>,
  page: Messages & { csrfToken: string; keys: readonly ApiKey[]; now: Date; told?: string | undefined },
): Html {
  const { apiKeys } = context.texts
  const list = page.keys.map((key) => ({
    title: isolated(key.name),
    about: aboutKey(context, key, page.now),
    actions: endForm({
      action: 'api-keys',
      sent: { csrf_token: page.csrfToken, id: key.id },
      label: apiKeys.revoke,
      about: key.name,
    }),
  }))
  return layout(
    context,
    apiKeys.title,
    html`<p class="lead">${apiKeys.why}</p>
      ${messages(page)} ${done(page.told)}
      <article>${rows(list, apiKeys.none)}</article>
      <p class="actions"><a role="button" href="new-api-key">${apiKeys.make}</a></p>
      <p><a href="account">${context.texts.kit.back}</a></p>`,
    { within: 'account', cards: true },
  )
}

function aboutKey({ language, texts: { apiKeys } }: ViewContext<ApiKeyTexts>, key: ApiKey, now: Date): Child[] {
  const { scopes, createdAt, expiresAt, lastUsedAt } = key
  const at = (time: Date) => moment(language, time)
  const end = expiresAt !== null && expiresAt <= now ? apiKeys.ended : apiKeys.ends
  return [
    scopes.length > 0 && apiKeys.may(html`<code>${scopes.join(' ')}</code>`),
    apiKeys.made(at(createdAt)),
    lastUsedAt === null ? apiKeys.unused : apiKeys.used(at(lastUsedAt)),
    expiresAt === null ? apiKeys.endless : end(at(expiresAt)),
  ]
}

/** Asks what a new key is for. `days`: for how long keys may count, null for ever. */
export function newApiKeyPage(
  context: ViewContext<ApiKeyTexts>,
  page: Messages & {
    csrfToken: string
    name: string
    scopes: readonly { scope: string; isChosen: boolean }[]
    days: readonly (number | null)[]
    chosen: string
    faults?: { name?: string | undefined }
  },
): Html {
  const { kit, apiKeys } = context.texts
  const { csrfToken, name, scopes, days, chosen, faults = {} } = page
  const { fresh } = apiKeys
  return layout(
    context,
    fresh.title,
    html`${messages(page)}
      <form method="post">
        ${hiddenFields({ csrf_token: csrfToken })}
        ${field({
          name: 'name',
          label: fresh.name,
          type: 'text',
          autocomplete: 'off',
          value: name,
          maxlength: 200,
          hint: fresh.nameHint,
          error: faults.name,
          autofocus: true,
        })}
        ${selection({
          name: 'days',
          label: fresh.ends,
          value: chosen,
          choices: days.map((one) => (one === null ? ['never', fresh.never] : [String(one), fresh.days(one)])),
        })}
        ${
          scopes.length === 0
            ? html`<p class="muted">${fresh.noScopes}</p>`
            : html`<fieldset>
                <legend>${fresh.scopes}</legend>
                ${scopes.map(({ scope, isChosen }) =>
                  checkbox({ name: scopePrefix + scope, label: html`<code>${scope}</code>`, checked: isChosen }),
                )}
              </fieldset>`
        }
        <button type="submit">${apiKeys.make}</button>
      </form>
      <p class="beside"><a href="api-keys">${kit.cancel}</a></p>`,
    { within: 'account' },
  )
}

/** Shows a new key, once. */
export function newApiKeyShownPage(context: ViewContext<ApiKeyTexts>, page: { name: string; key: string }): Html {
  const { shown } = context.texts.apiKeys
  // Nobody can come back here in another language: the key is shown once.
  return layout(
    { ...context, offered: [] },
    shown.title,
    card(
      page.name,
      html`<p role="status">${shown.once}</p>
        <p id="key-label" class="muted">${shown.key}</p>
        <code class="secret" tabindex="0" role="textbox" aria-readonly="true" aria-labelledby="key-label"
          >${page.key}</code
        >
        <p class="actions"><a role="button" href="api-keys">${shown.toKeys}</a></p>`,
    ),
    { within: 'account', cards: true },
  )
}
