import type { Entry } from 'ldapts'

/** Those of Active Directory that are bytes, in its spelling: without being asked, the library tells by the bytes what is text. */
export const binaryAttributes = ['objectGUID', 'objectSid', 'tokenGroups']

/** Reads attributes by name, whatever the server's spelling of it, always as a list. */
export interface EntryReader {
  readonly dn: string
  texts(attribute: string): string[]
  bytes(attribute: string): Buffer[]
}

export function readEntry({ dn, ...attributes }: Entry): EntryReader {
  const values = new Map(Object.entries(attributes).map(([name, value]) => [name.toLowerCase(), [value].flat()]))
  const of = (attribute: string) => values.get(attribute.toLowerCase()) ?? []
  return {
    dn,
    texts: (attribute) => of(attribute).filter((value) => typeof value === 'string'),
    bytes: (attribute) => of(attribute).map((value) => Buffer.from(value)),
  }
}

/** `objectGUID` as it is written ([MS-DTYP] §2.3.4.2): its first three parts begin with their last byte. */
export function guidOf(bytes: Buffer | undefined): string | undefined {
  if (bytes?.length !== 16) return undefined
  return inGroups(swapped(bytes).toString('hex'))
}

/** The bytes of an `objectGUID` that is written so. */
export function guidBytes(id: string): Buffer {
  return swapped(Buffer.from(id.replaceAll('-', ''), 'hex'))
}

function swapped(bytes: Buffer): Buffer {
  const order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15]
  return Buffer.from(order.map((at) => bytes[at]!))
}

/** `entryUUID` in the one spelling (RFC 4530 §2.1, RFC 9562 §4). */
export function uuidOf(text: string | undefined): string | undefined {
  const digits = text?.toLowerCase().replaceAll('-', '')
  return digits !== undefined && /^[\da-f]{32}$/.test(digits) ? inGroups(digits) : undefined
}

const inGroups = (digits: string) => digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
