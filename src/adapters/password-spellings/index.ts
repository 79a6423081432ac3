/** The spellings of password hashes that other systems write: each is a row, and tests hold a hash of its maker to each. */
import type { ImportedHash } from '../../core/password-hasher.ts'
import { argon2, scryptSpellings } from './memory-hard.ts'
import { bcrypt } from './bcrypt.ts'
import { crypt, phpass } from './crypt.ts'
import { keycloak } from './keycloak.ts'
import { ldap } from './ldap.ts'
import { aspNet, pbkdf2Spellings } from './pbkdf2.ts'
import type { Spelling } from './spelling.ts'

const spellings: readonly Spelling[] = [
  ...bcrypt,
  phpass,
  ...argon2,
  ...scryptSpellings,
  ...pbkdf2Spellings,
  ...aspNet,
  keycloak,
  ...crypt,
  ...ldap,
]

/** How a hash begins that is of no spelling here: enough to know it by, and nothing of the hash itself. */
const mark = /^(\$[A-Za-z0-9-]{1,16}\$|\{[A-Za-z0-9-]{1,16}\}|[A-Za-z0-9_:-]{1,24}\$)/

/** Longer than any spelling here writes. */
const maxLength = 2_048

/** `PasswordHasher.importHash`. What is stored is `{spelling costs}` and the hash as it came. */
export function importHash(text: string): ImportedHash {
  if (text.length > maxLength) return { refused: 'It is too long for a password hash.' }
  for (const { name, read } of spellings) {
    const reading = read(text)
    if (reading === undefined) continue
    if ('fault' in reading) return { refused: `A hash of the spelling ${name} ${reading.fault}.` }
    return { stored: `{${name} ${reading.costs}}${text}` }
  }
  const begins = mark.exec(text)?.[1]
  return {
    refused: `${begins === undefined ? 'It' : `What begins with ${begins}`} is no password hash that is known here.`,
  }
}

const byName = new Map(spellings.map((spelling) => [spelling.name, spelling]))
/** Whether a stored hash is another system's. */
export const isImported = (stored: string): boolean => stored.startsWith('{')

const envelope = /^\{([a-z0-9-]+) [^}]*\}(.*)$/s

/**
 * Whether a password opens an imported hash. It is tested as it was typed, which is what the other system did; where that is no
 * NFC, in NFC too, since the same person typed on another keyboard there. Rejects for what is stored and cannot be read.
 */
export async function opensImported(stored: string, password: string): Promise<boolean> {
  const [, name = '', text = ''] = envelope.exec(stored) ?? []
  const reading = byName.get(name)?.read(text)
  if (reading === undefined || 'fault' in reading) throw new Error(`a stored password hash (${name}) cannot be read`)
  // In C, and so in much of what made these, a NUL would have ended it.
  if (!password.isWellFormed() || password.includes('\0')) return false
  const composed = password.normalize('NFC')
  return (await reading.matches(password)) || (composed !== password && (await reading.matches(composed)))
}
