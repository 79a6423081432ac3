import { allEscaped, type EscapedCharacter } from './request-path.ts'
import { parseRequestTarget } from './request-target.ts'

interface Given {
  method: string
  scheme: string
  host: string
  target: string
}

/**
 * Says which part of a refused request target is at fault and why, without repeating it. The parser itself finds the
 * part: each is read beside others that are known to be good. `encoded` are the escaped characters that the host takes. For
 * people; no decision may rest on the sentence.
 */
export function describeTargetFault(
  { method, scheme, host, target }: Given,
  encoded: readonly EscapedCharacter[] = [],
): string {
  const read = (part: Partial<Given>) =>
    parseRequestTarget({ method: 'GET', scheme: 'https', host: 'example.com', target: '/', ...part }, allEscaped)
  const refused = (part: Partial<Given>) => typeof read(part) === 'string'
  if (refused({ method })) return 'the method is not one to 32 upper-case letters and hyphens'
  if (refused({ scheme })) return 'the scheme is none of http, https, ws and wss'
  if (refused({ host })) return 'the host is no plain name or address with an optional port'
  const [path = ''] = target.split('?', 1)
  if (parseRequestTarget({ method, scheme, host, target }) === 'too_long') return 'it is longer than 8 KiB'
  if (!path.startsWith('/')) return 'the path does not begin with a slash'
  const segments = path.slice(1).split('/')
  if (segments.at(-1) === '') segments.pop()
  for (const [index, segment] of segments.entries()) {
    const alone = segment === '' ? 'ambiguous' : read({ target: `/${segment}` })
    const missing = typeof alone === 'string' ? [] : alone.escaped.filter((character) => !encoded.includes(character))
    if (typeof alone === 'string' || missing.length > 0) {
      const way = missing.length === 0 ? '' : `; \`encoded: [${missing.join(', ')}]\` of the host lets it pass`
      return `segment ${index + 1} of the path ${describeSegment(segment)}${way}`
    }
  }
  return 'the query holds something other than visible ASCII, or a fragment'
}

/** The first that fits. A segment that the parser refuses for another reason meets the last. */
const segmentFaults: readonly (readonly [RegExp, string])[] = [
  [/^$/, 'is empty, and some servers drop empty segments'],
  [/^(?:\.|%2e| |%20)*$/i, 'is a dot segment, in whatever encoding'],
  [/(?:^|%2f|%5c)(?:\.|%2e|%20)+(?:%2f|%5c|%3b|%3f|%23|$)/i, 'holds a dot segment between encoded separators'],
  [/%2f|%5c|\\/i, 'holds a backslash or an encoded separator'],
  [/;|%3b/i, 'holds a semicolon, behind which some servers hide parameters'],
  [/%25(?:[0-9a-f]{2}|u)/i, 'is encoded twice'],
  [/%(?:[01][0-9a-f]|7f)/i, 'holds a control character'],
  [/%(?![0-9a-f]{2})/i, 'holds a broken percent-encoding'],
  [/%3f|%23/i, 'holds an encoded question mark or hash, which some programs split on once they are decoded'],
  [/^[\x21-\x7e]*%[89a-f][0-9a-f]/i, 'holds bytes that are not UTF-8, or a character that looks like a separator'],
  [/./s, 'holds a character that paths do not have'],
]

function describeSegment(segment: string): string {
  return segmentFaults.find(([pattern]) => pattern.test(segment))![1]
}
