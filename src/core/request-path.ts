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
   * The segments that a program sees which normalises the path (Unicode NFKC) or decodes it until nothing changes, and then
   * splits it; nothing where these are the same. None of them is a dot segment.
   */
  readonly otherReading: readonly string[] | undefined
  /** What structures a path where it stands undecoded, and is escaped in this one. */
  readonly escaped: readonly EscapedCharacter[]
}

/**
 * RFC 3986 path characters but `;`, behind which some servers hide path parameters, and the three that browsers send
 * unencoded beyond the RFC.
 */
const pathPattern = /^[A-Za-z0-9\-._~!$&'()*+,=:@[\]|^/%]+$/

const nothing: readonly EscapedCharacter[] = []

/**
 * Reads a path, or refuses it: dot segments, controls and bytes that are not UTF-8 in whatever encoding, empty segments, and
 * what normalises to a separator or to an escape.
 */
export function readPath(path: string): RequestPath | undefined {
  if (path.charCodeAt(0) !== 0x2f || !pathPattern.test(path)) return undefined
  const segments = path.slice(1).split('/')
  if (segments.at(-1) === '') segments.pop()
  const escaped = path.includes('%') ? new Set<EscapedCharacter>() : undefined
  let further: string[] | undefined
  for (let at = 0; at < segments.length; at++) {
    const raw = segments[at]!
    const segment = escaped !== undefined && raw.includes('%') ? decode(raw) : raw
    if (segment === undefined || segment === '' || !isSound(segment)) return undefined
    if (segment === raw) continue
    segments[at] = segment
    const isStructured = structure.test(segment)
    if (isStructured && !noteEscaped(segment, escaped!)) return undefined
    if (!isStructured && isAscii(segment)) continue
    const text = readFurther(segment)
    if (text === undefined) return undefined
    if (!isStructured && text === segment) continue
    further ??= []
    further[at] = text
  }
  return {
    segments,
    otherReading: further && splitAnew(segments.map((segment, at) => further[at] ?? segment)),
    escaped: escaped === undefined || escaped.size === 0 ? nothing : [...escaped],
  }
}

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

const structural = { slash: '/', backslash: '\\', semicolon: ';', 'question-mark': '?', hash: '#' } as const

/** What a decoded segment may hold that another program acts on. */
const structure = /[/\\;?#]|%(?:[0-9a-f]{2}|u)/i

/** Notes what a decoded segment holds, or would after further decodings; false when one of those is broken. */
function noteEscaped(segment: string, escaped: Set<EscapedCharacter>): boolean {
  for (let text = segment; ;) {
    for (const [name, character] of Object.entries(structural)) {
      if (text.includes(character)) escaped.add(name as keyof typeof structural)
    }
    if (text.search(escape) === -1) return true
    escaped.add('percent')
    const next = decodeAgain(text)
    if (next === undefined) return false
    if (next === text) return true
    text = next
  }
}

/** A decoded segment, normalised and decoded until nothing changes; nothing when what comes of it is refused. */
function readFurther(segment: string): string | undefined {
  for (let text = segment; isSound(text);) {
    const normal = isAscii(text) ? text : text.normalize('NFKC')
    if (countOf(normal, /[/\\]/g) !== countOf(text, /[/\\]/g) || countOf(normal, escape) !== countOf(text, escape)) {
      return undefined
    }
    const next = decodeAgain(normal)
    if (next === undefined || next === text) return next
    text = next
  }
  return undefined
}

function countOf(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0
}

/** Whether a segment holds no control, and no dot segment however it is split, cut or trimmed. */
function isSound(text: string): boolean {
  // oxlint-disable-next-line no-control-regex
  return !/[\u0000-\u001f\u007f-\u009f]|(?:^|[/\\])[. ]+(?:[/\\;?#]|$)/.test(text)
}

function splitAnew(segments: readonly string[]): string[] {
  const [path = ''] = segments.join('/').split(/[?#]/, 1)
  return path
    .split(/[/\\]/)
    .map((piece) => piece.replace(/;.*/s, ''))
    .filter((piece) => piece !== '')
}
