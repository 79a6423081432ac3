/**
 * What no name holds and no terminal is sent: control characters of both sets (a terminal may obey U+009B as it obeys
 * ESC [), separators of lines, and what turns the direction of text (Unicode's Bidi_Control), by which a name reads as
 * another one.
 */
const controls = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu

/** Whether a text may be a name: it holds none of these, nor half a surrogate. */
export function isPlainText(text: string): boolean {
  return text.isWellFormed() && text.search(controls) === -1
}

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
