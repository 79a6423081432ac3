import type { Language, OfferedLanguages } from '../core/language.ts'
import { type Brand, type Branding, brandOf } from '../pages/brand.ts'
import type { Languages } from '../pages/view.ts'
import { de } from './de.ts'
import { type Catalogue, en } from './en.ts'
import { type ReplacedTexts, withTexts } from './replaced-texts.ts'

const catalogues: Readonly<Record<Language, Catalogue>> = { en, de }

/** Everything that an operator decides about how the service looks and speaks. */
export interface Presentation extends Branding {
  readonly texts: ReplacedTexts
}

export interface SpokenLanguages extends Languages<Catalogue> {
  brand(): Brand
  /** Looks and speaks otherwise from the next page on. */
  present(presentation: Presentation): void
}

export function createLanguages(offered: OfferedLanguages, given: Presentation): SpokenLanguages {
  let shown = prepare(given)
  return {
    offered,
    inLanguage: (language) => ({ language, texts: shown.texts[language], brand: shown.brand }),
    brand: () => shown.brand,
    present: (presentation) => void (shown = prepare(presentation)),
  }
}

function prepare(presentation: Presentation): { brand: Brand; texts: Record<Language, Catalogue> } {
  const { texts } = presentation
  return {
    brand: brandOf(presentation),
    texts: { en: withTexts(catalogues.en, texts.en), de: withTexts(catalogues.de, texts.de) },
  }
}
