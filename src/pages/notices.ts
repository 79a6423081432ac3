import { type Child, html } from './html.ts'

/** What a page says before anything else. A fault is about what was sent; a notice blames nobody. */
export interface Messages {
  /** What is wrong with what was sent, in words for the person. A field whose error this is says `error: true`. */
  fault?: string | undefined
  notice?: string | readonly string[] | undefined
}

/** What has just been done. */
export function done(text: string | undefined): Child {
  return text !== undefined && html`<p role="status" class="done">${text}</p>`
}

export function messages({ fault, notice }: Messages): Child {
  return [
    fault !== undefined && html`<p role="alert" id="fault">${fault}</p>`,
    [notice ?? []].flat().map((text) => html`<p role="status">${text}</p>`),
  ]
}
