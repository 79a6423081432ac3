/**
 * What no name holds and no terminal is sent: control characters of both sets (a terminal may obey U+009B as it obeys
 * ESC [), separators of lines, and what turns the direction of text (Unicode's Bidi_Control), by which a name reads as
 * another one.
 */
const controls = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu

/** What stands for no character: what a decoder puts in place of bytes that are none, and what Unicode never gives away. */
const noCharacters = /[\ufffd\p{Noncharacter_Code_Point}]/u
const seen = /[^\p{White_Space}\p{Default_Ignorable_Code_Point}]/u

/** Whether a text may be a name: it holds none of these, nor half a surrogate, and something that is seen. */
export function isPlainText(text: string): boolean {
  return text.isWellFormed() && text.search(controls) === -1 && !noCharacters.test(text) && seen.test(text)
}

/** Names that travel in comma- and space-separated lists, and in paths, where `.` and `..` would be folded away. */
export const listedName = /^(?!\.\.?$)[\x21\x23-\x2b\x2d-\x5b\x5d-\x7e]{1,100}$/
/** The same in words, after "expected" or "must be". */
export const listedNameForm =
  'a name of at most 100 visible ASCII characters, no commas, quotes or backslashes, and not just dots'

/** A text with its control characters spelt out as `\u009b`, so that whoever reads it sees them, and nothing obeys them. */
export function spellControls(text: string): string {
  return text.replaceAll(controls, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/**
 * The same for text that has lines and columns of its own. JSON stays JSON of the same value: there, control characters
 * stand nowhere but in strings.
 */
export function spellControlsInLines(text: string): string {
  return text.replaceAll(/[^\n\t]+/g, spellControls)
}
