import { type EmailFault, emailFaultWords, readEmail } from './email.ts'
import { GatehouseError } from './errors.ts'
import { isUuid } from './ids.ts'

/** Letters of ASCII alone: no two user names look alike, and each is a header value as it stands (docs/decisions/0034). */
const canonical = /^[a-z\d_][a-z\d._-]{0,63}$/

/** What a user name is made of, in words that complete "the user name …". */
const usernameFaultWords =
  'must be 1 to 64 ASCII letters, digits, hyphens, underscores and dots, and begin with a letter, a digit or an underscore'

/**
 * Reads a user name into the one spelling under which it is stored, looked up and told: no white space around it, lower case
 * (RFC 8265 §3.3, for ASCII). It never holds an `@`, nor has it the form of an id, so that nothing names two accounts.
 */
function readUsername(written: string): string | undefined {
  const username = written.trim().toLowerCase()
  return canonical.test(username) && !isUuid(username) ? username : undefined
}

/** The user name that `readUsername` reads; throws an `invalid_request` about `/body/username`. */
export function canonicalUsername(written: string): string {
  const username = readUsername(written)
  if (username !== undefined) return username
  throw new GatehouseError('invalid_request', { fields: [{ path: '/body/username', message: usernameFaultWords }] })
}

/** What a person signs in with: an email address or a user name, in its one spelling. An `@` tells the two apart. */
export function readLogin(written: string): { login: string } | { fault: EmailFault | 'no_login' } {
  if (!written.includes('@')) {
    const username = readUsername(written)
    return username === undefined ? { fault: 'no_login' } : { login: username }
  }
  const read = readEmail(written)
  return 'email' in read ? { login: read.email } : read
}

/** What is wrong with what can be neither. */
export const loginFaultWords = { ...emailFaultWords, no_login: 'must be an email address or a user name' }

/** The name that `readLogin` reads; throws an `invalid_request` about `/body/email`. */
export function canonicalLogin(written: string): string {
  const read = readLogin(written)
  if ('login' in read) return read.login
  throw new GatehouseError('invalid_request', {
    fields: [{ path: '/body/email', message: loginFaultWords[read.fault] }],
  })
}
