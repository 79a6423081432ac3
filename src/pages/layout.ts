import { urlOfAsset } from './brand.ts'
import { type Child, documentOf, type Html, html } from './html.ts'
import { languageSwitch } from './language-switch.ts'
import type { ViewContext } from './view.ts'

interface Frame {
  /** The issuer, where the page is shown under another host. */
  base?: string
  /** Of pages for somebody who is signed in: which of the ways through them they are on. Those pages are wide. */
  within?: 'applications' | 'account'
  /** Whether the content is several cards, each of them an `article`, below the title. */
  cards?: boolean
}

/**
 * The frame of every page. Without a `base` everything is named relative to the page, which lies right below the base path: then
 * one text serves every base path. The referrer stands in place of the header's `no-referrer`, under which browsers send
 * forms with the `Origin` `null`: the origin is what proves that a form is ours. Nothing more of an address goes anywhere.
 */
export function layout(
  context: ViewContext,
  title: string,
  content: Child,
  { base = '.', within, cards = false }: Frame = {},
): Html {
  const { brand, language } = context
  const heading = html`<h1>${title}</h1>`
  return documentOf(language, `${title} · ${brand.name}`, {
    head: html`<meta name="referrer" content="strict-origin" />
      <link rel="stylesheet" href="${urlOfAsset(base, brand.pico)}" />
      <link rel="stylesheet" href="${urlOfAsset(base, brand.styles)}" />
      <link rel="icon" href="${urlOfAsset(base, brand.logo)}" />`,
    body: html`<body>
      <header>
        <a class="brand" href="${base}/"><img src="${urlOfAsset(base, brand.logo)}" alt="" />${brand.name}</a>
        ${within && navigation(context, within)}
      </header>
      <main class="container${(within !== undefined || cards) && ' wide'}">
        ${cards ? [heading, content] : html`<article>${heading} ${content}</article>`}
      </main>
      ${footer(context)}
    </body>`,
  })
}

function navigation({ texts: { kit } }: ViewContext, within: Frame['within']): Html {
  const way = (name: Frame['within'], href: string, label: string) =>
    html`<li><a href="${href}" ${name === within && html`aria-current="page"`}>${label}</a></li>`
  return html`<nav aria-label="${kit.ways.label}">
    <ul>
      ${way('applications', './', kit.ways.applications)} ${way('account', 'account', kit.ways.account)}
      <li><a href="logout">${kit.ways.signOut}</a></li>
    </ul>
  </nav>`
}

function footer(context: ViewContext): Child {
  const { help, privacy, imprint } = context.brand.links
  const { links } = context.texts.kit
  const told = Object.entries({ help, privacy, imprint }).filter(([, url]) => url !== undefined)
  const languages = languageSwitch(context)
  if (told.length === 0 && languages === undefined) return undefined
  return html`<footer>
    ${
      told.length > 0 &&
      html`<ul>
        ${told.map(([name, url]) => html`<li><a href="${url}">${links[name as keyof typeof links]}</a></li>`)}
      </ul>`
    }
    ${languages}
  </footer>`
}
