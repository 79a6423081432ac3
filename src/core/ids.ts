import { randomUUID } from 'node:crypto'

/** A UUIDv7 (RFC 9562 §5.7): 48 bits of epoch milliseconds, then 74 random bits, so that ids sort by creation. */
export function uuidv7(now: number): string {
  const time = now.toString(16).padStart(12, '0')
  // Its random bits stand where a UUIDv7 has its own, behind the version; it draws them by the hundred, which is quicker.
  const random = randomUUID()
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(15)}`
}

/**
 * Makes UUIDv7s that sort in the order of their making, also within one millisecond: the 12 bits after the time count
 * (RFC 9562 §6.2, method 1).
 */
export function createOrderedIds(): (now: number) => string {
  let last = 0
  let count = 0
  return (now) => {
    count = now > last ? 0 : count + 1
    last = Math.max(now, last)
    if (count > 0xfff) {
      last += 1
      count = 0
    }
    const id = uuidv7(last)
    return `${id.slice(0, 15)}${count.toString(16).padStart(3, '0')}${id.slice(18)}`
  }
}

/** When a UUIDv7 was made, epoch milliseconds. */
export function timeOf(id: string): number {
  return Number.parseInt(`${id.slice(0, 8)}${id.slice(9, 13)}`, 16)
}

/** The one form that PostgreSQL is asked for; JSON Schema's `format: uuid` would also let `urn:uuid:` through. */
export const uuidPattern = /^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$/

/** Whether a text has the form of a UUID; user ids always do, operator-chosen client ids never may (RFC 9700 §4.15). */
export function isUuid(text: string): boolean {
  return uuidPattern.test(text)
}
