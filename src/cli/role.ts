import { positionals, print, readArguments, UsageError } from './command.ts'
import { withOperator } from './operator.ts'

/** `role create|list|delete`. Creating a role that exists replaces its permissions. */
export async function role(args: readonly string[]): Promise<void> {
  const [verb, ...rest] = args
  const { values, positionals: given } = readArguments(rest, { permission: { type: 'string', multiple: true } })
  if (verb === 'list') {
    positionals(given, [])
    print(await withOperator((operator) => operator('GET', '/roles')), values.json)
    return
  }
  if (verb !== 'create' && verb !== 'delete') throw new UsageError('role: expected one of create, list, delete')
  const [name] = positionals(given, ['name'])
  const path = `/roles/${encodeURIComponent(name)}`
  const answer = await withOperator((operator) =>
    verb === 'create' ? operator('PUT', path, { permissions: values.permission ?? [] }) : operator('DELETE', path),
  )
  print(answer, values.json)
}
