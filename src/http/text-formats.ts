import { uuidPattern } from '../core/ids.ts'
import { isPlainText, listedName, listedNameForm } from '../core/plain-text.ts'

/** The formats of texts that ajv does not know by itself. */
export const formats = {
  'plain-text': isPlainText,
  'listed-name': listedName,
  cursor: uuidPattern,
  scope: /^[\x21\x23-\x5b\x5d-\x7e]{1,100}$/,
  method: /^[A-Z][A-Z-]{0,31}$/,
}

/** What is said of a text that has not the format that it needs. */
export const formatFaults: Readonly<Record<string, string>> = {
  'plain-text': 'must be text that people can read, without control characters and marks of direction',
  'listed-name': `must be ${listedNameForm}`,
  'date-time': 'must be a time such as 2030-01-31T12:00:00Z',
  ipv4: 'must be an IP address',
  cursor: 'must be the `next_cursor` of a page',
  scope: 'must be a scope of at most 100 visible ASCII characters, no quotes or backslashes',
  method: 'must be a method such as DELETE',
}
