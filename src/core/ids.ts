import { randomUUID } from 'node:crypto'

/** A UUIDv7 (RFC 9562 §5.7): 48 bits of epoch milliseconds, then 74 random bits, so that ids sort by creation. */
export function uuidv7(now: number): string {
  const time = now.toString(16).padStart(12, '0')
  // Its random bits stand where a UUIDv7 has its own, behind the version; it draws them by the hundred, which is quicker.
  const random = randomUUID()
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(15)}`
}

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** Whether a text has the form of a UUID; user ids always do, operator-chosen client ids never may (RFC 9700 §4.15). */
export function isUuid(text: string): boolean {
  return uuidPattern.test(text)
}
