/**
 * Characters that structure a path. Escaped, one is part of a segment where the host of the request says so: a program
 * that decodes a path and splits it again reads another one. `percent` is one before two digits of an escape, which a
 * second decoding would change.
 */
export const escapedCharacters = {
  slash: '%2F',
  backslash: '%5C',
  semicolon: '%3B',
  percent: '%25',
  'question-mark': '%3F',
  hash: '%23',
} as const

export type EscapedCharacter = keyof typeof escapedCharacters

/** For those who ask the host about each. */
export const allEscaped = Object.keys(escapedCharacters) as readonly EscapedCharacter[]

/** A path that has one meaning for everybody who decodes its segments once and leaves them whole. */
export interface RequestPath {
  /** Decoded segments; the empty one behind a final slash is left out. */
  readonly segments: readonly string[]
  /**
   * The decoded path and what programs make of it that normalise it (Unicode NFKC) or decode it again, once and more often; empty
   * where that changes nothing and no segment holds what a program might split or cut at.
   */
  readonly further: readonly string[]
  /** What structures a path where it stands undecoded, and is escaped in this one. */
  readonly escaped: readonly EscapedCharacter[]
}

/**
 * RFC 3986 path characters but `;`, behind which some servers hide path parameters, and the three that browsers send
 * unencoded beyond the RFC.
 */
const pathPattern = /^[A-Za-z0-9\-._~!$&'()*+,=:@[\]|^/%]+$/

const nothing: readonly never[] = []

/** More than any chain of programs decodes a path again. Each time costs as much as the path is long. */
const maxDecodings = 4

/**
 * Reads a path, or refuses it: dot segments, controls and bytes that are not UTF-8 in whatever encoding, empty segments, what
 * normalises to a separator or to an escape, and what is still encoded after several decodings.
 */
export function readPath(path: string): RequestPath | undefined {
  if (path.charCodeAt(0) !== 0x2f || !pathPattern.test(path)) return undefined
  const segments = path.slice(1).split('/')
  if (segments.at(-1) === '') segments.pop()
  const isEscaped = path.includes('%')
  let [isStructured, isPlain] = [false, true]
  for (let at = 0; at < segments.length; at++) {
    const raw = segments[at]!
    const segment = isEscaped && raw.includes('%') ? decode(raw) : raw
    if (segment === undefined || segment === '' || !isSound(segment)) return undefined
    if (segment === raw) continue
    segments[at] = segment
    isStructured ||= structure.test(segment)
    isPlain &&= isAscii(segment)
  }
  if (isPlain && !isStructured) return { segments, further: nothing, escaped: nothing }
  const text = segments.join('/')
  const decoded = isStructured ? readFurther(text, (same) => same) : [text]
  if (decoded === undefined) return undefined
  const normalised = decoded.every(isAscii) ? decoded : readFurther(text, normalise)
  if (normalised === undefined) return undefined
  const further = [...new Set([...decoded, ...normalised])]
  return {
    segments,
    further: isStructured || further.length > 1 ? further : nothing,
    escaped: isStructured ? escapedIn(decoded, segments.length - 1) : nothing,
  }
}

/**
 * Every other list of segments that a program may read out of a path: decoded and normalised or not, cut at `?` and `#` or not,
 * split at backslashes too or not, with or without parameters behind `;` and empty segments. None holds a dot segment.
 */
export function otherReadings({ segments, further }: RequestPath): readonly (readonly string[])[] {
  if (further.length === 0) return nothing
  let texts = further
  for (const change of changes) texts = [...new Set(texts.flatMap((text) => [text, change(text)]))]
  return texts
    .map((text) => {
      const pieces = text.split('/')
      if (pieces.at(-1) === '') pieces.pop()
      return pieces
    })
    .filter((pieces) => pieces.length !== segments.length || pieces.some((piece, at) => piece !== segments[at]))
}

const changes: readonly ((text: string) => string)[] = [
  (text) => text.replace(/[?#].*/s, ''),
  (text) => text.replaceAll('\\', '/'),
  (text) => text.replace(/;[^/]*/g, ''),
  (text) => text.replace(/^\/+|\/+(?=\/|$)/g, ''),
]

export function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7e) return false
  return true
}

/** One decoding. Nothing for a broken escape and for bytes that are not UTF-8, over-long forms included. */
function decode(raw: string): string | undefined {
  try {
    return decodeURIComponent(raw)
  } catch {
    return undefined
  }
}

const escape = /%(?:[0-9a-f]{2}|u)/gi

/** A further decoding by a program that leaves alone what is no escape; some also know `%u002e`. */
function decodeAgain(text: string): string | undefined {
  let isBroken = false
  const decoded = text.replace(/(?:%[0-9a-f]{2})+|%u([0-9a-f]{4})/gi, (run: string, unit: string | undefined) => {
    const part = unit === undefined ? decode(run) : String.fromCharCode(Number.parseInt(unit, 16))
    isBroken ||= part === undefined
    return part ?? ''
  })
  return isBroken ? undefined : decoded
}

const structural = { backslash: '\\', semicolon: ';', 'question-mark': '?', hash: '#' } as const

/** What a decoded segment may hold that another program acts on. */
const structure = /[/\\;?#]|%(?:[0-9a-f]{2}|u)/i

/** What structures a path and is held by one of these texts, which have so many slashes between their segments. */
function escapedIn(texts: readonly string[], slashes: number): EscapedCharacter[] {
  const holds = (text: string, name: EscapedCharacter) => {
    if (name === 'percent') return text.search(escape) !== -1
    return name === 'slash' ? countOf(text, /\//g) > slashes : text.includes(structural[name])
  }
  return allEscaped.filter((name) => texts.some((text) => holds(text, name)))
}

/** A decoded path, and what normalising and decoding it in turn makes of it; nothing when any of that is refused. */
function readFurther(path: string, normalise: (text: string) => string | undefined): string[] | undefined {
  const texts = [path]
  for (let [text, times] = [path, 0]; isSound(text) && times <= maxDecodings; times++) {
    const normal = normalise(text)
    const next = normal === undefined ? undefined : decodeAgain(normal)
    if (normal === undefined || next === undefined) return undefined
    if (next === text) return texts
    texts.push(normal, next)
    text = next
  }
  return undefined
}

/** NFKC; nothing where that makes or takes away a separator or an escape. */
function normalise(text: string): string | undefined {
  const normal = text.normalize('NFKC')
  const keeps = (pattern: RegExp) => countOf(normal, pattern) === countOf(text, pattern)
  return keeps(/[/\\]/g) && keeps(escape) ? normal : undefined
}

function countOf(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0
}

/** Whether a text holds no control, and no dot segment however it is split, cut or trimmed. */
function isSound(text: string): boolean {
  // oxlint-disable-next-line no-control-regex
  return !/[\u0000-\u001f\u007f-\u009f]|(?:^|[/\\])[. ]+(?:[/\\;?#]|$)/.test(text)
}
