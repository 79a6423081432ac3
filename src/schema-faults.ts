import type { TSchema } from './json-schema.ts'
import type { Keys } from './settings.ts'

/**
 * A schema as far as settings need one. `title`, where there is one, says what a value is made of, and completes "expected …";
 * `description` says in sentences what the setting does, for docs/configuration.md.
 */
export interface Shape {
  title?: string
  description?: string
  default?: unknown
  type?: string
  enum?: readonly string[]
  const?: unknown
  anyOf?: readonly Shape[]
  items?: Shape
  properties?: Record<string, Shape>
  patternProperties?: Record<string, Shape>
  required?: readonly string[]
  additionalProperties?: false
  minimum?: number
  maximum?: number
}

interface SchemaFault {
  keys: Keys
  reason: string
}

type Table = Record<string, unknown>

const isTable = (value: unknown): value is Table => typeof value === 'object' && value !== null && !Array.isArray(value)

const types: Record<string, (value: unknown) => boolean> = {
  array: Array.isArray,
  boolean: (value) => typeof value === 'boolean',
  integer: Number.isInteger,
  object: isTable,
  string: (value) => typeof value === 'string',
}

/** What a keyword asks of a value: nothing, where it is of another type than the keyword is about. */
const demands: Record<string, (value: unknown, limit: never) => boolean> = {
  type: (value, type: string) => types[type]!(value),
  enum: (value, words: readonly unknown[]) => words.includes(value),
  const: (value, word: unknown) => value === word,
  minimum: (value, least: number) => typeof value !== 'number' || value >= least,
  maximum: (value, most: number) => typeof value !== 'number' || value <= most,
  minLength: (value, least: number) => typeof value !== 'string' || [...value].length >= least,
  maxLength: (value, most: number) => typeof value !== 'string' || [...value].length <= most,
  pattern: (value, pattern: string) => typeof value !== 'string' || new RegExp(pattern, 'u').test(value),
  minItems: (value, least: number) => !Array.isArray(value) || value.length >= least,
  uniqueItems: (value) => !Array.isArray(value) || new Set(value).size === value.length,
  minProperties: (value, least: number) => !isTable(value) || Object.keys(value).length >= least,
}

/** What asks nothing of the value as a whole, or is followed into its parts. */
const others = new Set([
  ...['title', 'description', 'default', 'anyOf', 'items'],
  ...['properties', 'patternProperties', 'required', 'additionalProperties'],
])

/** The content with a copy of the default of each part that is missing. */
export function withDefaults(schema: TSchema, content: unknown): unknown {
  const { default: fallback, properties = {}, items }: Shape = schema
  const value = content === undefined ? structuredClone(fallback) : content
  if (Array.isArray(value) && items !== undefined) return value.map((item) => withDefaults(items, item))
  if (!isTable(value)) return value
  const filled = Object.entries(properties)
    .map(([name, shape]) => [name, withDefaults(shape, Object.hasOwn(value, name) ? value[name] : undefined)] as const)
    .filter(([, part]) => part !== undefined)
  return { ...value, ...Object.fromEntries(filled) }
}

/**
 * Says what does not fit, all of it: the keys that lead there, and what is expected there, with a guess for a misspelt key. No
 * value is repeated, since it may be a secret. Throws at a schema that asks for something that is not known here, so that
 * nothing is passed over.
 */
export function faultsOf(schema: TSchema, content: unknown): SchemaFault[] {
  return misfits(schema, content, [])
}

function misfits(shape: Shape, value: unknown, keys: Keys): SchemaFault[] {
  const expected = () => ({ keys, reason: `expected ${formOf(shape)}` })
  const fits = Object.entries(shape).every(([keyword, limit]) => {
    const demand = demands[keyword]
    if (demand === undefined && !others.has(keyword)) throw new Error(`no settings can be held to ${keyword}`)
    return demand === undefined || demand(value, limit as never)
  })
  const within = misfitsWithin(shape, value, keys)
  if (!fits) return [expected(), ...within]
  const { anyOf = [] } = shape
  const branches = anyOf.map((branch) => misfits(branch, value, keys))
  if (anyOf.length === 0 || branches.some((faults) => faults.length === 0)) return within
  // Where a table stands in place of one of several forms, the only form that is a table is meant.
  const tables = branches.filter((_, number) => anyOf[number]!.type === 'object')
  return isTable(value) && tables.length === 1 ? tables[0]! : [expected()]
}

function misfitsWithin(shape: Shape, value: unknown, keys: Keys): SchemaFault[] {
  const { items, properties = {}, patternProperties = {}, required = [], additionalProperties } = shape
  if (Array.isArray(value)) return value.flatMap((item, place) => (items ? misfits(items, item, [...keys, place]) : []))
  if (!isTable(value)) return []
  const missing = required
    .filter((name) => !Object.hasOwn(value, name))
    .map((name) => ({ keys: [...keys, name], reason: `it is missing; expected ${formOf(properties[name]!)}` }))
  const parts = Object.entries(value).flatMap(([name, part]) => {
    const shapes = Object.entries(patternProperties).flatMap(([pattern, shape]) =>
      new RegExp(pattern, 'u').test(name) ? [shape] : [],
    )
    if (Object.hasOwn(properties, name)) shapes.push(properties[name]!)
    if (shapes.length > 0) return shapes.flatMap((shape) => misfits(shape, part, [...keys, name]))
    if (additionalProperties !== false) return []
    return [{ keys: [...keys, name], reason: unknownSetting(name, Object.keys(properties)) }]
  })
  return [...missing, ...parts]
}

/** The sentence about a setting that does not exist. */
export function unknownSetting(name: string, known: readonly string[]): string {
  const guess = closest(name, known)
  return `there is no such setting${guess === undefined ? '' : `; did you mean ${guess}?`}`
}

/** What a value is made of, in words. */
export function formOf(shape: Shape): string {
  const { title, type, enum: values, anyOf, items, properties, minimum, maximum } = shape
  if (title !== undefined) return title
  if (values !== undefined) return oneOf(values)
  if ('const' in shape) return String(shape.const)
  if (anyOf !== undefined) return oneOf(anyOf.map(formOf))
  if (type === 'boolean') return 'true or false'
  if (type === 'array') return `a list: [${items === undefined ? '' : formOf(items)}, …]`
  if (type === 'object')
    return properties === undefined ? 'a table' : `a table of ${Object.keys(properties).join(', ')}`
  if (type === 'integer') {
    if (minimum !== undefined && maximum !== undefined) return `a whole number from ${minimum} to ${maximum}`
    return minimum === undefined ? 'a whole number' : `a whole number of at least ${minimum}`
  }
  return type === 'string' ? 'a text' : 'another form'
}

function oneOf(choices: readonly string[]): string {
  return choices.length < 2 ? choices.join() : `${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`
}

/** The known word that a misspelt one was most likely meant to be. */
function closest(word: string, known: readonly string[]): string | undefined {
  const distances = known.map(
    (candidate) => [distance(word.toLowerCase(), candidate.toLowerCase()), candidate] as const,
  )
  const [best] = distances.toSorted(([a], [b]) => a - b)
  return best !== undefined && best[0] <= Math.max(1, Math.floor(word.length / 3)) ? best[1] : undefined
}

/** Letters to add, take away, change, or swap with their neighbour. */
function distance(one: string, other: string): number {
  const rows = [Array.from({ length: other.length + 1 }, (_, column) => column)]
  for (let i = 1; i <= one.length; i++) {
    const row = [i]
    for (let j = 1; j <= other.length; j++) {
      const same = one[i - 1] === other[j - 1]
      const swapped = i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1]
      row.push(
        Math.min(
          rows[i - 1]![j]! + 1,
          row[j - 1]! + 1,
          rows[i - 1]![j - 1]! + (same ? 0 : 1),
          swapped ? rows[i - 2]![j - 2]! + 1 : Infinity,
        ),
      )
    }
    rows.push(row)
  }
  return rows[one.length]![other.length]!
}
