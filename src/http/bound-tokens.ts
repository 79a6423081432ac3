import { createHmac } from 'node:crypto'
import { equalSecrets } from '../core/secrets.ts'

/**
 * A token with the proof that it was issued to this browser. Other than a `__Host-` cookie, one with a path can be planted by a
 * neighbouring host, which cannot know the `__Host-` cookie of the browser, and so makes no such proof.
 */
export function bindTo(browser: string, token: string): string {
  return `${token}.${createHmac('sha256', browser).update(token).digest('base64url')}`
}

/** The token in a value that was bound to one of these browsers. */
export function boundTo(browsers: readonly string[], value: string): string | undefined {
  const token = value.slice(0, Math.max(0, value.lastIndexOf('.')))
  return browsers.some((browser) => equalSecrets(bindTo(browser, token), value)) ? token : undefined
}
