import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { languageNames, type Language } from '../../src/core/language.ts'
import { html } from '../../src/pages/html.ts'
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
  for (const { path, content } of [brand.pico, brand.styles, brand.logo, brand.passwordScript])
    writeFileSync(join(folder, path), content)
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
    writeFileSync(join(folder, indexName(languages, language)), indexOf(languages, language, shown))
  }
  return written
}

/** The first language is where somebody begins. */
function indexName(languages: readonly Language[], language: Language): string {
  return language === languages[0] ? 'index.html' : `index.${language}.html`
}

/** Frames at half their size, so that all widths stand beside each other. */
function indexOf(languages: readonly Language[], language: Language, written: readonly Written[]): string {
  const names = [...new Set(written.map(({ fixture }) => fixture.name))]
  const frame = (name: string, width: number) =>
    html`<figure style="width: ${width / 2}px">
      <iframe src="${name}.html" title="${name}, ${width} px" style="width: ${width}px" loading="lazy"></iframe>
      <figcaption><a href="${name}.html">${width} px</a></figcaption>
    </figure>`
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
              columns: 5;
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
          <ul>
            ${names.map((name) => html`<li><a href="#${name}">${name}</a></li>`)}
          </ul>
          ${names.map(
            (name) =>
              html`<h2 id="${name}">${name}</h2>
                ${written
                  .filter(({ fixture }) => fixture.name === name)
                  .map((one) => html`<div class="row">${widths.map((width) => frame(one.name, width))}</div>`)}`,
          )}
        </body>
      </html> `,
  )
}
