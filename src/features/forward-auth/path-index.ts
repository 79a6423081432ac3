import { allEscaped, type EscapedCharacter, escapedCharacters } from '../../core/request-path.ts'
import { compileWildcard } from '../../core/wildcard.ts'

/**
 * Which of many path patterns match a path, found by walking the path's segments through a tree instead of trying the
 * patterns in turn: the cost grows with the path, not with the number of rules.
 */
export interface PathIndex {
  /** Numbers of the rules whose patterns match, ascending. */
  match(segments: readonly string[]): readonly number[]
}

/** One pattern, taken apart. `*` within a segment stands for any text, `{name}` for a whole segment. */
export interface PathPattern {
  readonly parts: readonly string[]
  /** Whether a final `**` leaves the end open. */
  readonly open: boolean
  /** Position of each capture. */
  readonly captures: ReadonlyMap<string, number>
}

interface Node {
  readonly literals: Map<string, Node>
  readonly wildcards: Wildcards
  /** Rules that match a path that ends here, and those that match anything from here on. */
  readonly closed: number[]
  readonly open: number[]
}

interface Wildcard {
  readonly pattern: string
  matches(segment: string): boolean
  readonly node: Node
}

/**
 * The wildcard segments of a node by the fixed text at their start or end, whichever is longer, grouped by its length: a
 * segment is held against those alone that share this text with it.
 */
interface Wildcards {
  readonly byStart: Map<number, Map<string, Wildcard[]>>
  readonly byEnd: Map<number, Map<string, Wildcard[]>>
}

/**
 * Reads a pattern such as `/users/{subject}/**`. A final slash makes no difference, since many upstreams treat both
 * spellings alike. `encoded` are the escaped characters that segments of the host may hold: a pattern names one by its
 * escape, as in `/@scope%2F*`. Throws a message that says what is wrong with it.
 */
export function parsePathPattern(pattern: string, encoded: readonly EscapedCharacter[] = allEscaped): PathPattern {
  const parts = pattern.slice(1).split('/')
  if (parts.at(-1) === '') parts.pop()
  const open = parts.at(-1) === '**'
  if (open) parts.pop()
  const captures = new Map<string, number>()
  for (const [position, part] of parts.entries()) {
    const name = /^\{([a-z][a-z0-9_]*)\}$/i.exec(part)?.[1]
    if (name !== undefined) {
      if (captures.has(name)) throw new Error('expected each capture to be named once')
      captures.set(name, position)
    } else parts[position] = readPart(part, encoded)
  }
  return { parts, open, captures }
}

function readPart(part: string, encoded: readonly EscapedCharacter[]): string {
  const plain = part.replace(/%(?:2f|5c|3b|25|3f|23)/gi, (escape) => {
    const name = allEscaped.find((one) => escapedCharacters[one] === escape.toUpperCase())!
    // Without an escape behind it a percent sign is a character like any other.
    if (name !== 'percent' && !encoded.includes(name)) {
      throw new Error(`expected \`encoded: [${name}]\` at the host: without it no path with ${escape} is decided on`)
    }
    return ''
  })
  const text = decodeURIComponent(part.replace(/%(?!2f|5c|3b|25|3f|23)/gi, '%25'))
  const hasDots = text.split(/[/\\]/).some((piece) => piece === '.' || piece === '..')
  if (part === '' || hasDots || part.includes('**') || /[%?#;\\{}]/.test(plain)) {
    throw new Error('expected plain segments, with * inside one, {name} for one, or ** at the end')
  }
  return text
}

/** Builds the index. A rule may have several patterns; a rule without any matches every path. */
export function buildPathIndex(rules: readonly (readonly PathPattern[] | undefined)[]): PathIndex {
  const root = createNode()
  for (const [rule, patterns] of rules.entries()) {
    if (patterns === undefined) root.open.push(rule)
    for (const { parts, open } of patterns ?? []) {
      const node = parts.reduce(childOf, root)
      ;(open ? node.open : node.closed).push(rule)
    }
  }
  return {
    match(segments) {
      const found: number[] = []
      collect(root, segments, 0, found)
      return found.length < 2 ? found : [...new Set(found)].toSorted((a, b) => a - b)
    },
  }
}

function createNode(): Node {
  return { literals: new Map(), wildcards: { byStart: new Map(), byEnd: new Map() }, closed: [], open: [] }
}

function childOf(node: Node, part: string): Node {
  if (!part.includes('*') && !part.startsWith('{')) {
    let child = node.literals.get(part)
    if (child === undefined) node.literals.set(part, (child = createNode()))
    return child
  }
  // All captures are one wildcard to the tree: their names matter to the rule alone.
  const pattern = part.startsWith('{') ? '*' : part
  const alike = wildcardsLike(node.wildcards, pattern)
  let wildcard = alike.find((known) => known.pattern === pattern)
  if (wildcard === undefined) {
    wildcard = { pattern, matches: compileWildcard(pattern), node: createNode() }
    alike.push(wildcard)
  }
  return wildcard.node
}

/** The list in which a pattern belongs. */
function wildcardsLike({ byStart, byEnd }: Wildcards, pattern: string): Wildcard[] {
  const start = pattern.slice(0, pattern.indexOf('*'))
  const end = pattern.slice(pattern.lastIndexOf('*') + 1)
  const [groups, text] = start.length >= end.length ? [byStart, start] : [byEnd, end]
  let group = groups.get(text.length)
  if (group === undefined) groups.set(text.length, (group = new Map()))
  let list = group.get(text)
  if (list === undefined) group.set(text, (list = []))
  return list
}

function collect(node: Node, segments: readonly string[], position: number, found: number[]): void {
  for (const rule of node.open) found.push(rule)
  const segment = segments[position]
  if (segment === undefined) {
    for (const rule of node.closed) found.push(rule)
    return
  }
  const literal = node.literals.get(segment)
  if (literal !== undefined) collect(literal, segments, position + 1, found)
  const follow = (wildcards: readonly Wildcard[] | undefined) => {
    for (const wildcard of wildcards ?? []) {
      if (wildcard.matches(segment)) collect(wildcard.node, segments, position + 1, found)
    }
  }
  const { byStart, byEnd } = node.wildcards
  for (const [length, group] of byStart) follow(group.get(segment.slice(0, length)))
  for (const [length, group] of byEnd) follow(group.get(segment.slice(-length)))
}
