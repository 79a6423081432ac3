import type { Clock } from '../../core/clock.ts'
import { type Language, languageTags } from '../../core/language.ts'
import type { SecretBox } from '../../core/secrets.ts'

/** How long after a sign-in an account can be kept by what it gave out. */
const minutes = 10
const context = 'keep'

/** A deletion that can be taken back. `language`: what its person reads. */
interface Kept {
  userId: string
  deletesAt: Date
  language: Language
}

/** What a right password gives out for an account that its person has asked to delete: the way to keep it, and nothing else. */
export interface AccountKeeping {
  /** Good for ten minutes, and for this one deletion. */
  seal(kept: Kept): string
  /** Nothing when it was not sealed here, or too long ago. */
  open(keepToken: string): Kept | undefined
}

/** The value is sealed rather than stored: it gives no right that the password has not given, and works once by what it changes. */
export function createAccountKeeping({ box, clock }: { box: SecretBox; clock: Clock }): AccountKeeping {
  return {
    seal({ userId, deletesAt, language }) {
      const expires = clock.now() + minutes * 60_000
      return box.seal(JSON.stringify([userId, deletesAt.getTime(), language, expires]), context)
    },
    open(keepToken) {
      let text: string
      try {
        text = box.open(keepToken, context)
      } catch {
        return undefined
      }
      const [userId, deletesAt, tag, expires] = JSON.parse(text) as [string, number, string, number]
      const language = languageTags.find((each) => each === tag)
      if (language === undefined || clock.now() >= expires) return undefined
      return { userId, deletesAt: new Date(deletesAt), language }
    },
  }
}
