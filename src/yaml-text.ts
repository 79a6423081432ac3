import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, visit } from 'yaml'
import type { Keys } from './settings.ts'

/** A place in a text, counted from 1. */
export interface Place {
  readonly line: number
  readonly column: number
}

export interface YamlText {
  readonly content: unknown
  /** Where a key stands; the nearest enclosing one when it is absent. */
  placeOf(keys: Keys): Place
}

/** Reads YAML 1.2, of which one document is taken. What it is not is told with its place, without repeating a value. */
export function readYaml(text: string): YamlText | { faults: { place: Place; reason: string }[] } {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true, merge: true })
  const place = (offset: number): Place => {
    const { line, col: column } = lines.linePos(offset)
    return { line, column }
  }
  // What a decoder puts in place of bytes that are no UTF-8: a rule for another path than the one that was written.
  const broken = text.indexOf('\ufffd')
  if (broken !== -1) return { faults: [{ place: place(broken), reason: 'expected a file of UTF-8 text' }] }
  if (document.errors.length > 0) {
    return {
      faults: document.errors.map(({ pos, code, message }) => ({
        place: place(pos[0]),
        reason: reasonOf(code, message),
      })),
    }
  }
  const keys = collectionKeys(document)
  if (keys.length > 0)
    return { faults: keys.map((offset) => ({ place: place(offset), reason: 'expected a plain key' })) }
  try {
    const content: unknown = document.toJS({ maxAliasCount: 100 }) ?? {}
    return { content, placeOf: (keys) => place(offsetOf(document, keys)) }
  } catch {
    // The parser's message would repeat the alias.
    const reason = 'an alias has no anchor before it, or aliases multiply'
    return { faults: [{ place: place(firstAlias(document)), reason }] }
  }
}

/** The parser's own words, and what is most often behind them. */
function reasonOf(code: string, message: string): string {
  return code === 'MISSING_CHAR' ? `${message}; in a list in brackets, a text that holds { or [ needs quotes` : message
}

/** Where a list or a table stands in place of a key. No setting has such a name. */
function collectionKeys(document: Document): number[] {
  const offsets: number[] = []
  visit(document, {
    Pair(_key, { key }) {
      if (!isScalar(key) || (typeof key.value === 'object' && key.value !== null))
        offsets.push((key as Node | null)?.range?.[0] ?? 0)
    },
  })
  return offsets
}

function firstAlias(document: Document): number {
  let offset = 0
  visit(document, {
    Alias(_key, alias) {
      offset = alias.range?.[0] ?? 0
      return visit.BREAK
    },
  })
  return offset
}

function offsetOf(document: Document, keys: Keys): number {
  let at: unknown = document.contents
  let offset = 0
  for (const key of keys) {
    if (isAlias(at)) at = at.resolve(document)
    if (isMap(at)) {
      const pair = at.items.find((item) => String(item.key) === key)
      if (!pair) break
      offset = (pair.key as Node).range?.[0] ?? offset
      at = pair.value
    } else if (isSeq(at)) {
      at = at.items[Number(key)]
      offset = (at as Node | undefined)?.range?.[0] ?? offset
    } else break
  }
  return offset
}
