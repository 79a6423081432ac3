import type { Language } from '../core/language.ts'
import type { MailFact, MailFacts, MailOf } from '../core/mail.ts'
import type { Mail } from '../core/mailer.ts'
import { type Child, html } from './html.ts'
import type { KitTexts } from './texts.ts'

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
export function composeMail(to: string, language: Language, { subject, paragraphs }: MailContent): Mail {
  return { to, subject, language, text: textOf(paragraphs), html: htmlOf(language, subject, paragraphs) }
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

/** Mail programs know little of CSS, and nothing of files: what there is stands at the elements. */
function htmlOf(language: Language, subject: string, paragraphs: readonly Paragraph[]): string {
  return String(
    html`<!doctype html>
      <html lang="${language}">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <meta name="color-scheme" content="light dark" />
          <title>${subject}</title>
        </head>
        <body style="margin: 0; padding: 24px; font: 16px/1.5 system-ui, sans-serif">
          <div style="max-width: 560px; margin: 0 auto">
            <h1 style="font-size: 20px; line-height: 1.3">${subject}</h1>
            ${paragraphs.map(paragraphOf)}
          </div>
        </body>
      </html> `,
  )
}

const button =
  'display: inline-block; padding: 10px 20px; border-radius: 6px; background: #0b62c4; color: #ffffff; text-decoration: none'

function paragraphOf(paragraph: Paragraph): Child {
  if (typeof paragraph !== 'string') {
    const { link, label } = paragraph
    return html`<p><a href="${link}" style="${button}">${label}</a></p>
      <p style="font-size: 13px; word-break: break-all">${link}</p> `
  }
  const lines = paragraph.split('\n').map((line, at) => (at === 0 ? line : html`<br />${line}`))
  return html`<p>${lines}</p> `
}
