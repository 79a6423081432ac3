import { parseArgs, type ParseArgsConfig } from 'node:util'

/** Something wrong with how a command was called: exit code 2. */
export class UsageError extends Error {}
/** A command that could not do its work: exit code 1. */
export class CommandError extends Error {}

type Options = NonNullable<ParseArgsConfig['options']>

/** Reads the arguments of a command; throws a `UsageError` that names what is wrong. Every command knows `--json`. */
export function readArguments<const T extends Options>(args: readonly string[], options: T) {
  try {
    return parseArgs({
      args: [...args],
      options: { ...options, json: { type: 'boolean', default: false } },
      allowPositionals: true,
      strict: true,
    })
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

/** A command of several verbs, such as `user create`. */
export type Verbs = Record<string, (args: readonly string[]) => Promise<void>>

/** Runs the verb that the arguments begin with. */
export async function runVerb(command: string, verbs: Verbs, [verb, ...rest]: readonly string[]): Promise<void> {
  const run = verb !== undefined && Object.hasOwn(verbs, verb) ? verbs[verb] : undefined
  if (run === undefined) throw new UsageError(`${command}: expected one of ${Object.keys(verbs).join(', ')}`)
  await run(rest)
}

/** Kinds of options. */
export const text = { type: 'string' } as const
export const texts = { type: 'string', multiple: true } as const
export const flag = { type: 'boolean', default: false } as const

/** Exactly these positional arguments, by name. */
export function positionals<const N extends readonly string[]>(given: string[], names: N): { [K in keyof N]: string } {
  if (given.length !== names.length) {
    throw new UsageError(`expected ${names.length === 0 ? 'no argument' : names.map((name) => `<${name}>`).join(' ')}`)
  }
  return given as unknown as { [K in keyof N]: string }
}

/** Prints a result: as JSON for machines, otherwise as a table for people. */
export function print(result: unknown, json: boolean): void {
  process.stdout.write(json ? `${JSON.stringify(result, null, 2)}\n` : renderTable(result))
}

function renderTable(result: unknown): string {
  if (!Array.isArray(result)) {
    const pairs = Object.entries(result as object).map(([key, value]) => [key, renderCell(value)] as const)
    const width = Math.max(0, ...pairs.map(([key]) => key.length))
    return pairs.map(([key, value]) => `${key.padEnd(width)}  ${value}\n`).join('')
  }
  const [first] = result as object[]
  if (first === undefined) return 'none\n'
  const keys = Object.keys(first)
  const rows = [keys, ...result.map((row: object) => keys.map((key) => renderCell((row as never)[key])))]
  const widths = keys.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column]!))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('')
}

function renderCell(value: unknown): string {
  if (Array.isArray(value)) return value.join(' ') || '-'
  if (value === null || value === undefined) return '-'
  return typeof value === 'string' ? value : JSON.stringify(value)
}
