import { domainToASCII, domainToUnicode } from 'node:url'
import { GatehouseError } from './errors.ts'

/** Bounds in characters of the spelling that is stored. */
export const emailLength = { max: 254 } as const
/** What stands before the @ (RFC 5322 §3.2.3, `dot-atom`): ASCII alone, see docs/decisions/0027. */
const localPart = /^[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*$/
/** Names that DNS can hold, and that no program takes for the number of a host. */
const hostName = /^([a-z\d]([a-z\d-]{0,61}[a-z\d])?\.)+(?!\d+$|0x[\da-f]*$)[a-z\d]([a-z\d-]{0,61}[a-z\d])?$/
/** Two of them, the joiners, are part of some names: UTS 46 knows where they may stand. */
const invisible = /[\p{Default_Ignorable_Code_Point}--[\u200c\u200d]]/v

/** What is wrong with what is no email address, in words that complete "the email address …". */
export const emailFaultWords = {
  no_address: 'must look like ada@example.com',
  too_long: `must have at most ${emailLength.max} characters, with its domain in ASCII (xn--…)`,
  invisible: 'must not hold invisible characters',
  local_part: 'must have nothing but ASCII letters, digits and signs before the @',
  domain: 'must have a domain after the @ that can exist, such as example.com',
}
export type EmailFault = keyof typeof emailFaultWords

/**
 * Reads an email address as people write it into the one spelling under which it is stored, looked up and counted, so that no
 * other spelling opens a second account or a second attempt counter (CVE-2025-24806, GHSA-7rqj-j65f-68wh): no white space
 * around it, lower case, the domain in A-labels (UTS 46). It is ASCII of at most 254 characters, and read again gives
 * itself.
 */
export function readEmail(written: string): { email: string } | { fault: EmailFault } {
  const text = written.trim()
  const at = text.lastIndexOf('@')
  const [local, domain] = [text.slice(0, at), text.slice(at + 1)]
  if (at < 1 || domain === '') return { fault: 'no_address' }
  // More than any spelling of an address needs, and little enough to compute with.
  if (text.length > 4 * emailLength.max) return { fault: 'too_long' }
  if (invisible.test(text)) return { fault: 'invisible' }
  if (!localPart.test(local)) return { fault: 'local_part' }
  const ascii = canonicalDomain(domain)
  if (ascii === undefined) return { fault: 'domain' }
  const email = `${local.toLowerCase()}@${ascii}`
  return email.length > emailLength.max ? { fault: 'too_long' } : { email }
}

/** The address that `readEmail` reads; throws an `invalid_request` about `/body/email`. */
export function canonicalEmail(written: string): string {
  const read = readEmail(written)
  if ('email' in read) return read.email
  throw new GatehouseError('invalid_request', {
    fields: [{ path: '/body/email', message: emailFaultWords[read.fault] }],
  })
}

/**
 * A mail domain in A-labels and lower case (UTS 46, not transitional, with STD3 rules); nothing when no such domain can exist.
 * Node's function is the host parser of URLs, which reads more than names: it decodes `%41`, drops line breaks, stops at `/`, makes
 * addresses of numbers, and keeps A-labels of which UTS 46 knows that they are wrong.
 */
export function canonicalDomain(written: string): string | undefined {
  if (!isName(written)) return undefined
  const ascii = domainToASCII(written)
  if (!hostName.test(ascii)) return undefined
  const name = domainToUnicode(ascii)
  return isName(name) && !/(^|\.)(-|xn--)|-(\.|$)/.test(name) && domainToASCII(name) === ascii ? ascii : undefined
}

/** Of ASCII there are letters, digits, dots and hyphens alone, also where a sign and its mark are one character, as in `≠`. */
function isName(text: string): boolean {
  return /^[a-z\d.\-\u0080-\u{10ffff}]+$/iu.test(text.normalize('NFD')) && !invisible.test(text)
}

/** How people may write a canonical address: as it stands, and with the domain in their own letters. */
export function spellingsOf(email: string): string[] {
  const at = email.lastIndexOf('@') + 1
  return [...new Set([email, email.slice(0, at) + domainToUnicode(email.slice(at))])]
}

/** Whether a canonical address is of one of these mail domains; of any where there are none. */
export function isOfDomains(email: string, domains: readonly string[]): boolean {
  return domains.length === 0 || domains.includes(email.slice(email.lastIndexOf('@') + 1))
}
