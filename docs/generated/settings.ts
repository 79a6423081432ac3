import { ConfigFile } from '../../src/config-file.ts'
import type { TSchema } from '../../src/json-schema.ts'
import { formOf, type Shape } from '../../src/schema-faults.ts'
import { code, table } from './table.ts'

const whole: Shape = ConfigFile as TSchema

/** Every setting of gatehouse.yaml but those of a host, which have a table of their own. */
export function settings(): string {
  return tableOf(rowsOf(whole, ''))
}

/** Every setting of a host, by its name below the host's. */
export function hostSettings(): string {
  const [host = {}] = Object.values(whole.properties?.['hosts']?.patternProperties ?? {})
  return tableOf(rowsOf(host, ''))
}

type Row = readonly [setting: string, fallback: string, form: string, description: string]

const tableOf = (rows: Iterable<Row>) => table(['setting', 'default', 'values', 'what it does'], [...rows])

function* rowsOf({ properties = {}, required = [] }: Shape, above: string): Iterable<Row> {
  for (const [name, shape] of Object.entries(properties)) {
    const setting = above + name
    // A section is no setting itself.
    const isSection = shape.properties !== undefined && shape.default !== undefined
    if (!isSection) yield rowOf(setting, shape, required.includes(name) && shape.default === undefined)
    yield* rowsBelow(shape, setting)
  }
}

function rowOf(setting: string, shape: Shape, isRequired: boolean): Row {
  const { description = '', default: fallback } = shape
  if (!/^[^a-z].*\.$/.test(description)) throw new Error(`${setting} has no description in whole sentences`)
  const without = isRequired ? 'required' : '–'
  return [code(setting), fallback === undefined ? without : spell(setting, fallback), plain(formOf(shape)), description]
}

/** What a table, the entries of a list, or one of several forms is made of. */
function* rowsBelow(shape: Shape, setting: string): Iterable<Row> {
  const { items, anyOf = [] } = shape
  yield* rowsOf(shape, `${setting}.`)
  if (items !== undefined) yield* rowsBelow(items, `${setting}[]`)
  for (const form of anyOf) yield* rowsBelow(form, setting)
}

const day = 86_400

function spell(setting: string, value: unknown): string {
  const isDays = typeof value === 'number' && setting.endsWith('_seconds') && value % day === 0
  return code(JSON.stringify(value)) + (isDays ? ` (${value / day} days)` : '')
}

/** Words that are no Markdown. */
const plain = (words: string) => words.replaceAll(/[*_`<]/g, String.raw`\$&`)
