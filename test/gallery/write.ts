import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { languageNames, type Language } from '../../src/core/language.ts'
import { type Html, html } from '../../src/pages/html.ts'
import type { Spoken } from '../../src/pages/view.ts'
import { type Fixture, spokenLanguages } from './fixture.ts'

export const widths = [320, 768, 1280] as const
const schemes = ['light', 'dark'] as const
type Scheme = (typeof schemes)[number]

/** A document of the gallery. */
export interface Written {
  fixture: Fixture
  language: Language
  scheme: Scheme
  /** Its name in the folder, without `.html`. */
  name: string
  source: string
}

/** Writes every page in every state, language and scheme as a file of its own, and an index that shows them side by side. */
export function writeGallery(folder: string, fixtures: readonly Fixture[]): Written[] {
  const [{ brand }] = spokenLanguages() as [Spoken]
  mkdirSync(join(folder, dirname(brand.styles.path)), { recursive: true })
  for (const { path, content } of [brand.pico, brand.styles, brand.logo, brand.passwordScript, brand.passkeyScript])
    writeFileSync(join(folder, path), content)
  // It would lead away from the page that is to be looked at.
  writeFileSync(join(folder, brand.submitScript.path), '')
  const written = fixtures.flatMap((fixture) =>
    spokenLanguages().flatMap((spoken) => {
      const source = fixture.render(spoken)
      return schemes.map((scheme) => {
        const { language } = spoken
        return { fixture, language, scheme, name: `${fixture.name}.${language}.${scheme}`, source }
      })
    }),
  )
  for (const { name, scheme, source } of written) {
    writeFileSync(join(folder, `${name}.html`), source.replace('<html ', `<html data-theme="${scheme}" `))
  }
  const languages = spokenLanguages().map(({ language }) => language)
  for (const language of languages) {
    const shown = written.filter((one) => one.language === language)
    const pages = Map.groupBy(shown, ({ fixture }) => fixture.name.split('.')[0]!)
    const list = html`<ul>
      ${[...pages.keys()].map((page) => html`<li><a href="${sheetName(page, language)}">${page}</a></li>`)}
    </ul>`
    writeFileSync(join(folder, indexName(languages, language)), sheet(languages, language, list))
    // A sheet for each page: a browser takes long to make all frames at once.
    for (const [page, states] of pages)
      writeFileSync(join(folder, sheetName(page, language)), sheet(languages, language, framesOf(states)))
  }
  return written
}

/** The first language is where somebody begins. */
function indexName(languages: readonly Language[], language: Language): string {
  return language === languages[0] ? 'index.html' : `index.${language}.html`
}

const sheetName = (page: string, language: Language) => `all-of-${page}.${language}.html`

/** The states of a page, at half their size, so that all widths stand beside each other. */
function framesOf(states: readonly Written[]): Html {
  const frame = (name: string, width: number) =>
    html`<figure style="width: ${width / 2}px">
      <iframe src="${name}.html" title="${name}, ${width} px" style="width: ${width}px" loading="lazy"></iframe>
      <figcaption><a href="${name}.html">${width} px</a></figcaption>
    </figure>`
  return html`${[...Map.groupBy(states, ({ fixture }) => fixture.name)].map(
    ([name, schemes]) =>
      html`<h2>${name}</h2>
        ${schemes.map((one) => html`<div class="row">${widths.map((width) => frame(one.name, width))}</div>`)}`,
  )}`
}

function sheet(languages: readonly Language[], language: Language, content: Html): string {
  return String(
    html`<!doctype html>
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <title>Gallery · ${languageNames[language]}</title>
          <style>
            body {
              font:
                1rem system-ui,
                sans-serif;
              margin: 1rem;
              background: #f4f4f4;
            }
            ul {
              columns: 12rem;
              padding: 0;
              list-style: none;
            }
            .row {
              display: flex;
              gap: 1rem;
              margin-bottom: 1rem;
            }
            figure {
              flex: none;
              margin: 0;
            }
            iframe {
              height: 1000px;
              border: 0;
              transform: scale(0.5);
              transform-origin: 0 0;
              margin-bottom: -500px;
            }
          </style>
        </head>
        <body>
          <h1>Gallery</h1>
          <p>
            ${languages.map((one) => html`<a href="${indexName(languages, one)}" lang="${one}">${languageNames[one]}</a> `)}
          </p>
          ${content}
        </body>
      </html> `,
  )
}
