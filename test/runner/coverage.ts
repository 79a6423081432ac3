/** Which lines of the sources no process of a run has run, by what V8 noted in each of them. */
import { globSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** What a process writes at its end, as far as it is of use here. */
interface Noted {
  result: Script[]
}

interface Script {
  url: string
  functions: { ranges: { startOffset: number; endOffset: number; count: number }[] }[]
}

export interface Coverage {
  /** A folder for what the processes of one test note, which they find by NODE_V8_COVERAGE. */
  folder(): string
  /** Takes over what is in a folder that nobody writes to any more, and removes it. */
  collect(folder: string): void
  /** For people. */
  report(): string
}

export function createCoverage(root: string, scratch: string): Coverage {
  const sources = new Map(
    globSync('src/**/*.{ts,js}', { cwd: root })
      .toSorted()
      .map((name) => {
        const text = readFileSync(join(root, name), 'utf8')
        return [pathToFileURL(join(root, name)).href, { name, text, ran: new Uint8Array(text.length) }]
      }),
  )

  function collect(folder: string): void {
    for (const { url, functions } of notedIn(folder)) {
      const source = sources.get(url)
      if (source !== undefined) addRan(source.ran, functions)
    }
    rmSync(folder, { recursive: true })
  }

  function report(): string {
    let [all, missed] = [0, 0]
    const told = [...sources.values()].flatMap(({ name, text, ran }) => {
      const lines = codeLines(text)
      const left = lines.filter(({ places }) => places.every((at) => ran[at] === 0)).map(({ number }) => number)
      all += lines.length
      missed += left.length
      return left.length === 0 ? [] : [`${name}: ${left.length === lines.length ? 'all' : spans(left)}`]
    })
    return [`lines that no test runs, ${missed} of ${all}:`, ...told].join('\n')
  }

  return { folder: () => mkdtempSync(join(scratch, 'coverage-')), collect, report }
}

function notedIn(folder: string): Script[] {
  return readdirSync(folder).flatMap((file) => readNoted(join(folder, file)).result)
}

/** Marks each character that ran. */
function addRan(sum: Uint8Array, functions: Script['functions']): void {
  const ran = new Uint8Array(sum.length)
  // What is within comes after what it is within.
  for (const { ranges } of functions) {
    for (const { startOffset, endOffset, count } of ranges) ran.fill(Math.min(count, 1), startOffset, endOffset)
  }
  for (let at = 0; at < ran.length; at++) sum[at]! |= ran[at]!
}

/** Of a module, by what processes have noted in a folder so far: 1 for each character that ran. */
export function ranIn(folder: string, isModule: (url: string) => boolean, length: number): Uint8Array {
  const ran = new Uint8Array(length)
  for (const { url, functions } of notedIn(folder)) if (isModule(url)) addRan(ran, functions)
  return ran
}

/** A process that was killed as it wrote has noted nothing. */
function readNoted(file: string): Noted {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Noted
  } catch (error) {
    if (error instanceof SyntaxError) return { result: [] }
    throw error
  }
}

/** Lines with words that run, types and comments aside, and where those words are. */
function codeLines(text: string): { number: number; places: number[] }[] {
  // Types become spaces, so that everything else stays in its place.
  const code = stripTypeScriptTypes(text).replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, (comment) =>
    comment.replaceAll(/[^\n]/g, ' '),
  )
  let start = 0
  return code.split('\n').flatMap((line, index) => {
    const places = [...line.matchAll(/\w/g)].map(({ index }) => start + index)
    start += line.length + 1
    return places.length === 0 ? [] : [{ number: index + 1, places }]
  })
}

/** `3, 5-9` */
function spans(numbers: readonly number[]): string {
  const spans: [from: number, to: number][] = []
  for (const number of numbers) {
    const last = spans.at(-1)
    if (last !== undefined && last[1] === number - 1) last[1] = number
    else spans.push([number, number])
  }
  return spans.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(', ')
}
