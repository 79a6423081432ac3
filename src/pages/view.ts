/** What every view is given beside what its page knows. */
import type { Language, OfferedLanguages } from '../core/language.ts'
import type { Brand } from './brand.ts'
import type { Html } from './html.ts'
import type { PasswordLengths } from '../core/password-policy.ts'
import type { KitTexts } from './texts.ts'

/** A language with the texts of the kit, and of the feature whose `Own` they are, in the name of whoever runs the service. */
export interface Spoken<Own = unknown> {
  readonly language: Language
  readonly texts: KitTexts & Own
  /** Whose service it is. */
  readonly brand: Brand
}

/** Where a page is shown. */
export interface ViewContext<Own = unknown> extends Spoken<Own> {
  /** The languages of the switch; none where there is no other way to the page than the one that was gone. */
  readonly offered: readonly Language[]
  /** How long new passwords have to be. */
  readonly passwords: PasswordLengths
  /** What the page is asked for again with. */
  readonly address: Readonly<Record<string, string | undefined>>
}

/** A page in markup, of what is known to it; mostly one object. */
export type View<Known extends readonly unknown[], Own = unknown> = (context: ViewContext<Own>, ...known: Known) => Html

/** The languages that people may read in. */
export interface Languages<Own = unknown> {
  readonly offered: OfferedLanguages
  inLanguage(language: Language): Spoken<Own>
}
