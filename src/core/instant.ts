/**
 * The time that an RFC 3339 text names; nothing for a leap second, which has no time here, and for years that stores and
 * answers could not spell, which an offset leads to.
 */
export function readInstant(text: string): Date | undefined {
  const time = new Date(text)
  return time.getTime() >= earliest && time.getTime() <= latest ? time : undefined
}

const earliest = Date.parse('0001-01-01T00:00:00Z')
const latest = Date.parse('9999-12-31T23:59:59.999Z')
