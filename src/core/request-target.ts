import { type EscapedCharacter, isAscii, readPath, type RequestPath } from './request-path.ts'

/** What the proxy says that the user asked for, read so strictly that no two parsers could differ about it. */
export interface RequestTarget extends RequestPath {
  readonly method: string
  readonly scheme: 'http' | 'https'
  /** Lower-case host, without a trailing dot, with the port only where it is not the scheme's own. */
  readonly authority: string
  /** Path as it was sent. */
  readonly path: string
  /** Query as it was sent, with its `?`, or empty. */
  readonly query: string
}

export type TargetFault = 'ambiguous' | 'too_long'

/** Longer targets are refused; common servers stop at 8 KiB for the whole request line. */
const maxTargetLength = 8_192

/**
 * Reads a request target, or refuses it. Nothing is cleaned: dot segments in any encoding, path parameters, empty
 * segments, control bytes, invalid UTF-8, user information, characters that normalise to separators and everything else that
 * another parser might read differently is a fault. Of the characters that structure paths, those in `takenEscaped` may be
 * escaped within a segment, and are told in `escaped`: whoever decides has to refuse those that the host does not take.
 */
export function parseRequestTarget(
  given: {
    method: string | undefined
    scheme: string | undefined
    host: string | undefined
    /** Path and query, RFC 9112 origin-form. */
    target: string | undefined
  },
  takenEscaped: readonly EscapedCharacter[] = ['question-mark', 'hash'],
): RequestTarget | TargetFault {
  const { method, target } = given
  if (method === undefined || !/^[A-Z][A-Z-]{0,31}$/.test(method)) return 'ambiguous'
  const scheme = parseScheme(given.scheme)
  if (scheme === undefined || given.host === undefined || target === undefined) return 'ambiguous'
  const authority = parseAuthority(given.host, scheme)
  if (authority === undefined) return 'ambiguous'
  if (target.length > maxTargetLength) return 'too_long'
  const mark = target.indexOf('?')
  const path = mark === -1 ? target : target.slice(0, mark)
  const query = mark === -1 ? '' : target.slice(mark)
  const read = readPath(path)
  if (read === undefined) return 'ambiguous'
  const { segments, further, escaped } = read
  if (escaped.some((character) => !takenEscaped.includes(character))) return 'ambiguous'
  if (!/^[\x21\x22\x24-\x7e]*$/.test(query)) return 'ambiguous'
  return { method, scheme, authority, path, segments, further, escaped, query }
}

/** The target as an absolute URL. */
export function urlOf(target: RequestTarget): string {
  return `${target.scheme}://${target.authority}${target.path}${target.query}`
}

/** Splits an absolute http(s) URL into the parts that `parseRequestTarget` reads, without interpreting any of them. */
export function splitAbsoluteUrl(url: string): { scheme: string; host: string; target: string } | undefined {
  const match = /^(https?|wss?):\/\/([^/?#]+)(\/[^#]*)$/.exec(url)
  return match ? { scheme: match[1]!, host: match[2]!, target: match[3]! } : undefined
}

function parseScheme(scheme: string | undefined): 'http' | 'https' | undefined {
  if (scheme === 'https' || scheme === 'wss') return 'https'
  if (scheme === 'http' || scheme === 'ws') return 'http'
  return undefined
}

/** What was read before: a service meets the same few spellings on every request. */
const readAuthorities = { http: new Map<string, string>(), https: new Map<string, string>() }
const maxReadAuthorities = 1_000

/** Host and optional port, normalised; nothing when it is no plain host name or IPv6 literal. */
export function parseAuthority(text: string, scheme: 'http' | 'https'): string | undefined {
  const known = readAuthorities[scheme]
  const before = known.get(text)
  if (before !== undefined) return before
  const authority = readAuthority(text, scheme)
  if (authority === undefined) return undefined
  if (known.size >= maxReadAuthorities) known.clear()
  known.set(text, authority)
  return authority
}

function readAuthority(text: string, scheme: 'http' | 'https'): string | undefined {
  const match = /^(\[[0-9a-f:.]{2,45}\]|[a-z0-9_.-]{1,254})(?::([1-9][0-9]{0,4}))?$/.exec(text.toLowerCase())
  // Lower-casing maps a few non-ASCII letters (the Kelvin sign) to ASCII ones: only ASCII may go in.
  if (match === null || !isAscii(text)) return undefined
  const [, named = '', port] = match
  const host = named.endsWith('.') ? named.slice(0, -1) : named
  if (!host.startsWith('[') && host.split('.').some((label) => !/^(?!-)[a-z0-9_-]{1,63}(?<!-)$/.test(label))) {
    return undefined
  }
  // Addresses have many spellings (`127.1`, `0x7f.1`, `[0::1]`): only the one that URLs are written with is taken.
  const isAddress = host.startsWith('[') || /(^|\.)[0-9][0-9a-fx]*$/.test(host)
  if (isAddress && (!URL.canParse(`http://${host}`) || new URL(`http://${host}`).hostname !== host)) return undefined
  if (port !== undefined && Number(port) > 65_535) return undefined
  return port === undefined || Number(port) === (scheme === 'https' ? 443 : 80) ? host : `${host}:${port}`
}
