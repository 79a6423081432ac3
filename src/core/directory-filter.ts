/** What an operator searches a directory by, read (RFC 4515); values are texts as they are meant, without escapes. */
export type DirectoryFilter =
  | { kind: 'and' | 'or'; filters: readonly DirectoryFilter[] }
  | { kind: 'not'; filter: DirectoryFilter }
  | { kind: 'present'; attribute: string }
  | { kind: 'equal' | 'greater' | 'less' | 'approx'; attribute: string; value: string }
  | { kind: 'substrings'; attribute: string; initial: string; any: readonly string[]; final: string }
  | { kind: 'rule'; attribute: string; rule: string; isDnIncluded: boolean; value: string }

/** A name of an attribute, or its OID, with options (RFC 4512 §2.5). */
const attributeForm = String.raw`(?:[a-z][a-z\d-]*|\d+(?:\.\d+)+)(?:;[a-z\d-]+)*`
export const attributeName = new RegExp(`^${attributeForm}$`, 'i')
const item = new RegExp(
  String.raw`^\s*(?<attribute>${attributeForm})?(?<dn>:dn)?(?::(?<rule>[a-z][a-z\d-]*|\d+(?:\.\d+)+))?\s*(?<sign>:=|=|>=|<=|~=)`,
  'i',
)
/** More than any filter needs, and little enough for a stack. */
const maxDepth = 20

class Misfit extends Error {}

/**
 * Reads a filter as RFC 4515 spells it, once, when the service starts: afterwards nothing is put together as text. Blanks may
 * stand between its parts. `fault` completes "expected …".
 */
export function readDirectoryFilter(text: string): { filter: DirectoryFilter } | { fault: string } {
  let at = 0
  const fail = (what: string): never => {
    throw new Misfit(`a filter as in (&(objectClass=person)(mail=*)), and at character ${at + 1} ${what}`)
  }
  const skip = () => {
    while (/\s/.test(text[at] ?? '')) at++
  }
  const take = (character: string) => {
    skip()
    if (text[at] !== character) fail(`a ${character}`)
    at++
  }

  function read(depth: number): DirectoryFilter {
    if (depth > maxDepth) fail('no more parentheses')
    take('(')
    skip()
    const sign = text[at]
    const filter = sign === '&' || sign === '|' ? readList(sign, depth) : sign === '!' ? readNot(depth) : readItem()
    take(')')
    return filter
  }
  function readList(sign: '&' | '|', depth: number): DirectoryFilter {
    at++
    const filters: DirectoryFilter[] = []
    for (skip(); text[at] === '('; skip()) filters.push(read(depth + 1))
    if (filters.length === 0) fail('a (')
    return { kind: sign === '&' ? 'and' : 'or', filters }
  }
  function readNot(depth: number): DirectoryFilter {
    at++
    return { kind: 'not', filter: read(depth + 1) }
  }
  function readItem(): DirectoryFilter {
    const head = item.exec(text.slice(at))
    const { attribute = '', dn, rule, sign } = head?.groups ?? fail('an attribute with its value')
    at += head![0].length
    const written = /^[^()\0]*/.exec(text.slice(at))![0]
    const parts = written.split('*').map(unescaped)
    at += written.length
    if (sign === ':=') {
      if (parts.length > 1) fail('no * in the value of a rule')
      if (attribute === '' && rule === undefined) fail('an attribute, or a rule')
      return { kind: 'rule', attribute, rule: rule ?? '', isDnIncluded: dn !== undefined, value: parts[0]! }
    }
    if (attribute === '' || dn !== undefined || rule !== undefined) fail('an attribute, or := after a rule')
    if (sign !== '=') {
      if (parts.length > 1) fail('no * after >=, <= and ~=')
      const kind = sign === '>=' ? 'greater' : sign === '<=' ? 'less' : 'approx'
      return { kind, attribute, value: parts[0]! }
    }
    if (parts.length === 1) return { kind: 'equal', attribute, value: parts[0]! }
    if (parts.every((part) => part === '')) return { kind: 'present', attribute }
    const [initial, final] = [parts[0]!, parts.at(-1)!]
    return { kind: 'substrings', attribute, initial, any: parts.slice(1, -1).filter(Boolean), final }
  }
  /** Escapes stand for bytes, which together are UTF-8. */
  function unescaped(written: string): string {
    if (/\\(?![\da-f]{2})/i.test(written)) fail(String.raw`a value in which \ is written \5c`)
    const bytes = written
      .split(/(\\[\da-f]{2})/i)
      .map((part) => (part.startsWith('\\') ? Buffer.from(part.slice(1), 'hex') : Buffer.from(part)))
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(bytes))
    } catch {
      return fail('a value of UTF-8')
    }
  }

  try {
    const filter = read(0)
    skip()
    if (at < text.length) fail('its end')
    return { filter }
  } catch (error) {
    if (error instanceof Misfit) return { fault: error.message }
    throw error
  }
}
