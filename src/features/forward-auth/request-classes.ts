/**
 * The requests that a set of rules tells apart. There are endlessly many requests, but rules see finitely many kinds of
 * them, and one example of each kind is enough to say what they do with all. This is what makes it possible to say that a
 * rule never decides, or what a changed file changes.
 */
import { distinctAddresses, parseNetworks, readNetwork } from '../../core/network.ts'
import { allEscaped } from '../../core/request-path.ts'
import { parseRequestTarget } from '../../core/request-target.ts'
import { compileWildcard } from '../../core/wildcard.ts'
import { parsePathPattern } from './path-index.ts'
import type { AccessRule } from './settings.ts'

/** A second or so. Patterns that overlap in every way tell apart exponentially many paths. */
const maxWork = 2_000_000

/** The kinds cannot be counted through in reasonable time. */
export class TooManyKinds extends Error {
  override message = 'the paths overlap in too many ways'
}

/** One method of each kind that the rules tell apart, GET first where it is one. The last is a method that no rule names. */
export function distinctMethods(rules: readonly AccessRule[]): string[] {
  const named = new Set(rules.flatMap(({ methods }) => methods ?? []))
  const usual = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH'].find((method) => !named.has(method))
  return [...new Set(['GET', ...named, usual ?? firstFree('X', (method) => !named.has(method))])]
}

/** One address of each kind that the lists of networks tell apart; nothing stands for an address that is not known. */
export function distinctClients(lists: readonly (readonly string[])[]): (string | undefined)[] {
  const networks = lists.flatMap((list) => list.map(readNetwork)).filter((network) => network !== undefined)
  const checks = lists.map(parseNetworks)
  const kinds = new Map<string, string | undefined>()
  for (const address of [undefined, ...distinctAddresses(networks)]) {
    const kind = checks.map((covers) => covers(address)).join()
    if (!kinds.has(kind)) kinds.set(kind, address)
  }
  return [...kinds.values()]
}

interface Node {
  readonly edges: Map<string, Node>
  readonly id: number
  /** Numbers of the patterns that match a path that ends here, and those that match anything from here on. */
  readonly closed: number[]
  readonly open: number[]
}

/**
 * One path of each kind that the patterns tell apart, shorter ones first. Captures of one path hold different texts. Throws
 * `TooManyKinds`, maybe after some.
 */
export function* distinctPaths(patterns: Iterable<string>): Generator<string> {
  let nodes = 0
  const create = (): Node => ({ edges: new Map(), id: nodes++, closed: [], open: [] })
  const root = create()
  for (const [number, pattern] of [...new Set(patterns)].entries()) {
    const { parts, open } = parsePathPattern(pattern)
    const node = parts.reduce((at, part) => {
      const glob = part.startsWith('{') ? '*' : part
      const next = at.edges.get(glob) ?? create()
      at.edges.set(glob, next)
      return next
    }, root)
    ;(open ? node.open : node.closed).push(number)
  }

  let done = 0
  const work = (amount: number) => {
    done += amount
    if (done > maxWork) throw new TooManyKinds()
  }
  /** Where a path may be in the patterns, and which of them match whatever follows. */
  interface State {
    alive: readonly Node[]
    matched: ReadonlySet<number>
    path: readonly string[]
  }
  const seen = new Set<string>()
  const queue: State[] = []
  const enter = (alive: readonly Node[], before: ReadonlySet<number>, path: readonly string[]) => {
    const matched = new Set([...before, ...alive.flatMap(({ open }) => open)])
    const key = [alive.map(({ id }) => id), [...matched]].map((ids) => ids.toSorted((a, b) => a - b).join()).join('|')
    if (seen.has(key)) return
    seen.add(key)
    queue.push({ alive, matched, path })
  }
  enter([root], new Set(), [])
  for (const { alive, matched, path } of queue) {
    yield `/${path.map(encodeURIComponent).join('/')}`
    const edges = Map.groupBy(
      alive.flatMap((node) => Array.from(node.edges)),
      ([glob]) => glob,
    )
    for (const { text, fits } of distinctSegments([...edges.keys()], path, work)) {
      work(1)
      const next = fits.flatMap((glob) => edges.get(glob)!.map(([, node]) => node))
      enter(next, matched, [...path, text])
    }
  }
}

interface Segment {
  text: string
  /** The globs that match it. */
  fits: readonly string[]
}

/** One segment of each kind that the globs tell apart. `used`: texts that are better not used once more. */
function* distinctSegments(
  globs: readonly string[],
  used: readonly string[],
  work: (amount: number) => void,
): Generator<Segment> {
  const literals = new Set(globs.filter((glob) => !glob.includes('*')))
  const wild = globs.filter((glob) => glob.includes('*')).map((glob) => ({ glob, matches: compileWildcard(glob) }))
  const fitting = (text: string) => wild.filter(({ matches }) => matches(text)).map(({ glob }) => glob)
  for (const literal of literals) {
    if (isSegment(literal)) yield { text: literal, fits: [literal, ...fitting(literal)] }
  }

  // What is no literal: every way in which the globs can overlap, found by reading one character after the other.
  const named = [...new Set(wild.flatMap(({ glob }) => [...glob.replaceAll('*', '')]))].filter(isCharacter)
  const known = new Set(named)
  // A literal with any further character cannot be met by one of these characters alone.
  const near = [...literals].filter((literal) => [...literal].every((character) => known.has(character)))
  const machines = [...wild.map(({ glob }) => glob), ...near].map((glob) => Array.from(glob))
  const closure = (machine: readonly string[], positions: Iterable<number>) => {
    const all = new Set<number>()
    for (let position of positions) {
      all.add(position)
      while (machine[position] === '*') all.add(++position)
    }
    return [...all].toSorted((a, b) => a - b)
  }
  interface State {
    at: readonly (readonly number[])[]
    /** Whether it holds more than dots and spaces, of which no segment consists. */
    solid: boolean
    text: readonly (string | undefined)[]
  }
  const found = new Set<string>()
  const seen = new Set<string>()
  const queue: State[] = []
  const enter = (state: State) => {
    const key = `${state.solid} ${state.at.map((positions) => positions.join()).join(' ')}`
    if (seen.has(key)) return
    seen.add(key)
    queue.push(state)
  }
  enter({ at: machines.map((machine) => closure(machine, [0])), solid: false, text: [] })
  for (const { at, solid, text } of queue) {
    const accepts = machines.map((machine, number) => at[number]!.includes(machine.length))
    const isLiteral = accepts.slice(wild.length).includes(true)
    const key = accepts.join()
    if (solid && !isLiteral && !found.has(key)) {
      found.add(key)
      yield {
        text: spell(text, known, literals, used),
        fits: wild.filter((_, number) => accepts[number]).map(({ glob }) => glob),
      }
    }
    // `undefined` stands for any character that no glob names.
    for (const character of [undefined, ...named]) {
      work(machines.length + 1)
      const next = machines.map((machine, number) =>
        closure(
          machine,
          at[number]!.flatMap((position) =>
            machine[position] === '*'
              ? [position]
              : character !== undefined && machine[position] === character
                ? [position + 1]
                : [],
          ),
        ),
      )
      enter({ at: next, solid: solid || (character !== '.' && character !== ' '), text: [...text, character] })
    }
  }
}

const words = ['any', 'other', 'some', 'more', 'else', 'this', 'that', 'x', 'y', 'z', '0', '1', '2']

/** Writes a segment, with a word that is neither named by a glob nor makes it a literal for what may be anything. */
function spell(
  text: readonly (string | undefined)[],
  known: ReadonlySet<string>,
  literals: ReadonlySet<string>,
  used: readonly string[],
): string {
  const write = (word: string) => text.map((character) => character ?? word).join('')
  const usable = words.filter((word) => [...word].every((character) => !known.has(character)))
  const fits = (word: string) => !literals.has(write(word)) && !used.includes(write(word))
  const word = usable.find(fits)
  if (word !== undefined || !text.includes(undefined)) return write(word ?? '')
  // A letter that no glob names, as often as it takes.
  const letter = firstFreeLetter(known)
  return write(firstFree(letter, fits))
}

function firstFreeLetter(known: ReadonlySet<string>): string {
  for (let code = 0x61; ; code++) {
    const letter = String.fromCodePoint(code)
    if (!known.has(letter) && isCharacter(letter)) return letter
  }
}

/** The text, repeated until it is free. */
function firstFree(text: string, isFree: (candidate: string) => boolean): string {
  let candidate = text
  while (!isFree(candidate)) candidate += text
  return candidate
}

/** Whether a request can hold this segment, as the parser that reads requests sees it. */
function isSegment(text: string): boolean {
  if (!text.isWellFormed()) return false
  const target = { method: 'GET', scheme: 'https', host: 'example.com', target: `/${encodeURIComponent(text)}` }
  return typeof parseRequestTarget(target, allEscaped) === 'object'
}

const isCharacter = (character: string) => isSegment(`a${character}a`)
