import { randomInt } from 'node:crypto'

/** Letters that nobody takes for each other, and of which no word is made (RFC 8628 §6.1). */
const alphabet = 'BCDFGHJKLMNPQRSTVWXZ'
const length = 8

/** What a person types who reads it on a device: eight of 20 letters, which are 34 bits. */
export function makeUserCode(): string {
  return Array.from({ length }, () => alphabet[randomInt(alphabet.length)]!).join('')
}

/** As it is shown: WDJB-MJHT. */
export function showUserCode(code: string): string {
  return `${code.slice(0, length / 2)}-${code.slice(length / 2)}`
}

/** The code in what somebody has typed, in any case and with anything between its letters; nothing where it holds none. */
export function readUserCode(typed: string): string | undefined {
  const code = typed
    .slice(0, 64)
    .toUpperCase()
    .replaceAll(/[^A-Z0-9]/g, '')
  return code.length === length && [...code].every((letter) => alphabet.includes(letter)) ? code : undefined
}
