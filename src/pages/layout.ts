import { type Child, type Html, html } from './html.ts'

/** Where the style sheets are served. */
export const styleSheetPaths = { pico: '/assets/pico.min.css', own: '/assets/gatehouse.css' }

/** What a page says before anything else. A fault is about what was sent; a notice blames nobody. */
export function messages({ fault, notice }: Messages): Child {
  return [
    fault !== undefined && html`<p role="alert" id="fault">${fault}</p>`,
    [notice ?? []].flat().map((text) => html`<p role="status">${text}</p>`),
  ]
}
export interface Messages {
  /** What is wrong with what was sent, in words for the person. */
  fault?: string | undefined
  notice?: string | readonly string[] | undefined
}

/**
 * The frame of every page. `base` is the issuer where the page is shown under another host. Otherwise everything is named
 * relative to the page, which lies right below the base path: then one text serves every base path. The referrer stands in place of
 * the header's `no-referrer`, under which browsers send forms with the `Origin` `null`: the origin is what proves that a
 * form is ours. Nothing more of an address goes anywhere.
 */
export function layout(title: string, content: Child, base?: string): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title} · Gatehouse</title>
        <meta name="referrer" content="strict-origin" />
        <link rel="stylesheet" href="${base ?? '.'}${styleSheetPaths.pico}" />
        <link rel="stylesheet" href="${base ?? '.'}${styleSheetPaths.own}" />
        <link rel="icon" href="data:," />
      </head>
      <body>
        <main class="container">
          <article>
            <header><h1>${title}</h1></header>
            ${content}
          </article>
        </main>
      </body>
    </html> `
}

/** The few rules that are ours: one narrow column in the middle, quiet headings, errors that stand out. */
export const ownStyles = `main.container { max-width: 24rem; padding-top: 8vh; }
h1 { font-size: 1.25rem; margin: 0; }
article > form:not(:last-child) { margin-bottom: 1rem; }
article > :last-child, article > form > :last-child { margin-bottom: 0; }
article a[role='button'] { display: block; }
article > form + form { margin-top: var(--pico-spacing); }
[role='alert'], [role='status'] {
  --accent: var(--pico-del-color);
  border-left: 0.25rem solid var(--accent);
  background: color-mix(in srgb, var(--accent) 10%, transparent);
  padding: 0.5rem 0.75rem;
}
[role='status'] { --accent: var(--pico-primary); }
`
