import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { spellControls } from '../core/plain-text.ts'
import { tell } from './terminal.ts'

/** Something wrong with how a command was called: exit code 2. */
export class UsageError extends Error {}
/** A command that could not do its work: exit code 1. */
export class CommandError extends Error {}

/** How the command line is called: from the sources by npm, once it is built by its own name. */
export const program = import.meta.url.endsWith('.ts') ? 'npm run --silent gatehouse --' : 'gatehouse'

/** The version in package.json, which stands one level above both `src` and `dist`. */
export function readVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

interface Option {
  type: 'string' | 'boolean'
  multiple?: boolean
  required?: boolean
  /** What stands for the value in the usage line. */
  value?: string
  /** What the option is for, for people who ask for help. */
  about: string
}
type Options = Record<string, Option>

/** An option with a value, such as `--name NAME`. */
export const text = (value: string, about: string) => ({ type: 'string', value, about }) as const
/** An option with a value without which the command cannot be called. */
export const required = (value: string, about: string) => ({ type: 'string', value, about, required: true }) as const
/** An option with a value that may be given any number of times. */
export const texts = (value: string, about: string) => ({ type: 'string', value, about, multiple: true }) as const
/** An option that is given or not. */
export const flag = (about: string) => ({ type: 'boolean', about }) as const

const common = {
  json: flag('print JSON, for machines'),
  help: { ...flag('print this help'), short: 'h' },
  version: flag('print the version of Gatehouse'),
}

type Value<O extends Option> = O['type'] extends 'boolean'
  ? boolean
  : O extends { multiple: true }
    ? string[]
    : O extends { required: true }
      ? string
      : string | undefined
type Values<O extends Options> = { [Name in keyof O]: Value<O[Name]> } & { json: boolean }

export interface Command {
  /** What it does, for whoever looks for a verb. */
  summary: string
  /** Does it. `name` is how it was called, such as `user create`. Throws a `UsageError` that names what is wrong with the arguments, never a value of them. */
  run(name: string, args: readonly string[]): Promise<void>
}

/** A command from what it takes and what it does; from that follow its checks, its usage line and its help. */
export function command<const O extends Options = {}, const A extends readonly string[] = []>(definition: {
  summary: string
  /** Names of the positional arguments, all of which must be given. */
  arguments?: A
  options?: O
  /** A call that works, without the program's name. */
  example: string
  run(values: Values<O>, ...positionals: { [Index in keyof A]: string }): Promise<void>
}): Command {
  const { summary, arguments: names = [] as unknown as A, options = {} as O, example, run } = definition
  const usage = (name: string) => {
    const needed = Object.entries(options).map(([option, shape]) => {
      const spelling = shape.value === undefined ? `--${option}` : `--${option} ${shape.value}`
      return shape.required ? spelling : `[${spelling}]${shape.multiple ? '…' : ''}`
    })
    return `usage: ${[program, name, ...names.map((one) => `<${one}>`), ...needed].join(' ')}`
  }
  const help = (name: string) => {
    const rows = Object.entries<Option>({ ...options, ...common }).map(([option, { value, about }]) => {
      return [`${option === 'help' ? '-h, ' : ''}--${option}${value === undefined ? '' : ` ${value}`}`, about] as const
    })
    const lines = [usage(name), '', `${summary[0]!.toUpperCase()}${summary.slice(1)}.`, '', ...columns(rows)]
    return `${[...lines, '', `example: ${program} ${example}`].join('\n')}\n`
  }
  return {
    summary,
    async run(name, args) {
      if (asksFor(args, '--help', '-h')) return tell(help(name))
      if (asksFor(args, '--version')) return tell(`${readVersion()}\n`)
      const { values, positionals } = read(name, args, options)
      if (positionals.length !== names.length) {
        const expected = names.length === 0 ? 'no argument' : names.map((one) => `<${one}>`).join(' ')
        throw new UsageError(`${name}: expected ${expected}\n${usage(name)}`)
      }
      const missing = Object.keys(options).filter((option) => options[option]!.required && !(option in values))
      if (missing.length > 0) {
        const list = missing.map((option) => `--${option}`).join(' and ')
        throw new UsageError(`${name}: ${list} ${missing.length === 1 ? 'is' : 'are'} required\n${usage(name)}`)
      }
      const defaults = Object.entries<Option>({ ...options, json: common.json })
        .filter(([, { type, multiple }]) => type === 'boolean' || multiple)
        .map(([option, { type }]) => [option, type === 'boolean' ? false : []] as const)
      const given = { ...Object.fromEntries(defaults), ...values } as Values<O>
      await run(given, ...(positionals as { [Index in keyof A]: string }))
    },
  }
}

/** A command of several verbs, such as `user create`. */
export function group(verbs: Record<string, Command>): Pick<Command, 'run'> {
  const help = (name: string) => {
    const rows = Object.entries(verbs).map(([verb, one]) => [verb, one.summary] as const)
    const more = `${program} ${name} <verb> --help says what a verb takes.`
    return `${[`usage: ${program} ${name} <verb> …`, '', ...columns(rows), '', more].join('\n')}\n`
  }
  return {
    async run(name, [verb, ...rest]) {
      const one = verb !== undefined && Object.hasOwn(verbs, verb) ? verbs[verb] : undefined
      if (one !== undefined) return one.run(`${name} ${verb}`, rest)
      if (verb !== undefined && asksFor([verb], '--help', '-h')) return tell(help(name))
      if (verb === '--version') return tell(`${readVersion()}\n`)
      throw new UsageError(`${name}: expected one of ${Object.keys(verbs).join(', ')}`)
    },
  }
}

function asksFor(args: readonly string[], ...spellings: string[]): boolean {
  const end = args.indexOf('--')
  return args.slice(0, end === -1 ? args.length : end).some((arg) => spellings.includes(arg))
}

function read(name: string, args: readonly string[], options: Options) {
  const known = Object.entries<Option>({ ...options, json: common.json })
  const given = parse(name, args, known)
  // Of two values the first would be passed over in silence, and an operator believe that both keys have ended.
  const once = known.filter(([, { type, multiple = false }]) => type === 'string' && !multiple)
  for (const [option] of once) {
    const times = given.tokens.filter((token) => token.kind === 'option' && token.name === option).length
    if (times > 1) throw new UsageError(`${name}: --${option} may be given only once`)
  }
  return given
}

function parse(name: string, args: readonly string[], known: readonly (readonly [string, Option])[]) {
  try {
    return parseArgs({
      args: [...args],
      options: Object.fromEntries(known.map(([option, { type, multiple = false }]) => [option, { type, multiple }])),
      allowPositionals: true,
      strict: true,
      tokens: true,
    })
  } catch (error) {
    // The first sentence alone: what follows is advice about positional arguments, which no option of ours needs.
    throw new UsageError(`${name}: ${(error as Error).message.split('. ')[0]}`)
  }
}

function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`)
}

/** Prints a result: as JSON for machines, otherwise as a table for people. */
export function print(result: unknown, json: boolean): void {
  tell(json ? `${JSON.stringify(result, null, 2)}\n` : renderTable(result))
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
  if (Array.isArray(value)) return spellControls(value.join(' ')) || '-'
  if (value === null || value === undefined) return '-'
  return spellControls(typeof value === 'string' ? value : JSON.stringify(value))
}
