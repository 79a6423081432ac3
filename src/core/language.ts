import { rangesOf } from './accept.ts'

/** The languages that the service speaks, by their tags (RFC 5646), each by its own name. */
export const languageNames = { en: 'English', de: 'Deutsch' } as const
export type Language = keyof typeof languageNames
export const languageTags = Object.keys(languageNames) as readonly Language[]

/** What people may choose from; the first one is used where nothing fits. */
export type OfferedLanguages = readonly [Language, ...Language[]]

/**
 * The language for somebody by their wishes, the most decided one first: the first wish decides that names a language which is
 * offered. Each is written as an `Accept-Language` header is; one language alone is such a list too.
 */
export function chooseLanguage(offered: OfferedLanguages, wishes: readonly (string | undefined)[]): Language {
  for (const wish of wishes) {
    const language = wish === undefined ? undefined : fitting(offered, wish)
    if (language !== undefined) return language
  }
  return offered[0]
}

/**
 * The offered language that a list wants most (RFC 9110 §12.5.4); nothing where it wants none of them. Of two that are wanted
 * alike the one counts that stands first. A region makes no difference: who wants `de-AT` can read `de` (RFC 4647 §3.4).
 */
function fitting(offered: OfferedLanguages, list: string): Language | undefined {
  const ranges = rangesOf(list)
  const wanted = ranges.filter(({ quality }) => quality > 0).toSorted((a, b) => b.quality - a.quality)
  // Once for the list: it may hold as many wildcards as a request has room for.
  const unnamed = offered.find((tag) => !ranges.some(({ range }) => covers(range, tag)))
  for (const { range } of wanted) {
    const language = range === '*' ? unnamed : offered.find((tag) => covers(range, tag) || covers(tag, range))
    if (language !== undefined) return language
  }
  return undefined
}

/** Whether a language range means a tag: `de` means `de` and `de-AT` (RFC 4647 §3.3.1). */
function covers(range: string, tag: string): boolean {
  return `${tag}-`.toLowerCase().startsWith(`${range}-`.toLowerCase())
}
