import type { MailFact, MailFacts, MailOf } from '../core/mail.ts'
import type { Mail } from '../core/mailer.ts'
import type { AccentColours } from './colours.ts'
import { type Child, documentOf, html } from './html.ts'
import type { KitTexts } from './texts.ts'
import type { Spoken } from './view.ts'

/** A paragraph, or a link, which HTML shows as a button. */
type Paragraph = string | { readonly link: string; readonly label: string }

/** What a mail says, whatever its form. */
export interface MailContent {
  readonly subject: string
  readonly paragraphs: readonly Paragraph[]
}

/** What every mail may tell beside its own facts. */
export interface CommonFacts {
  /** URL of the service. */
  readonly issuer: string
}

/** One kind of mail: what it tells, and what it says in the words of a language. */
export interface MailDefinition<Facts extends MailFacts = MailFacts, Own = unknown> {
  /** When it is sent, for the documentation. */
  readonly about: string
  /** What it tells, each with what it is and an example: what templates of operators may hold. */
  readonly facts: { readonly [Name in keyof Facts]: readonly [about: string, example: Facts[Name]] }
  content(texts: KitTexts & Own, facts: Facts & CommonFacts): MailContent
}

/** Definitions of any facts, in any texts. */
export type MailDefinitions = Readonly<
  Record<
    string,
    {
      readonly about: string
      readonly facts: Readonly<Record<string, readonly [about: string, example: MailFact]>>
      content(texts: never, facts: never): MailContent
    }
  >
>

/** The mails of several definitions. */
export type MailsOf<Definitions> = MailOf<{
  readonly [Kind in keyof Definitions]: Definitions[Kind] extends MailDefinition<infer Facts, infer _> ? Facts : never
}>

/** Of a line in characters. Longer ones of ASCII would not be sent as they stand (RFC 5322 §2.1.1, RFC 2045 §6.7). */
const longestLine = 75

/** A mail in its two forms, of the same words. */
export function composeMail(to: string, spoken: Spoken, content: MailContent): Mail {
  const { subject, paragraphs } = content
  return { to, subject, language: spoken.language, text: textOf(paragraphs), html: htmlOf(spoken, content) }
}

/**
 * A paragraph is broken between words where its lines become too long, and at its own line breaks. What has no space stays in one
 * line, and so a link stays whole.
 */
function textOf(paragraphs: readonly Paragraph[]): string {
  const texts = paragraphs.map((paragraph) => (typeof paragraph === 'string' ? wrap(paragraph) : paragraph.link))
  return `${texts.join('\n\n')}\n`
}

function wrap(paragraph: string): string {
  return paragraph.split('\n').flatMap(linesOf).join('\n')
}

function linesOf(text: string): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= longestLine) lines.splice(-1, 1, `${last} ${word}`)
    else lines.push(word)
  }
  return lines
}

/**
 * In the look of the pages. Mail programs know little of CSS, and nothing of files: what there is stands at the elements, and what
 * changes in the dark in a sheet that some of them read. No logo: a picture would tell its server who reads the mail.
 */
function htmlOf({ language, texts, brand }: Spoken, { subject, paragraphs }: MailContent): string {
  const { light, dark } = brand.colours
  const { links } = texts.kit
  const told = Object.entries(brand.links).filter((entry): entry is [keyof typeof links, string] => Boolean(entry[1]))
  return String(
    documentOf(language, subject, {
      head: html`<style>
        @media (prefers-color-scheme: dark) {
          body {
            background: #0f1217 !important;
            color: #dfe4ec !important;
          }
          .card {
            background: #171b22 !important;
            border-color: #2a313c !important;
          }
          h1 {
            color: #f3f5f9 !important;
          }
          .quiet,
          .quiet a {
            color: #a0a9b8 !important;
          }
          .button {
            background: ${dark.button} !important;
            color: ${dark.onButton} !important;
          }
        }
      </style>`,
      body: html`<body style="${body}">
        <div style="max-width: 560px; margin: 0 auto">
          <p style="margin: 0 0 16px; font-weight: 600">${brand.name}</p>
          <div class="card" style="${card}">
            <h1 style="margin: 0 0 16px; color: #111722; font-size: 22px; line-height: 1.3">${subject}</h1>
            ${paragraphs.map((paragraph) => paragraphOf(paragraph, light))}
          </div>
          ${
            told.length > 0 &&
            html`<p class="quiet" style="${quiet}">
              ${told.map(([name, url]) => html`<a href="${url}" style="color: #566072">${links[name]}</a>&#160; `)}
            </p>`
          }
        </div>
      </body>`,
    }),
  )
}

const body =
  'margin: 0; padding: 32px 16px; background: #f5f6f8; color: #1c2430; font: 16px/1.5 system-ui, -apple-system, Segoe UI, Roboto, sans-serif'
const card =
  'padding: 32px; border: 1px solid #e2e6ec; border-radius: 16px; background: #ffffff; overflow-wrap: anywhere; word-break: break-word'
const quiet = 'margin: 16px 0 0; color: #566072; font-size: 13px; word-break: break-all'
const button = 'display: inline-block; padding: 12px 24px; border-radius: 8px; font-weight: 600; text-decoration: none'

function paragraphOf(paragraph: Paragraph, { button: ground, onButton }: AccentColours): Child {
  if (typeof paragraph !== 'string') {
    const { link, label } = paragraph
    return html`<p style="margin: 24px 0 0">
        <a class="button" href="${link}" style="${button}; background: ${ground}; color: ${onButton}">${label}</a>
      </p>
      <p class="quiet" style="${quiet}; margin-bottom: 24px">${link}</p> `
  }
  const lines = paragraph.split('\n').map((line, at) => (at === 0 ? line : html`<br />${line}`))
  return html`<p style="margin: 0 0 16px">${lines}</p> `
}
