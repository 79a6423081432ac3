import { crc32 } from 'node:zlib'
import { randomSecret } from './secrets.ts'

/** What every API key begins with, so that scanners of code and logs can find it. */
export const apiKeyPrefix = 'ghk_'
const bodyLength = apiKeyPrefix.length + 43
const keyLength = bodyLength + 6

/**
 * A new API key: `ghk_`, 256 random bits as base64url (43 characters), and a checksum (6 characters). The whole form is
 * `ghk_[A-Za-z0-9_-]{49}`.
 */
export function makeApiKey(): string {
  const body = `${apiKeyPrefix}${randomSecret()}`
  return `${body}${checksumOf(body)}`
}

/** Whether a text could be an API key: prefix, length and checksum. A typo is found out here, without a look-up. */
export function isApiKey(text: string): boolean {
  if (text.length !== keyLength || !/^ghk_[\w-]{49}$/.test(text)) return false
  return checksumOf(text.slice(0, bodyLength)) === text.slice(bodyLength)
}

/** CRC-32 of everything before it, four bytes in network order, as base64url. No protection: it finds mistakes. */
function checksumOf(body: string): string {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(crc32(body))
  return bytes.toString('base64url')
}
