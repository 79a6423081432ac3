import { createHash } from 'node:crypto'

/** A strong entity tag (RFC 9110 §8.8.3) that follows from the content alone, so that replicas agree. */
export function etagOf(content: string | Buffer): string {
  return `"${createHash('sha256').update(content).digest('base64url')}"`
}
