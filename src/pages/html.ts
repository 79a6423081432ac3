/** What may stand inside a template: text is escaped, `Html` is not, lists are joined, nothing prints nothing. */
export type Child = Html | string | number | boolean | null | undefined | readonly Child[]

/** Markup that has been escaped already. */
export class Html {
  readonly #text: string
  constructor(text: string) {
    this.#text = text
  }
  toString(): string {
    return this.#text
  }
}

/** Builds markup; every value is escaped unless it is `Html` itself. Attributes must stand in double quotes. */
export function html(strings: TemplateStringsArray, ...children: Child[]): Html {
  return new Html(String.raw({ raw: strings }, ...children.map(render)))
}

function render(child: Child): string {
  if (child === null || child === undefined || typeof child === 'boolean') return ''
  if (child instanceof Html) return String(child)
  if (Array.isArray(child)) return child.map(render).join('')
  return String(child).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

/** What somebody else has written, as part of a sentence: whatever direction it is written in, what stands around it keeps its own. */
export function isolated(text: string): Html {
  return html`<bdi>${text}</bdi>`
}

/** The frame of every document that somebody looks at. `head`: what more it holds; `body`: the whole element. */
export function documentOf(language: string, title: string, { head, body }: { head: Child; body: Child }): Html {
  return html`<!doctype html>
    <html lang="${language}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        ${head}
      </head>
      ${body}
    </html> `
}
