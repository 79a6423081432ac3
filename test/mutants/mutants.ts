/** What may be wrong in a module: each mutant is its text with one expression or statement replaced. */
import { type Node, parseSync, visitorKeys } from 'oxc-parser'

/** A span that is replaced, in UTF-16 units, and what stands there instead. */
interface Edit {
  start: number
  end: number
  text: string
}

export interface Mutant extends Edit {
  /** The line of `start`, from 1. */
  line: number
  /** The lines that the span touches, as they are and as the mutant has them, each run of white space as one space. */
  was: string
  is: string
}

/** All mutants of a module in TypeScript, by their places. */
export function mutantsOf(source: string): Mutant[] {
  const edits: Edit[] = []
  visit(parse(source), (node) => edits.push(...editsOf(node, source)))
  return edits
    .toSorted((a, b) => a.start - b.start || a.end - b.end)
    .map(({ start, end, text }) => {
      const [from, to] = [source.lastIndexOf('\n', start - 1) + 1, `${source}\n`.indexOf('\n', end)]
      const lines = (text: string) => text.replaceAll(/\s+/g, ' ').trim()
      const was = lines(source.slice(from, to))
      const is = lines(source.slice(from, start) + text + source.slice(end, to))
      // What cannot be read says nothing of the tests.
      parse(mutate(source, { start, end, text }))
      return { start, end, text, line: source.slice(0, start).split('\n').length, was, is }
    })
}

/** The text of the module as the mutant has it. */
export function mutate(source: string, { start, end, text }: Edit): string {
  return source.slice(0, start) + text + source.slice(end)
}

function parse(source: string): Node {
  const { program, errors } = parseSync('module.ts', source)
  if (errors.length > 0) throw new Error(errors.map(({ message, codeframe }) => codeframe ?? message).join('\n'))
  return program
}

/** Each comparison by its boundary, and the other way round. */
const comparisons: Readonly<Record<string, readonly string[]>> = {
  '===': ['!=='],
  '!==': ['==='],
  '<': ['<=', '>='],
  '<=': ['<', '>'],
  '>': ['>=', '<='],
  '>=': ['>', '<'],
}

function editsOf(node: Node, source: string): Edit[] {
  const textOf = ({ start, end }: Node) => source.slice(start, end)
  const replace = ({ start, end }: Node, ...texts: string[]) => texts.map((text) => ({ start, end, text }))
  const binary = (left: Node, operator: string, right: Node) => `${textOf(left)} ${operator} ${textOf(right)}`

  switch (node.type) {
    case 'BinaryExpression': {
      const others = comparisons[node.operator] ?? []
      return replace(node, ...others.map((other) => binary(node.left, other, node.right)))
    }
    case 'LogicalExpression':
      if (node.operator === '??') return replace(node, textOf(node.left))
      // In parentheses, since the two bind differently.
      return replace(node, `(${binary(node.left, node.operator === '&&' ? '||' : '&&', node.right)})`)
    case 'IfStatement':
    case 'ConditionalExpression':
      return replace(node.test, 'true', 'false')
    case 'WhileStatement':
    case 'ForStatement':
      // One that never ends would be found by nothing but the time that it takes.
      return node.test === null ? [] : replace(node.test, 'false')
    case 'UnaryExpression':
      return node.operator === '!' ? replace(node, textOf(node.argument)) : []
    case 'ExpressionStatement':
      return isCall(node.expression) ? replace(node, ';') : []
    case 'ArrowFunctionExpression':
      return node.expression && isVoid(node.body) ? replace(node.body, 'undefined') : []
    case 'Literal':
      if (typeof node.value === 'boolean') return replace(node, String(!node.value))
      if (typeof node.value === 'number') return replace(node, String(node.value + 1))
      return typeof node.value === 'string' && isData(node.value) ? replace(node, "''") : []
    case 'TemplateLiteral':
      return isData(textOf(node).slice(1, -1)) ? replace(node, '``') : []
    default:
      return []
  }
}

/** Several words are for people: which they are is not for a mutant to ask. */
function isData(text: string): boolean {
  return text !== '' && !/\w \w/.test(text)
}

function isCall(node: Node): boolean {
  if (node.type === 'AwaitExpression' || node.type === 'UnaryExpression') return isCall(node.argument)
  return node.type === 'CallExpression' || (node.type === 'ChainExpression' && isCall(node.expression))
}

function isVoid(node: Node): boolean {
  return node.type === 'UnaryExpression' && node.operator === 'void'
}

/** What only names or describes: imports, types, and keys of objects. */
function isAside(node: Node, parent: Node | undefined): boolean {
  if (node.type === 'ImportDeclaration' || node.type === 'ExportAllDeclaration') return true
  if (parent?.type === 'ExportNamedDeclaration' && node === parent.source) return true
  if (parent?.type === 'Property' && node === parent.key) return !parent.computed
  return node.type.startsWith('TS') && !('expression' in node)
}

function visit(node: Node, see: (node: Node) => void, parent?: Node): void {
  if (isAside(node, parent)) return
  see(node)
  // What a node of an expression says of its type is a node of types.
  const parts = node as unknown as Readonly<Record<string, Node | null | readonly (Node | null)[] | undefined>>
  for (const key of visitorKeys[node.type] ?? []) {
    for (const child of [parts[key] ?? []].flat()) if (child !== null) visit(child, see, node)
  }
}
