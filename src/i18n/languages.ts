import type { Language, OfferedLanguages } from '../core/language.ts'
import type { Languages } from '../pages/view.ts'
import { de } from './de.ts'
import { type Catalogue, en } from './en.ts'

const catalogues: Readonly<Record<Language, Catalogue>> = { en, de }

export function createLanguages(offered: OfferedLanguages): Languages<Catalogue> {
  return { offered, inLanguage: (language) => ({ language, texts: catalogues[language] }) }
}
