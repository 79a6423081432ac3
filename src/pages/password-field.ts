import { type Html, html } from './html.ts'

/** Where a person types the password that they have. `faulty`: what stands in the alert `#fault` is about it. */
export function currentPasswordField({ autofocus, faulty }: { autofocus: boolean; faulty: boolean }): Html {
  return html`<label
    >Password
    <input
      type="password"
      name="password"
      autocomplete="current-password"
      maxlength="512"
      required
      ${autofocus && html`autofocus`}
      ${faulty && html`aria-invalid="true" aria-describedby="fault"`}
    />
  </label>`
}
