import { randomBytes } from 'node:crypto'

/** A UUIDv7 (RFC 9562 §5.7): 48 bits of epoch milliseconds, then 74 random bits, so that ids sort by creation. */
export function uuidv7(now: number): string {
  const bytes = randomBytes(16)
  bytes.writeUIntBE(now, 0, 6)
  bytes[6] = (bytes[6]! & 0x0f) | 0x70
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  const hex = bytes.toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** Whether a text has the form of a UUID; user ids always do, operator-chosen client ids never may (RFC 9700 §4.15). */
export function isUuid(text: string): boolean {
  return uuidPattern.test(text)
}
