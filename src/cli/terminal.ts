import { spellControlsInLines } from '../core/plain-text.ts'

/**
 * Writes to standard output. Whatever is told may hold what strangers chose (a name, a path, a header that a proxy sent):
 * no control character of theirs reaches the terminal.
 */
export function tell(text: string): void {
  process.stdout.write(spellControlsInLines(text))
}

/** Writes to standard error, as `tell` does. */
export function complain(text: string): void {
  process.stderr.write(spellControlsInLines(text))
}
