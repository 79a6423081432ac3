import type { Mail } from '../core/mailer.ts'
import type { Spoken } from './view.ts'

/** Of a line in characters. Longer ones of ASCII would not be sent as they stand (RFC 5322 §2.1.1, RFC 2045 §6.7). */
const longestLine = 75

/**
 * A mail of plain text. A paragraph is broken between words where its lines become too long, and at its own line breaks. What
 * has no space stays in one line, and so a link stays whole.
 */
export function composeMail(
  { language }: Pick<Spoken, 'language'>,
  { to, subject, paragraphs }: { to: string; subject: string; paragraphs: readonly string[] },
): Mail {
  return { to, subject, language, text: `${paragraphs.map(wrap).join('\n\n')}\n` }
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
