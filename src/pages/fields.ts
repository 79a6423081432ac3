import { type Child, type Html, html } from './html.ts'

/** One thing that a person types. Its id is its name, so a page holds each name once. */
interface Field {
  name: string
  label: string
  type: 'text' | 'email' | 'password'
  /** What browsers and password managers fill in (HTML §4.10.18.7). */
  autocomplete: string
  value?: string | undefined
  /** What to know before typing. */
  hint?: string
  /** What is wrong with what was typed here, said below it; `true` where the fault of the page says it. */
  error?: string | boolean | undefined
  autofocus?: boolean
  maxlength?: number
  /** Shown, for password managers too, and not sent. */
  readonly?: boolean
  /** May be left empty. */
  optional?: boolean
  /** Which keys a phone shows (HTML §6.8.7). */
  inputmode?: 'numeric'
}

/** A field with its label, its hint and its error. */
export function field({ name, label, type, autocomplete, value, hint, error, ...more }: Field): Html {
  const { autofocus, maxlength, readonly, optional, inputmode } = more
  const describedBy = [error === true && 'fault', typeof error === 'string' && `${name}-error`, hint && `${name}-hint`]
    .filter(Boolean)
    .join(' ')
  const input = html`<input
    id="${name}"
    type="${type}"
    ${!readonly && html`name="${name}"`}
    ${value !== undefined && html`value="${value}"`}
    autocomplete="${autocomplete}"
    ${inputmode && html`inputmode="${inputmode}"`}
    ${maxlength !== undefined && html`maxlength="${maxlength}"`}
    ${readonly ? html`readonly` : !optional && html`required`}
    ${autofocus && html`autofocus`}
    ${error && html`aria-invalid="true"`}
    ${describedBy && html`aria-describedby="${describedBy}"`}
  />`
  return html`<label for="${name}">${label}</label>
    ${type === 'password' ? html`<div class="secret-field">${input}</div>` : input}
    ${typeof error === 'string' && html`<small id="${name}-error">${error}</small>`}
    ${hint && html`<small id="${name}-hint" class="hint">${hint}</small>`}`
}

/** Several things of which one is chosen, each with its value. */
export function selection({
  name,
  label,
  value,
  choices,
}: Pick<Field, 'name' | 'label' | 'value'> & { choices: readonly (readonly [value: string, label: string])[] }): Html {
  return html`<label for="${name}">${label}</label>
    <select id="${name}" name="${name}">
      ${choices.map(([one, said]) => html`<option value="${one}" ${one === value && html`selected`}>${said}</option>`)}
    </select>`
}

/** What a person ticks; `value` is sent when it is. */
export function checkbox({ name, label, checked }: { name: string; label: Child; checked: boolean }): Html {
  return html`<label>
    <input type="checkbox" name="${name}" value="yes" ${checked && html`checked`} />
    <span>${label}</span>
  </label>`
}

/** What a form sends along unseen; what is undefined or empty is left out. */
export function hiddenFields(fields: Readonly<Record<string, string | undefined>>): Child {
  return Object.entries(fields).map(
    ([name, value]) => value && html`<input type="hidden" name="${name}" value="${value}" />`,
  )
}

/** Where a person says how they are called. */
export const nameField = (given: {
  label: string
  value: string
  error?: string | undefined
  autofocus?: boolean
}): Html => field({ ...given, name: 'name', type: 'text', autocomplete: 'name', maxlength: 200 })

/** Where a person types or pastes a code of six digits, with spaces or without; browsers offer the one of a password manager. */
export const codeField = (given: Pick<Field, 'label' | 'hint' | 'error' | 'autofocus'>): Html =>
  field({ ...given, name: 'code', type: 'text', autocomplete: 'one-time-code', inputmode: 'numeric', maxlength: 64 })
