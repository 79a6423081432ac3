import { type Child, type Html, html } from './html.ts'
import { languageSwitch } from './language-switch.ts'
import { styleSheets } from './styles.ts'
import type { ViewContext } from './view.ts'

/**
 * The frame of every page. `base`: the issuer, where the page is shown under another host. Without one everything is named
 * relative to the page, which lies right below the base path: then one text serves every base path. The referrer stands in
 * place of the header's `no-referrer`, under which browsers send forms with the `Origin` `null`: the origin is what proves
 * that a form is ours. Nothing more of an address goes anywhere. `wide`: for pages of tables.
 */
export function layout(
  context: ViewContext,
  title: string,
  content: Child,
  { base = '.', wide = false }: { base?: string; wide?: boolean } = {},
): Html {
  return html`<!doctype html>
    <html lang="${context.language}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title} · Gatehouse</title>
        <meta name="referrer" content="strict-origin" />
        ${styleSheets.map(({ url }) => html`<link rel="stylesheet" href="${base}${url}" /> `)}
        <link rel="icon" href="data:," />
      </head>
      <body>
        <main class="container${wide && ' wide'}">
          <article>
            <header><h1>${title}</h1></header>
            ${content}
          </article>
        </main>
        ${languageSwitch(context)}
      </body>
    </html> `
}
