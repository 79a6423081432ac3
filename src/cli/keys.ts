import { flag, positionals, print, readArguments, runVerb, text, UsageError } from './command.ts'
import { withOperator } from './operator.ts'

/** `keys list|rotate [--compromised [--kid K]]|rewrap`. */
export async function keys(args: readonly string[]): Promise<void> {
  await runVerb('keys', { list, rotate, rewrap }, args)
}

async function list(args: readonly string[]): Promise<void> {
  const { values, positionals: given } = readArguments(args, {})
  positionals(given, [])
  print(await withOperator((operator) => operator('GET', '/keys')), values.json)
}

/** Publishes successors that sign in ten minutes; with `--compromised` the old keys end at once and new ones sign. */
async function rotate(args: readonly string[]): Promise<void> {
  const { values, positionals: given } = readArguments(args, { compromised: flag, kid: text })
  positionals(given, [])
  if (values.kid !== undefined && !values.compromised) throw new UsageError('--kid goes with --compromised alone')
  const body = { compromised: values.compromised, ...(values.kid !== undefined && { kid: values.kid }) }
  print(await withOperator((operator) => operator('POST', '/keys/rotate', body)), values.json)
}

/** Seals the private keys with the current secret. */
async function rewrap(args: readonly string[]): Promise<void> {
  const { values, positionals: given } = readArguments(args, {})
  positionals(given, [])
  print(await withOperator((operator) => operator('POST', '/keys/rewrap')), values.json)
}
