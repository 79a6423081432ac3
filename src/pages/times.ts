import type { Language } from '../core/language.ts'
import { type Html, html } from './html.ts'

/** A day and a time, in UTC, since a server does not know where somebody is. Formats are made once: they are slow to make. */
export function moment(language: Language, at: Date): Html {
  return html`<time datetime="${at.toISOString()}">${formatOf(language).format(at)}</time>`
}

const formats = new Map<Language, Intl.DateTimeFormat>()
function formatOf(language: Language): Intl.DateTimeFormat {
  const made =
    formats.get(language) ??
    new Intl.DateTimeFormat(language === 'en' ? 'en-GB' : language, {
      ...{ day: 'numeric', month: 'long', year: 'numeric', hour: '2-digit', minute: '2-digit' },
      timeZone: 'UTC',
      timeZoneName: 'short',
    })
  formats.set(language, made)
  return made
}

/** The present time of day in UTC, with its seconds, by which somebody sets a clock right. */
export function timeOfDay(at: Date): string {
  return at.toISOString().slice(11, 19)
}

/** The words for a number of things: by the plural rules of a language (CLDR, by `Intl`). */
export function plural(
  language: Language,
  count: number,
  words: Partial<Record<Intl.LDMLPluralRule, string>> & { other: string },
): string {
  return words[new Intl.PluralRules(language).select(count)] ?? words.other
}
