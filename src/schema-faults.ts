import type { TSchema } from 'typebox'
import { Settings } from 'typebox/system'
import { Pointer, Value } from 'typebox/value'
import type { Keys } from './settings.ts'

// Every fault is told at once; of its own accord the validator stops at eight.
Settings.Set({ maxErrors: 10_000 })

/** A schema as far as sentences about it go. `description`, where there is one, completes "expected …". */
interface Shape {
  description?: string
  type?: string
  enum?: readonly string[]
  const?: unknown
  anyOf?: readonly Shape[]
  items?: Shape
  properties?: Record<string, Shape>
  minimum?: number
  maximum?: number
}

interface SchemaFault {
  keys: Keys
  reason: string
}

/**
 * Says what does not fit: the keys that lead there, and what is expected there, with a guess for a misspelt key. No value is
 * repeated, since it may be a secret.
 */
export function faultsOf(schema: TSchema, content: unknown): SchemaFault[] {
  const errors = Value.Errors(schema, content)
  const shapeAt = (path: string) => Pointer.Get(schema, path.slice(1)) as Shape
  const keysOf = (path: string): (string | number)[] => {
    let at = content
    return Pointer.Indices(path).map((key) => {
      const isPlace = Array.isArray(at)
      at = (at as Record<string, unknown> | undefined)?.[key]
      return isPlace ? Number(key) : key
    })
  }
  // Where a table stands in place of one of several forms, the only form that is a table is meant.
  const meant: { instance: string; branch: string }[] = []
  for (const { keyword, schemaPath, instancePath } of errors) {
    if (keyword !== 'anyOf') continue
    const value = Pointer.Get(content, instancePath)
    const tables = (shapeAt(schemaPath).anyOf ?? []).flatMap(({ type }, number) => (type === 'object' ? [number] : []))
    const isTable = typeof value === 'object' && value !== null && !Array.isArray(value)
    if (isTable && tables.length === 1)
      meant.push({ instance: instancePath, branch: `${schemaPath}/anyOf/${tables[0]}` })
  }
  const isMeant = (path: string, at: string) =>
    [...path.matchAll(/\/anyOf\/\d+/g)].every(({ index, 0: number }) =>
      meant.some(
        ({ instance, branch }) => branch === path.slice(0, index) + number && `${at}/`.startsWith(`${instance}/`),
      ),
    )
  const isReplaced = (path: string, at: string) =>
    meant.some(({ instance, branch }) => instance === at && branch.startsWith(`${path}/anyOf/`))

  const faults = errors.flatMap((error): SchemaFault[] => {
    const { keyword, schemaPath, instancePath } = error
    if (!isMeant(schemaPath, instancePath)) return []
    const keys = keysOf(instancePath)
    if (keyword === 'boolean') {
      const known = Object.keys(shapeAt(schemaPath.replace(/\/additionalProperties$/, '')).properties ?? {})
      return [{ keys, reason: unknownSetting(String(keys.at(-1)), known) }]
    }
    // Told with the key that is too much.
    if (keyword === 'additionalProperties') return []
    if (keyword === 'anyOf' && isReplaced(schemaPath, instancePath)) return []
    const shape = shapeAt(schemaPath)
    if (keyword === 'required') {
      return error.params.requiredProperties.map((name) => ({
        keys: [...keys, name],
        reason: `it is missing; expected ${formOf(shape.properties![name]!)}`,
      }))
    }
    return [{ keys, reason: `expected ${formOf(shape)}` }]
  })
  // A value of the wrong type breaks several demands of its schema at once.
  return [...new Map(faults.map((fault) => [JSON.stringify(fault), fault])).values()]
}

/** The sentence about a setting that does not exist. */
export function unknownSetting(name: string, known: readonly string[]): string {
  const guess = closest(name, known)
  return `there is no such setting${guess === undefined ? '' : `; did you mean ${guess}?`}`
}

function formOf(shape: Shape): string {
  const { description, type, enum: values, anyOf, items, properties, minimum, maximum } = shape
  if (description !== undefined) return description
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
