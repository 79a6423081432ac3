/** Where a browser is sent back to a program, and how its answer is told there. */

/** A loopback address as native programs listen on it, whatever port the system gave them (RFC 8252 §7.3). */
const loopback = /^http:\/\/(127\.0\.0\.1|\[::1\])(?::\d{1,5})?(\/[^#]*)?$/

/**
 * Whether one of the registered addresses is meant: byte for byte (RFC 9700 §4.1.3). `isNative`: of a program on somebody's device,
 * whose loopback address may have any port.
 */
export function matchesRedirectUri(registered: readonly string[], wanted: string, isNative: boolean): boolean {
  if (registered.includes(wanted)) return true
  const [, host, path] = (isNative && loopback.exec(wanted)) || []
  if (host === undefined) return false
  return registered.some((one) => {
    const known = loopback.exec(one)
    return known !== null && known[1] === host && known[2] === path
  })
}

/** Whether it is an origin as browsers write it (RFC 6454 §6.2): of http or https, and nothing behind it. */
export function isOrigin(text: string): boolean {
  return /^https?:/.test(text) && URL.canParse(text) && new URL(text).origin === text
}

/** The address with parameters added to its query; those that are undefined are left out. */
export function withParameters(uri: string, parameters: Readonly<Record<string, string | undefined>>): string {
  const query = String(searchOf(parameters))
  return `${uri}${uri.includes('?') ? (/[?&]$/.test(uri) ? '' : '&') : '?'}${query}`
}

/** Parameters without those that are undefined. */
export function searchOf(parameters: Readonly<Record<string, string | undefined>>): URLSearchParams {
  return new URLSearchParams(
    Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
}

/**
 * Whether a client may be registered for an address: RFC 6749 §3.1.2, and of the schemes those alone under which a browser asks
 * somebody else: under `javascript:` and `data:` it would run what the address holds. The scheme of an application has a dot (RFC 8252 §7.1).
 */
export function isRedirectUri(uri: string): boolean {
  return /^(?:https?:\/\/|[a-z][a-z\d+-]*\.[a-z\d.+-]*:)[\x21\x22\x24-\x7e]+$/i.test(uri) && URL.canParse(uri)
}
